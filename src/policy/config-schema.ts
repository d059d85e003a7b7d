import { quoted } from "#errors";
import { z } from "zod";
import { parseAlarmRule } from "./alarm-rule.ts";
import {
  checkedText,
  mailboxPatternText,
  nameText,
  payrollScalar,
  productivityLostScalar,
  serverNameText,
  timeZoneText,
} from "./checked-values.ts";
import { copySchema, type WrittenCopy } from "./copy-schema.ts";
import { serverSchema, type WrittenServer } from "./server-schema.ts";
import { tierSchema, type WrittenTier } from "./tier-schema.ts";

/**
 * The configuration file as it is written. One description serves validation and the JSON Schema for
 * editors. Checks of single values stand here and in the
 * schemas of servers, copies and tiers; checks across values in config-references.ts.
 */

const alarmRule = checkedText((text) => {
  if (parseAlarmRule(text) !== undefined) return undefined;
  return {
    code: "config.alarm",
    message: `${quoted(text)} is not an alarm I know`,
    hint: "Write it like: more than 20% disappears.",
  };
});

export const configSchema: z.ZodType<WrittenConfig> = z
  .strictObject({
    version: z.literal(1).describe("Version of this file's format."),
    time_zone: timeZoneText
      .optional()
      .describe("IANA time zone, in which moments are typed and retention counts days."),
    servers: z.record(serverNameText, serverSchema).describe("The mail servers, by name."),
    copies: z.record(nameText, copySchema).describe("Where copies are kept, by name."),
    tiers: z.record(nameText, tierSchema).describe("Levels of protection, by name."),
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
