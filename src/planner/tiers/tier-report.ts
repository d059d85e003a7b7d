import { evidenceGrades } from "../figure-1/index.ts";
import { describeDisaster, describeOperational } from "../model/index.ts";
import { type Interval, type Quantity } from "../quantity.ts";
import { minutesText, numberText, type Ranked } from "../ranking/index.ts";
import type { Block, Cell, DefinitionPair, Report, Section } from "../report/index.ts";
import { formatSpan, type Objectives, type Requirements } from "../requirements/index.ts";
import type { PricedTier, TierOffer } from "./price-tiers.ts";
import type { Evidence, Proof } from "./proof.ts";
import { checkTierOrder, type TieredLine } from "./tier-order.ts";

export type TierReportOptions = {
  readonly requirements: Requirements;
  /** What the site is known by. */
  readonly subtitle?: string;
  /** Lines of business with the tiers they chose: whether their order is the same in both layers. */
  readonly lines?: readonly TieredLine[];
};

/** The catalogue as a report: promise, price and proof of each tier at this site (paper §1.2). */
export function tierReport(
  tiers: readonly PricedTier[],
  { requirements, lines = [], subtitle = whatTiersAre }: TierReportOptions,
): Report {
  return {
    title: `Tiers of service for mail on ${requirements.server.name}`,
    subtitle,
    sections: [
      { heading: "The catalogue", level: 1, blocks: catalogue(tiers, requirements) },
      ...tiers.map((tier) => tierSection(tier, requirements)),
      ...(lines.length === 0 ? [] : [orderSection(lines)]),
    ],
  };
}

const whatTiersAre =
  "What a line of business may choose from: a promise, its price, and what stands behind it";

function catalogue(tiers: readonly PricedTier[], { currency }: Requirements): readonly Block[] {
  return [
    {
      kind: "table",
      columns: [
        { heading: "Tier", align: "left" },
        { heading: "Everyday loss", align: "left" },
        { heading: "Loss of the site", align: "left" },
        { heading: `${currency} a year`, align: "right" },
        { heading: "per mailbox", align: "right" },
        { heading: "per GB", align: "right" },
        { heading: "Proof", align: "left" },
      ],
      rows: tiers.map((priced) => catalogueRow(priced)),
    },
    {
      kind: "paragraph",
      text: "Times are of data recovery alone (§4.2). Prices are of protection for all mail of the site in that tier; what outages cost is not in them. A line of business pays about its share of the mail. Equipment that the site has costs nothing more.",
    },
    {
      kind: "note",
      tone: "info",
      text: "Never choose by RPO and RTO alone: “examine the whole picture” (§1.4.1).",
    },
  ];
}

function catalogueRow({ tier, offer }: PricedTier): readonly Cell[] {
  const objectives = [
    tier.name,
    objectivesText(tier.operational),
    tier.disaster === undefined ? "accepted" : objectivesText(tier.disaster),
  ];
  if (offer === undefined)
    return [...objectives, { text: "not offered", state: "bad" }, "", "", "nothing meets it"];
  return [
    ...objectives,
    moneyCell(offer.pricePerYear),
    moneyCell(offer.pricePerMailbox),
    moneyCell(offer.pricePerGigabyte),
    { text: proofText(offer.proof), origin: offer.proof.evidence, state: proofState(offer.proof) },
  ];
}

function objectivesText({ loseAtMostMs, backWithinMs, reachBackMs }: Objectives): string {
  return `lose at most ${formatSpan(loseAtMostMs)}, back within ${formatSpan(backWithinMs)}, ${formatSpan(reachBackMs)} back`;
}

export function moneyCell(quantity: Quantity): Cell {
  return { text: moneyText(quantity), origin: quantity.origin, title: quantity.basis };
}

export function moneyText({ low, high }: Interval): string {
  const [least, most] = [numberText(low), numberText(high)];
  return least === most ? most : `${least} – ${most}`;
}

const evidenceWords: Readonly<Record<Evidence, string>> = {
  measured: "times from measurements of this site",
  computed: "times computed, some of their numbers known of this site",
  paper: "times from the paper and assumptions alone",
};

function proofText({ evidence, missing, grade }: Proof): string {
  const runs = missing.length === 0 ? "run by this version" : "not run by this version whole";
  return `${evidenceWords[evidence]}; ${runs}; grade ${grade}`;
}

function proofState({ evidence, missing }: Proof): "good" | "warn" {
  return evidence === "measured" && missing.length === 0 ? "good" : "warn";
}

