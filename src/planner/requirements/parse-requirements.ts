import {
  parseMoney,
  parseShare,
  type Problem,
  readCheckedYaml,
  tidyPath,
  type YamlDocument,
  type YamlPath,
} from "#policy";
import type { DisasterOptionId, OperationalMethodId } from "../figure-1/index.ts";
import { type Measurement, withMeasurements } from "../measurement.ts";
import {
  type ParameterName,
  parameterNames,
  type Parameters,
  parameters as specs,
  todaysParameters,
} from "../parameters.ts";
import type { Quantity } from "../quantity.ts";
import { readAssumption, yearlyAmount } from "./assumptions.ts";
import {
  checkRequirements,
  defaultCopyPath,
  defaultCurrency,
  defaultStorePath,
  writtenShare,
} from "./check-requirements.ts";
import { parseFrequency } from "./frequency.ts";
import { mailShares } from "./mail-shares.ts";
import { readObjectives, readTiers } from "./read-tiers.ts";
import { readMayStop, requirementsSchema } from "./requirements-schema.ts";
import type { BusinessRequirements, Choice, Outages, Requirements, Tier } from "./requirements.ts";
import { requirementsVocabulary } from "./requirements-vocabulary.ts";
import { findTier } from "./tier.ts";
import {
  outageNames,
  type Scalar,
  serverParameterKeys,
  serverParameters,
  type WrittenChoice,
  type WrittenLine,
  writtenOutages,
  type WrittenRequirements,
} from "./written-requirements.ts";

export type ParseRequirementsOptions = {
  /** For messages, and for where a number comes from. */
  readonly fileName: string;
  /** What was measured at this site: it takes the place of what is stated or assumed. */
  readonly measurements?: readonly Measurement[];
  /** Default: 1 MiB. */
  readonly limitBytes?: number;
};

export type ParsedRequirements = {
  /** Present unless a problem is an error. */
  readonly requirements?: Requirements;
  /** All of them, in the file's order. */
  readonly problems: readonly Problem[];
};

/** What is expected where the file says nothing; to be checked like every assumption. */
const defaultOutages: Outages = {
  userErrors: 24,
  corruptions: 0.2,
  lateAttacks: 0.1,
  hardwareFailures: 0.1,
  siteLosses: 1 / 50,
};

/** Reads and checks a requirements file. Never throws for what is in the text. */
export function parseRequirements(
  text: string,
  options: ParseRequirementsOptions,
): ParsedRequirements {
  const { fileName, measurements = [], limitBytes } = options;
  const { value, document, problems } = readCheckedYaml(text, {
    fileName,
    ...(limitBytes === undefined ? {} : { limitBytes }),
    schema: requirementsSchema,
    vocabulary: requirementsVocabulary,
    emptyHint: "Begin with requirements.example.yaml.",
    check: checkRequirements,
  });
  if (value === undefined) return { problems };
  const stated = statedParameters(value, { document, fileName });
  const parameters = withMeasurements({ ...todaysParameters(), ...stated }, measurements);
  return { requirements: readRequirements(value, { document, parameters }), problems };
}

function statedParameters(
  written: WrittenRequirements,
  { document, fileName }: { readonly document: YamlDocument; readonly fileName: string },
): Partial<Parameters> {
  const stated: Partial<Record<ParameterName, Quantity>> = {};
  const state = (name: ParameterName, path: YamlPath, value: Scalar | undefined): void => {
    const read = value === undefined ? undefined : readAssumption(name, value);
    if (read === undefined || !("value" in read)) return;
    const basis = `${fileName}:${document.valueAt(path).line}`;
    stated[name] = { ...read.value, unit: specs[name].unit, origin: "stated", basis };
  };
  for (const key of serverParameterKeys)
    state(serverParameters[key], ["server", key], written.server[key]);
  for (const name of parameterNames)
    state(name, ["site", "assumptions", name], written.site?.assumptions?.[name]);
  return stated;
}

