import { quoted } from "#errors";
import { z } from "zod";
import { parseAlarmRule } from "./alarm-rule.ts";
import {
  absolutePathText,
  checkedText,
  durationText,
  mailboxPatternText,
  nameText,
  payrollScalar,
  productivityLostScalar,
  serverNameText,
  timeZoneText,
} from "./checked-values.ts";
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
import { PolicyError } from "./policy-error.ts";
import { parseRetentionRule } from "./retention-rule.ts";
import { parseSecretReference } from "./secret-reference.ts";

/**
 * The configuration file as it is written. One description serves validation and the JSON Schema for
 * editors. Checks of single values stand here; checks across values in config-references.ts.
 */

const rule = checkedText((text) => {
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

const secret = checkedText((text) => {
  const reference = parseSecretReference(text);
  return "code" in reference ? reference : undefined;
}).meta({ pattern: "^(credential:|env:|file:/)" });

const alarmRule = checkedText((text) => {
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
  path: absolutePathText.describe("The mail store's folder."),
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
  stop_time_limit: durationText
    .optional()
    .describe("How long stopping and starting may take. Default: 60 seconds."),
});

const copy = z.strictObject({
  layer: z.enum(copyLayers).describe("operational: at hand, for everyday recovery."),
  path: absolutePathText.describe("The repository's folder (restic format)."),
  key: secret.describe(
    "Where the repository's password is read from: credential:NAME, env:NAME or file:/path.",
  ),
});

const operational = z.strictObject({
  method: z.enum(operationalMethods).describe("The operational recovery method."),
  copy: z.string().describe("Name of the copy that it fills."),
  lose_at_most: durationText.optional().describe("Recovery point objective: 15 minutes."),
  back_within: durationText.optional().describe("Recovery time objective: 1 hour."),
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
    time_zone: timeZoneText
      .optional()
      .describe("IANA time zone, in which moments are typed and retention counts days."),
    servers: z.record(serverNameText, server).describe("The mail servers, by name."),
    copies: z.record(nameText, copy).describe("Where copies are kept, by name."),
    tiers: z
      .record(nameText, z.strictObject({ operational }))
      .describe("Levels of protection, by name."),
    lines_of_business: z
      .record(
        nameText,
        z.strictObject({
          mailboxes: z.array(mailboxPatternText).min(1).max(10_000),
          tier: z.string().describe("Name of the tier."),
          payroll: payrollScalar
            .optional()
            .describe("What the people of this line cost in an hour: 12000 EUR per hour."),
          productivity_lost_without_mail: productivityLostScalar
            .optional()
            .describe("Share of their work that stands still without mail: 30%."),
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

export type WrittenLineOfBusiness = {
  readonly mailboxes: readonly string[];
  readonly tier: string;
  readonly payroll?: string | number | undefined;
  readonly productivity_lost_without_mail?: string | number | undefined;
};

export type WrittenConfig = {
  readonly version: 1;
  readonly time_zone?: string | undefined;
  readonly servers: Readonly<Record<string, WrittenServer>>;
  readonly copies: Readonly<Record<string, WrittenCopy>>;
  readonly tiers: Readonly<Record<string, WrittenTier>>;
  readonly lines_of_business: Readonly<Record<string, WrittenLineOfBusiness>>;
  readonly prove_it?: { readonly alarm_if?: string | undefined } | undefined;
};

/** JSON Schema (draft 2020-12) of the configuration file, for editors; committed as config.schema.json. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: "input" }) };
}