export function tierSection(priced: PricedTier, { currency }: Requirements): Section {
  const { tier, offer, runsHere } = priced;
  const blocks: Block[] = [{ kind: "paragraph", text: tier.promise }];
  if (offer === undefined) blocks.push(...unmet(priced));
  else blocks.push({ kind: "definitions", pairs: offerPairs(offer, currency) });
  if (offer !== undefined && offer.proof.missing.length > 0)
    blocks.push({ kind: "note", tone: "warn", text: notRun(runsHere, currency) });
  return { heading: tier.name, level: 2, blocks };
}

function unmet({ waysOut }: PricedTier): readonly Block[] {
  const ways = waysOut.map(({ nearest }) =>
    [...new Set(nearest.violations.map(({ change }) => change))].join("; and "),
  );
  return [
    { kind: "note", tone: "bad", text: "Nothing meets this tier here: it cannot be offered." },
    ...(ways.length === 0
      ? []
      : [
          { kind: "paragraph" as const, text: "Ways out, any one of them:" },
          { kind: "list" as const, ordered: false, items: ways },
        ]),
  ];
}

function offerPairs(
  { chosen, pricePerYear, proof }: TierOffer,
  currency: string,
): readonly DefinitionPair[] {
  const { combination, recovery, id } = chosen.evaluation;
  const { cost } = chosen;
  const site = recovery.site;
  return [
    { term: "On site", definition: describeOperational(combination.operational) },
    { term: "Off site", definition: describeDisaster(combination.disaster) },
    { term: "Combination", definition: [{ kind: "code", text: id }] },
    {
      term: "Achieves after corruption",
      definition: recovery.corruption === undefined ? "nothing" : achieved(recovery.corruption),
    },
    {
      term: "Achieves after the loss of the site",
      definition: site === undefined ? "nothing" : `${achieved(site)} (data recovery only, §4.2)`,
    },
    {
      term: "Price",
      definition: `${moneyText(pricePerYear)} ${currency} a year: ${moneyText(cost.purchase)} ${currency} bought and spread over its life, and what recurs`,
    },
    ...cost.items.map(({ item, purchase, yearly }) => ({
      term: `– ${item}`,
      definition: `${moneyText(purchase)} ${currency} once, ${moneyText(yearly)} ${currency} a year`,
    })),
    {
      term: "Proof of the times",
      definition: `${evidenceWords[proof.evidence]}. ${restsOnText(proof)}`,
    },
    {
      term: "Works with this server",
      definition: `grade ${proof.grade}: ${evidenceGrades[proof.grade]}`,
    },
  ];
}

function achieved({ rpo, rto }: { readonly rpo: Quantity; readonly rto: Quantity }): string {
  const back = rto.high <= 0 ? "automatic" : `back after ${minutesText(rto.high)}`;
  return `loses at most ${minutesText(rpo.high * 60)} when logs are lost, ${back} in the worst case`;
}

/** Which of the numbers behind the times are measured, and which are not. */
function restsOnText({ restsOn }: Proof): string {
  const parts = (["measured", "stated", "paper", "assumed", "computed"] as const).flatMap(
    (origin) =>
      restsOn[origin].length === 0
        ? []
        : [`${origin === "paper" ? "of the paper" : origin}: ${restsOn[origin].join(", ")}`],
  );
  return parts.length === 0
    ? "They rest on no number."
    : `They rest on what is ${parts.join("; ")}.`;
}

function notRun(runsHere: Ranked | undefined, currency: string): string {
  const other =
    runsHere === undefined
      ? "It runs nothing whole that meets this tier: other programs do the rest."
      : `The cheapest that it runs whole is ${runsHere.evaluation.id}, ${moneyText(runsHere.cost.protectionPerYear)} ${currency} a year.`;
  return `This version of Restante does not run this combination whole. ${other}`;
}

export function orderSection(lines: readonly TieredLine[]): Section {
  const findings = checkTierOrder(lines);
  return {
    heading: "Order of lines of business",
    level: 1,
    blocks: [
      {
        kind: "table",
        columns: ["Line of business", "Everyday tier", "Disaster tier"].map((heading) => ({
          heading,
          align: "left" as const,
        })),
        rows: lines.map(({ name, operational, disaster = operational }) => [
          name,
          operational.name,
          disaster.name,
        ]),
      },
      ...(findings.length === 0
        ? [
            {
              kind: "paragraph" as const,
              text: "Lines of business rank the same in both layers, as §4.2 expects.",
            },
          ]
        : findings.map((text) => ({ kind: "note" as const, tone: "warn" as const, text }))),
    ],
  };
}
