import { quoted } from "#errors";
import {
  absolutePathText,
  checkedScalar,
  checkedText,
  isServerName,
  mailboxPatternText,
  moneyFinding,
  nameText,
  payrollScalar,
  productivityLostScalar,
  shareFinding,
  timeZoneText,
} from "#policy";
import { z } from "zod";
import {
  dataSources,
  disasterOptions,
  granularities,
  mailServers,
  operationalMethods,
} from "../figure-1/index.ts";
import { parseCombination } from "../model/index.ts";
import { type ParameterName, parameterNames, parameters } from "../parameters.ts";
import { assumptionExample, readAssumption } from "./assumptions.ts";
import { frequencyFinding } from "./frequency.ts";
import { equipmentNames, riskTolerances } from "./requirements.ts";
import { readSpan, spanFinding, type SpanOptions } from "./spans.ts";
import { outageNames, type Scalar, type WrittenRequirements } from "./written-requirements.ts";

/**
 * The requirements file as it is written. One description serves validation and the JSON Schema for
 * editors. Checks of single values stand here; checks across values in check-requirements.ts.
 */

type ScalarType = z.ZodType<Scalar>;

function assumption(name: ParameterName): ScalarType {
  return checkedScalar((value) => {
    const read = readAssumption(name, value);
    return "finding" in read ? read.finding : undefined;
  });
}

function span(options: SpanOptions): ScalarType {
  return checkedScalar((value) => spanFinding(value, options));
}

const moneyPerYear: ScalarType = checkedScalar((value) =>
  moneyFinding(value, { per: [["year"], ["month"]], example: "5000 EUR per year" }),
);

const currency = checkedText((text) =>
  /^[A-Z]{3}$/.test(text)
    ? undefined
    : {
        code: "planner.currency",
        message: `${quoted(text)} is not a currency`,
        suggestion: /^[a-z]{3}$/i.test(text) ? text.toUpperCase() : undefined,
        hint: "Write its three letters: EUR.",
      },
).meta({ pattern: "^[A-Z]{3}$" });

const serverName = checkedText((text) =>
  isServerName(text)
    ? undefined
    : {
        code: "config.name",
        message: `${quoted(text)} cannot be a server's name`,
        hint: "A name has letters, digits, dots, underscores and hyphens, 63 at most.",
      },
);

const inPlace = checkedText((text) =>
  text.length <= 200 && parseCombination(text) !== undefined
    ? undefined
    : {
        code: "planner.no-combination",
        message: `${quoted(text)} is no way through Figure 1`,
        hint: "Write it as reports show it: live-object/disk-deduplicated-24h-30d/none.",
      },
);

const promise = checkedText((text) =>
  text.length <= 300 && /\S/.test(text) && !/\p{C}/u.test(text)
    ? undefined
    : {
        code: "config.name",
        message: `${quoted(text)} cannot be a promise`,
        hint: "Write one sentence of at most 300 characters on one line.",
      },
);

/** Hours in which the server may be stopped: "2 hours", "2 hours a day", "never". */
export function readMayStop(value: Scalar): number {
  return readSpan(withoutDay(value));
}

function withoutDay(value: Scalar): Scalar {
  return typeof value === "string"
    ? value.replace(/\s*(?:\b(?:a|per|each|every)\s+day|\/\s*day)\s*$/i, "")
    : value;
}

const mayStop = checkedScalar((value) =>
  spanFinding(withoutDay(value), {
    mayBeNothing: true,
    mostMs: 24 * 3_600_000,
    example: "2 hours",
  }),
);

const server = z.strictObject({
  name: serverName.optional().describe("What it is called. Default: mail."),
  kind: z.enum(keysOf(mailServers)).describe("Which mail server it is."),
  path: absolutePathText.optional().describe("The mail store's folder. Default: /var/mail."),
  mail: assumption("mail").describe("How much mail it holds: 60 GB."),
  mailboxes: assumption("mailboxes").optional().describe("How many mailboxes it has."),
  new_per_day: assumption("logs_per_day")
    .optional()
    .describe("How much is new or rewritten in a day: 300 MB."),
  hosts: assumption("hosts")
    .optional()
    .describe("Mail servers that share the mail evenly and are recovered side by side."),
  may_stop: mayStop
    .optional()
    .describe("For how long it may be stopped in a day: 2 hours. Default: never."),
  bears_load: z
    .boolean()
    .optional()
    .describe("Whether it can bear work on its own disks while it serves. Default: true."),
  logs_apart: z
    .boolean()
    .optional()
    .describe("Whether database and logs lie on separate volumes. Default: false."),
});

const assumptions = z.strictObject(
  Object.fromEntries(
    parameterNames.map((name) => [
      name,
      assumption(name)
        .optional()
        .describe(`${parameters[name].about}: ${assumptionExample(name)}`),
    ]),
  ) as Record<ParameterName, z.ZodOptional<ScalarType>>,
);

const equipment = z.array(z.enum(equipmentNames)).max(100);

const site = z.strictObject({
  has: equipment.optional().describe("What is there already and costs nothing more."),
  may_buy: equipment.optional().describe("What may be bought. Default: anything; []: nothing."),
  copy_path: absolutePathText
    .optional()
    .describe("The folder where copies are to lie. Default: /srv/recovery."),
  assumptions: assumptions
    .optional()
    .describe("Numbers of this site, in place of what is assumed of any."),
});

