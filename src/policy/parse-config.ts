import { type AlarmRule, parseAlarmRule } from "./alarm-rule.ts";
import { readCheckedYaml } from "./checked-yaml.ts";
import type { AlarmConfig, Config, Downtime, LineOfBusiness } from "./config.ts";
import { checkReferences } from "./config-references.ts";
import { configSchema, type WrittenConfig, type WrittenLineOfBusiness } from "./config-schema.ts";
import { configVocabulary } from "./config-vocabulary.ts";
import { parseMoney } from "./money.ts";
import { PolicyError } from "./policy-error.ts";
import { formatProblem, type Problem } from "./problem.ts";
import { readCopy } from "./read-copy.ts";
import { readServer } from "./read-server.ts";
import { readTier } from "./read-tier.ts";
import { parseShare } from "./share.ts";
import type { YamlDocument } from "./yaml-document.ts";

export type ParseConfigOptions = {
  /** For messages. */
  readonly fileName: string;
  /** Where the file names no zone. Default: UTC. */
  readonly defaultTimeZone?: string;
  /** Default: 1 MiB. */
  readonly limitBytes?: number;
};

export type ParsedConfig = {
  /** Present unless a problem is an error. */
  readonly config?: Config;
  /** All of them, in the file's order. */
  readonly problems: readonly Problem[];
};

const defaultShrinkPercent = 20;

/** Reads and checks a configuration file. Never throws for what is in the text. */
export function parseConfig(text: string, options: ParseConfigOptions): ParsedConfig {
  const { value, document, problems } = readCheckedYaml(text, {
    fileName: options.fileName,
    ...(options.limitBytes === undefined ? {} : { limitBytes: options.limitBytes }),
    schema: configSchema,
    vocabulary: configVocabulary,
    emptyHint: "Begin with: restante config generate",
    check: checkReferences,
  });
  if (value === undefined) return { problems };
  return { config: readConfig(value, document, options), problems };
}

/** The configuration, or a PolicyError `config.invalid` whose message lists what is wrong. */
export function requireConfig(parsed: ParsedConfig): Config {
  if (parsed.config !== undefined) return parsed.config;
  const errors = parsed.problems.filter((problem) => problem.severity === "error");
  const shown = errors.slice(0, 20).map(formatProblem);
  const more = errors.length > shown.length ? [`… and ${errors.length - shown.length} more`] : [];
  throw new PolicyError("config.invalid", [...shown, ...more].join("\n"), {
    hint: "Correct the configuration; restante config validate shows all problems.",
  });
}

function readConfig(
  written: WrittenConfig,
  document: YamlDocument,
  options: ParseConfigOptions,
): Config {
  return {
    version: 1,
    timeZone: written.time_zone ?? options.defaultTimeZone ?? "UTC",
    servers: entries(written.servers, document.keysOf(["servers"])).map(readServer),
    copies: entries(written.copies, document.keysOf(["copies"])).map(readCopy),
    tiers: entries(written.tiers, document.keysOf(["tiers"])).map(readTier),
    linesOfBusiness: entries(written.lines_of_business, document.keysOf(["lines_of_business"])).map(
      readLine,
    ),
    alarm: readAlarm(parseAlarmRule(written.prove_it?.alarm_if ?? "")),
  };
}

function entries<Value>(
  map: Readonly<Record<string, Value>>,
  order: readonly string[],
): [string, Value][] {
  return order.flatMap((name): [string, Value][] => {
    const value = map[name];
    return value === undefined ? [] : [[name, value]];
  });
}

function readAlarm(rule: AlarmRule | undefined): AlarmConfig {
  const { shrinkPercent = defaultShrinkPercent, of, withinMs } = rule ?? {};
  return {
    shrinkPercent,
    ...(of === undefined ? {} : { of }),
    ...(withinMs === undefined ? {} : { withinMs }),
  };
}

function readLine([name, line]: [string, WrittenLineOfBusiness]): LineOfBusiness {
  const downtime = readDowntime(line);
  return {
    name,
    mailboxes: line.mailboxes,
    tier: line.tier,
    ...(downtime === undefined ? {} : { downtime }),
  };
}

/** Both factors were checked, and that they come together. */
function readDowntime(line: WrittenLineOfBusiness): Downtime | undefined {
  const payroll = parseMoney(String(line.payroll));
  const productivityLostShare = parseShare(String(line.productivity_lost_without_mail));
  if (payroll === undefined || productivityLostShare === undefined) return undefined;
  return { payrollPerHour: payroll.amount, currency: payroll.currency, productivityLostShare };
}
