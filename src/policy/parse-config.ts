import { parseDuration } from "#time";
import { parseAlarmRule } from "./alarm-rule.ts";
import type {
  Config,
  CopyConfig,
  LineOfBusiness,
  SecretReference,
  ServerConfig,
  TierConfig,
} from "./config.ts";
import { type ConfigDocument, type ConfigPath, readDocument } from "./config-document.ts";
import { referenceProblems } from "./config-references.ts";
import {
  configSchema,
  type WrittenConfig,
  type WrittenCopy,
  type WrittenServer,
  type WrittenTier,
} from "./config-schema.ts";
import { PolicyError } from "./policy-error.ts";
import { formatProblem, type Problem } from "./problem.ts";
import { parseRetention } from "./retention-rule.ts";
import { placedProblem, schemaProblems, valueIn } from "./schema-problems.ts";
import { parseSecretReference } from "./secret-reference.ts";

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

const defaultStopTimeLimitMs = 60_000;
const defaultShrinkPercent = 20;

/** Reads and checks a configuration file. Never throws for what is in the text. */
export function parseConfig(text: string, options: ParseConfigOptions): ParsedConfig {
  const { fileName, limitBytes = 1024 * 1024 } = options;
  const document = readDocument(text, { fileName, limitBytes });
  const problems = [...document.problems];
  if (document.value === null || (document.value === undefined && problems.length === 0)) {
    const message = "the file is empty";
    problems.push(
      placedProblem(
        { code: "config.missing", message, hint: "Begin with: restante config generate" },
        { document, fileName, path: [] },
      ),
    );
  } else if (document.value !== undefined) {
    problems.push(...checkedProblems(document, fileName));
  }
  problems.sort((left, right) => left.line - right.line || left.column - right.column);
  if (problems.some((problem) => problem.severity === "error")) return { problems };
  const written = configSchema.parse(document.value);
  return { config: readConfig(written, document, options), problems };
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

function checkedProblems(document: ConfigDocument, fileName: string): Problem[] {
  const result = configSchema.safeParse(document.value);
  const found = result.success ? [] : schemaProblems(result.error.issues, { document, fileName });
  if (!result.success) forgetLaterKeys(document.value, result.error.issues);
  return [...found, ...referenceProblems(document, fileName)];
}

type Issues = Parameters<typeof schemaProblems>[0];

/** Keys that were only warned of must not stop the file from being read. Errors end the reading anyway. */
function forgetLaterKeys(value: unknown, issues: Issues): void {
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const holder = valueIn(value, issue.path as ConfigPath);
    if (typeof holder !== "object" || holder === null) continue;
    for (const key of issue.keys) Reflect.deleteProperty(holder, key);
  }
}

function readConfig(
  written: WrittenConfig,
  document: ConfigDocument,
  options: ParseConfigOptions,
): Config {
  return {
    version: 1,
    timeZone: written.time_zone ?? options.defaultTimeZone ?? "UTC",
    servers: entries(written.servers, document.keysOf(["servers"])).map(readServer),
    copies: entries(written.copies, document.keysOf(["copies"])).map(readCopy),
    tiers: entries(written.tiers, document.keysOf(["tiers"])).map(readTier),
    linesOfBusiness: entries(written.lines_of_business, document.keysOf(["lines_of_business"])).map(
      ([name, line]): LineOfBusiness => ({ name, mailboxes: line.mailboxes, tier: line.tier }),
    ),
    alarm: {
      shrinkPercent:
        parseAlarmRule(written.prove_it?.alarm_if ?? "")?.shrinkPercent ?? defaultShrinkPercent,
    },
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

function readServer([name, server]: [string, WrittenServer]): ServerConfig {
  return {
    name,
    type: server.type,
    path: tidyPath(server.path),
    dataSource: server.data_source ?? "live application",
    ...(server.stop === undefined ? {} : { stop: commandLine(server.stop) }),
    ...(server.start === undefined ? {} : { start: commandLine(server.start) }),
    stopTimeLimitMs:
      server.stop_time_limit === undefined
        ? defaultStopTimeLimitMs
        : parseDuration(server.stop_time_limit),
  };
}

function commandLine(command: string | readonly string[]): readonly string[] {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : command;
}

function readCopy([name, copy]: [string, WrittenCopy]): CopyConfig {
  // The schema has refused what is no reference.
  return {
    name,
    layer: copy.layer,
    path: tidyPath(copy.path),
    key: parseSecretReference(copy.key) as SecretReference,
  };
}

function readTier([name, { operational }]: [string, WrittenTier]): TierConfig {
  return {
    name,
    operational: {
      method: operational.method,
      copy: operational.copy,
      ...(operational.lose_at_most === undefined
        ? {}
        : { loseAtMostMs: parseDuration(operational.lose_at_most) }),
      ...(operational.back_within === undefined
        ? {}
        : { backWithinMs: parseDuration(operational.back_within) }),
      keep: parseRetention(operational.keep ?? []),
    },
  };
}

function tidyPath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}