const choice = z.strictObject({
  sources: z
    .array(z.enum(keysOf(dataSources)))
    .min(1)
    .max(100)
    .optional(),
  operational: z
    .array(z.enum(keysOf(operationalMethods)))
    .min(1)
    .max(100)
    .optional(),
  disaster: z
    .array(z.enum(keysOf(disasterOptions)))
    .min(1)
    .max(100)
    .optional(),
});

const objectives = z.strictObject({
  lose_at_most: span({ mayBeNothing: true, example: "15 minutes" }).describe(
    "Recovery point objective: 15 minutes, or nothing.",
  ),
  back_within: span({ example: "1 hour" }).describe("Recovery time objective: 1 hour."),
  reach_back: span({ example: "14 days" }).describe(
    "How far back a moment must be recoverable: 14 days. A month has 30 days, a year 365.",
  ),
});

const operationalObjectives = objectives.describe("What must be reached after everyday losses.");
const disasterObjectives = z
  .union([z.literal("accepted"), objectives])
  .describe("What must be reached when the site is lost; or: accepted.");

const tier = z.strictObject({
  promise: promise
    .optional()
    .describe("One sentence for whoever chooses it. Default: its objectives in words."),
  risk: z.enum(riskTolerances).optional().describe("Tolerance of risk. Default: medium."),
  operational: operationalObjectives,
  disaster: disasterObjectives,
});

const line = z.strictObject({
  mailboxes: z
    .array(mailboxPatternText)
    .min(1)
    .max(10_000)
    .describe("Patterns of addresses; the first line that matches a mailbox takes it."),
  tier: z
    .string()
    .optional()
    .describe(
      "Name of a tier, whose objectives and risk hold where the line states none of its own.",
    ),
  mail_share: checkedScalar((value) => shareFinding(value))
    .optional()
    .describe(
      "Share of the mail that is theirs: 40%. What is left over goes evenly to the others.",
    ),
  mail: assumption("mail").optional().describe("How much of the mail is theirs: 20 GB."),
  payroll: payrollScalar
    .optional()
    .describe("What the people of this line cost in an hour: 12000 EUR per hour."),
  productivity_lost_without_mail: productivityLostScalar
    .optional()
    .describe("Share of their work that stands still without mail: 30%."),
  risk: z
    .enum(riskTolerances)
    .optional()
    .describe("Tolerance of risk. Default: the tier's; without a tier, medium."),
  granularity: z
    .enum(granularities)
    .optional()
    .describe("The finest that must come back by itself. Default: message."),
  hardware_failure: z
    .enum(["operational", "disaster"])
    .optional()
    .describe(
      "Whose objectives hold when volumes are destroyed. Default: operational; with a high risk, disaster.",
    ),
  operational: operationalObjectives.optional(),
  disaster: disasterObjectives.optional(),
  budget: moneyPerYear
    .optional()
    .describe("The most that protection may cost: 5000 EUR per year. Without it: by value."),
});

const frequency: ScalarType = checkedScalar(frequencyFinding);

export const requirementsSchema: z.ZodType<WrittenRequirements> = z
  .strictObject({
    version: z.literal(1).describe("Version of this file's format."),
    currency: currency.optional().describe("The currency of every amount. Default: EUR."),
    time_zone: timeZoneText.optional().describe("IANA time zone. Default: UTC."),
    server: server.describe("The mail server to protect."),
    site: site.optional().describe("What there is to protect it with."),
    consider: z
      .strictObject({
        only: choice.optional().describe("Nothing but these."),
        not: choice.optional().describe("Anything but these."),
      })
      .optional()
      .describe("Which boxes of Figure 1 are considered."),
    outages: z
      .strictObject(eachOf(outageNames, frequency.optional()))
      .optional()
      .describe("How often what is expected: 24 per year, 1 per 50 years, never."),
    licences: z
      .strictObject(
        eachOf(
          [...keysOf(operationalMethods), ...keysOf(disasterOptions)],
          moneyPerYear.optional(),
        ),
      )
      .optional()
      .describe("Licences of software, by option: 5000 EUR per year."),
    repurposing: z
      .record(nameText, moneyPerYear)
      .optional()
      .describe("What replicas earn when they serve other purposes too: 3000 EUR per year."),
    in_place: inPlace
      .optional()
      .describe(
        "What protects the mail now, as reports name it: live-object/disk-deduplicated-24h-30d/none.",
      ),
    tiers: z
      .record(nameText, tier)
      .optional()
      .describe(
        "Tiers of service, beside bronze, silver, gold and platinum; one of the same name takes its place.",
      ),
    lines_of_business: z
      .record(nameText, line)
      .describe("Who needs what; the first line that matches a mailbox takes it."),
  })
  .meta({ title: "Requirements for Restante's planner" });

/** JSON Schema (draft 2020-12) of the requirements file, for editors; committed as requirements.schema.json. */
export function requirementsJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(requirementsSchema, { io: "input" }) };
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[];
}

function eachOf<Key extends string, Type>(keys: readonly Key[], type: Type): Record<Key, Type> {
  return Object.fromEntries(keys.map((key) => [key, type])) as Record<Key, Type>;
}