function readRequirements(
  written: WrittenRequirements,
  { document, parameters }: { readonly document: YamlDocument; readonly parameters: Parameters },
): Requirements {
  const { server, site = {} } = written;
  const tiers = readTiers(written.tiers ?? {}, document.keysOf(["tiers"]));
  return {
    currency: written.currency ?? defaultCurrency,
    timeZone: written.time_zone ?? "UTC",
    server: {
      name: server.name ?? "mail",
      kind: server.kind,
      path: tidyPath(server.path ?? defaultStorePath),
      mayStopHours: readMayStop(server.may_stop ?? 0) / 3_600_000,
      bearsLoad: server.bears_load ?? true,
      logsApart: server.logs_apart ?? false,
    },
    copyPath: tidyPath(site.copy_path ?? defaultCopyPath),
    parameters,
    has: [...new Set(site.has)],
    ...(site.may_buy === undefined ? {} : { mayBuy: [...new Set(site.may_buy)] }),
    only: readChoice(written.consider?.only),
    not: readChoice(written.consider?.not),
    tiers,
    linesOfBusiness: readLines(written, { document, tiers }),
    outages: readOutages(written),
    licences: yearlyAmounts<OperationalMethodId | DisasterOptionId>(written.licences ?? {}),
    repurposing: document.keysOf(["repurposing"]).map((name) => ({
      name,
      valuePerYear: moneyPerYear(written.repurposing?.[name] ?? ""),
    })),
    ...(written.in_place === undefined ? {} : { inPlace: written.in_place }),
  };
}

function readChoice(written: WrittenChoice | undefined): Choice {
  const { sources, operational, disaster } = written ?? {};
  return {
    ...(sources === undefined ? {} : { sources }),
    ...(operational === undefined ? {} : { operational }),
    ...(disaster === undefined ? {} : { disaster }),
  };
}

function readLines(
  written: WrittenRequirements,
  { document, tiers }: { readonly document: YamlDocument; readonly tiers: readonly Tier[] },
): readonly BusinessRequirements[] {
  const names = document.keysOf(["lines_of_business"]);
  const { shares } = mailShares(
    names.map((name) => ({ name, share: writtenShare(document, name) })),
  );
  return names.flatMap((name) => {
    const line = written.lines_of_business[name];
    if (line === undefined) return [];
    return readLine(line, { name, mailShare: shares.get(name) ?? 0, tiers });
  });
}

type LineFacts = {
  readonly name: string;
  readonly mailShare: number;
  readonly tiers: readonly Tier[];
};

function readLine(
  line: WrittenLine,
  { name, mailShare, tiers }: LineFacts,
): readonly BusinessRequirements[] {
  const tier = line.tier === undefined ? undefined : findTier(line.tier, tiers);
  const operational =
    line.operational === undefined ? tier?.operational : readObjectives(line.operational);
  // A line without objectives and without a tier was refused.
  if (operational === undefined) return [];
  const disaster =
    line.disaster === undefined
      ? tier?.disaster
      : line.disaster === "accepted"
        ? undefined
        : readObjectives(line.disaster);
  const risk = line.risk ?? tier?.risk ?? "medium";
  const payroll = parseMoney(String(line.payroll))?.amount ?? 0;
  const lost = parseShare(String(line.productivity_lost_without_mail)) ?? 0;
  const business: BusinessRequirements = {
    name,
    ...(tier === undefined ? {} : { tier: tier.name }),
    mailboxes: line.mailboxes,
    mailShare,
    operational,
    ...(disaster === undefined ? {} : { disaster }),
    granularity: line.granularity ?? "message",
    risk,
    // Who tolerates risk may wait longer for destroyed volumes; not where no disaster objectives hold.
    hardwareFailure:
      line.hardware_failure ??
      (risk === "high" && disaster !== undefined ? "disaster" : "operational"),
    downtimePerHour: payroll * lost,
    ...(line.budget === undefined ? {} : { budgetPerYear: moneyPerYear(line.budget) }),
  };
  return [business];
}

function readOutages({ outages = {} }: WrittenRequirements): Outages {
  const stated = outageNames.flatMap((name) => {
    const value = outages[name];
    return value === undefined ? [] : [[writtenOutages[name], parseFrequency(String(value)) ?? 0]];
  });
  return { ...defaultOutages, ...(Object.fromEntries(stated) as Partial<Outages>) };
}

function yearlyAmounts<Key extends string>(
  written: Readonly<Partial<Record<Key, Scalar | undefined>>>,
): Readonly<Partial<Record<Key, number>>> {
  const amounts = Object.entries<Scalar | undefined>(written).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, moneyPerYear(value)]],
  );
  return Object.fromEntries(amounts) as Partial<Record<Key, number>>;
}

/** Of what the schema has found to be an amount a year or a month. */
function moneyPerYear(value: Scalar): number {
  const money = parseMoney(String(value));
  return money === undefined ? 0 : yearlyAmount(money);
}
