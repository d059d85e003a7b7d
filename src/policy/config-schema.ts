import { isZone, knownZones, parseDuration, TimeError } from "#time";
import { closestWord, quoted } from "#errors";
import { z } from "zod";
import { parseAlarmRule } from "./alarm-rule.ts";
import {
  type CopyLayer,
  copyLayers,
  type DataSource,
  dataSources,
  type OperationalMethod,
  operationalMethods,
  type ServerType,
  serverTypes,
} from "./config.ts";
import type { Finding } from "./finding.ts";
import { patternProblem } from "./mailbox-pattern.ts";
import { PolicyError } from "./policy-error.ts";
import { parseRetentionRule } from "./retention-rule.ts";
import { parseSecretReference } from "./secret-reference.ts";

/**
 * The configuration file as it is written. One description serves validation and the JSON Schema for
 * editors. Checks of single values stand here; checks across values in config-references.ts.
 */

/** Text with a check of its own; the finding travels in the issue's params. */
function checked(check: (text: string) => Finding | undefined): z.ZodString {
  return z.string().superRefine((text, context) => {
    const finding = check(text);
    if (finding !== undefined)
      context.addIssue({ code: "custom", message: finding.message, params: { finding } });
  });
}

/** A server's name is part of group names and of targets: no "/", "@", "*" or ",". */
const serverName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
/** Other names may be words; restic splits tags at commas, and groups are "server/line". */
const name = z.string().regex(/^[\p{L}\p{N}](?:[\p{L}\p{N} ._&+-]{0,61}[\p{L}\p{N}._&+-])?$/u);

const duration = checked((text) => {
  try {
    if (parseDuration(text) > 0) return undefined;
    return {
      code: "config.duration",
      message: `${quoted(text)} is no time at all`,
      hint: "Write it like 10 seconds.",
    };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    return {
      code: "config.duration",
      message: `${quoted(text)} is not a duration I know`,
      suggestion: error.suggestion,
      hint: error.hint,
    };
  }
});

const absolutePath = checked((text) => {
  if (/^\/[^\p{Cc}]*$/u.test(text) && !text.split("/").includes("..")) return undefined;
  return {
    code: "config.path",
    message: `${quoted(text)} is not a path from the root on`,
    hint: "Write it like /srv/mail.",
  };
}).meta({ pattern: "^/" });

const rule = checked((text) => {
  try {
    parseRetentionRule(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return {
      code: "config.rule",
      message: error.message,
      suggestion: error.suggestion,
      hint: error.hint,
    };
  }
});

const pattern = checked((text) => {
  const problem = patternProblem(text);
  const hint = "Write it like sales@example.org or *@sales.example.org.";
  if (problem === undefined) return undefined;
  const suggestion = patternProblem(`*${text}`) === undefined ? `*${text}` : undefined;
  return { code: "config.pattern", message: `${quoted(text)} ${problem}`, suggestion, hint };
});

const timeZone = checked((text) => {
  if (isZone(text)) return undefined;
  const suggestion = closestWord(text, knownZones());
  return {
    code: "config.time-zone",
    message: `${quoted(text)} is not a time zone I know`,
    suggestion,
    hint: "Write it like Europe/Berlin.",
  };
});

const secret = checked((text) => {
  const reference = parseSecretReference(text);
  return "code" in reference ? reference : undefined;
}).meta({ pattern: "^(credential:|env:|file:/)" });

const alarmRule = checked((text) => {
  if (parseAlarmRule(text) !== undefined) return undefined;
  return {
    code: "config.alarm",
    message: `${quoted(text)} is not an alarm I know`,
    hint: "Write it like: more than 20% disappears.",
  };
});

const words = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\0]*\S[^\0]*$/);
const command = z.union([words, z.array(words).min(1).max(100)]);

const server = z.strictObject({
  type: z
    .enum(serverTypes)
    .describe("How the mail lies on disk: maildir, dovecot, or a plain folder of Maildirs."),
  path: absolutePath.describe("The mail store's folder."),
  data_source: z
    .enum(dataSources)
    .optional()
    .describe(
      "offline stops the mail server for the capture; live application (the default) does not.",
    ),
  stop: command
    .optional()
    .describe(
      "How to stop the mail server: a list of program and arguments, or a line for /bin/sh.",
    ),
  start: command.optional().describe("How to start it again."),
  stop_time_limit: duration
    .optional()
    .describe("How long stopping and starting may take. Default: 60 seconds."),
});

const copy = z.strictObject({
  layer: z.enum(copyLayers).describe("operational: at hand, for everyday recovery."),
  path: absolutePath.describe("The repository's folder (restic format)."),
  key: secret.describe(
    "Where the repository's password is read from: credential:NAME, env:NAME or file:/path.",
  ),
});

const operational = z.strictObject({
  method: z.enum(operationalMethods).describe("The operational recovery method."),
  copy: z.string().describe("Name of the copy that it fills."),
  lose_at_most: duration.optional().describe("Recovery point objective: 15 minutes."),
  back_within: duration.optional().describe("Recovery time objective: 1 hour."),
  keep: z
    .array(rule)
    .max(50)
    .optional()
    .describe(
      "Retention in plain English: one per hour for 14 days. Without it everything is kept.",
    ),
});

export const configSchema: z.ZodType<WrittenConfig> = z
  .strictObject({
    version: z.literal(1).describe("Version of this file's format."),
    time_zone: timeZone
      .optional()
      .describe("IANA time zone, in which moments are typed and retention counts days."),
    servers: z.record(serverName, server).describe("The mail servers, by name."),
    copies: z.record(name, copy).describe("Where copies are kept, by name."),
    tiers: z
      .record(name, z.strictObject({ operational }))
      .describe("Levels of protection, by name."),
    lines_of_business: z
      .record(
        name,
        z.strictObject({
          mailboxes: z.array(pattern).min(1).max(10_000),
          tier: z.string().describe("Name of the tier."),
        }),
      )
      .describe("Which mailboxes get which tier; the first line that matches wins."),
    prove_it: z
      .strictObject({
        alarm_if: alarmRule.optional().describe("When expiry stops: more than 20% disappears."),
      })
      .optional(),
  })
  .meta({ title: "Configuration of Restante" });

export type WrittenServer = {
  readonly type: ServerType;
  readonly path: string;
  readonly data_source?: DataSource | undefined;
  readonly stop?: string | readonly string[] | undefined;
  readonly start?: string | readonly string[] | undefined;
  readonly stop_time_limit?: string | undefined;
};

export type WrittenCopy = {
  readonly layer: CopyLayer;
  readonly path: string;
  readonly key: string;
};

export type WrittenTier = {
  readonly operational: {
    readonly method: OperationalMethod;
    readonly copy: string;
    readonly lose_at_most?: string | undefined;
    readonly back_within?: string | undefined;
    readonly keep?: readonly string[] | undefined;
  };
};

export type WrittenConfig = {
  readonly version: 1;
  readonly time_zone?: string | undefined;
  readonly servers: Readonly<Record<string, WrittenServer>>;
  readonly copies: Readonly<Record<string, WrittenCopy>>;
  readonly tiers: Readonly<Record<string, WrittenTier>>;
  readonly lines_of_business: Readonly<
    Record<string, { readonly mailboxes: readonly string[]; readonly tier: string }>
  >;
  readonly prove_it?: { readonly alarm_if?: string | undefined } | undefined;
};

/** JSON Schema (draft 2020-12) of the configuration file, for editors; committed as config.schema.json. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: "input" }) };
}
