import { closestWord, quoted } from "#errors";
import type { Finding } from "#policy";
import type { Granularity } from "../figure-1/index.ts";
import type { BusinessRequirements, Tier } from "./requirements.ts";

/** What a tier does not know of the line of business that takes it. */
export type TierFacts = {
  readonly name: string;
  /** Patterns of addresses, as in the configuration. */
  readonly mailboxes: readonly string[];
  /** Share of the site's mail that is theirs. */
  readonly mailShare: number;
  /** Default: nothing is known of it, 0. */
  readonly downtimePerHour?: number;
  /** Default: single messages. */
  readonly granularity?: Granularity;
  readonly budgetPerYear?: number;
};

/** What a line of business requires by having chosen a tier. */
export function businessOfTier(tier: Tier, facts: TierFacts): BusinessRequirements {
  const { name, mailboxes, mailShare, downtimePerHour = 0, granularity = "message" } = facts;
  const { operational, disaster, risk } = tier;
  return {
    name,
    tier: tier.name,
    mailboxes,
    mailShare,
    operational,
    ...(disaster === undefined ? {} : { disaster }),
    granularity,
    risk,
    // As in a requirements file: who tolerates risk may wait longer for destroyed volumes.
    hardwareFailure: risk === "high" && disaster !== undefined ? "disaster" : "operational",
    downtimePerHour,
    ...(facts.budgetPerYear === undefined ? {} : { budgetPerYear: facts.budgetPerYear }),
  };
}

/** Upper and lower case do not matter. */
export function findTier(name: string, tiers: readonly Tier[]): Tier | undefined {
  const wanted = name.trim().toLowerCase();
  return tiers.find((tier) => tier.name.toLowerCase() === wanted);
}

/** Of a long catalogue a message names these many. */
const mostNamed = 20;

/** A tier that is named and is none, with the one that was probably meant. */
export function unknownTier(
  name: string,
  { line, tiers }: { readonly line: string; readonly tiers: readonly Pick<Tier, "name">[] },
): Finding {
  const names = tiers.map((tier) => tier.name);
  const suggestion = closestWord(name, names);
  return {
    code: "config.reference",
    message: `${quoted(name)}, the tier of ${quoted(line)}, is not a tier of the catalogue`,
    ...(suggestion === undefined ? {} : { suggestion }),
    hint: `Known: ${names.slice(0, mostNamed).join(", ")}${names.length > mostNamed ? ", …" : ""}.`,
  };
}
