import { quantityCell } from "../answers/index.ts";
import { evidenceGrades, losses, lossNames } from "../figure-1/index.ts";
import { parameters } from "../parameters.ts";
import type { Block, DefinitionPair, Report, Section } from "../report/index.ts";
import {
  formatSpan,
  type Objectives,
  type Requirements,
  type Tier,
} from "../requirements/index.ts";
import type { PricedTier, TierOffer } from "./price-tiers.ts";
import { tieredLines } from "./tiered-lines.ts";
import { orderSection, tierSection } from "./tier-report.ts";

export type TierDetailsOptions = {
  readonly requirements: Requirements;
  /** What the site is known by. */
  readonly subtitle: string;
};

/** One tier in full: promise, price, what is achieved after each loss, and each number that this rests on. */
export function tierDetailsReport(
  priced: PricedTier,
  { requirements, subtitle }: TierDetailsOptions,
): Report {
  const { tier, offer } = priced;
  const lines = tieredLines(requirements).filter(({ operational, disaster = operational }) =>
    [operational, disaster].some(({ name }) => name === tier.name),
  );
  return {
    title: `Tier ${tier.name} for mail on ${requirements.server.name}`,
    subtitle,
    sections: [
      promiseSection(tier),
      { ...tierSection(priced, requirements), heading: "The price", level: 1 },
      ...(offer === undefined ? [] : [achievedSection(offer), proofSection(offer, requirements)]),
      ...(lines.length === 0 ? [] : [orderSection(lines)]),
    ],
  };
}

function promiseSection({ operational, disaster, risk }: Tier): Section {
  return {
    heading: "The promise",
    level: 1,
    blocks: [
      {
        kind: "definitions",
        pairs: [
          ...objectivePairs("After everyday losses", operational),
          ...(disaster === undefined
            ? [{ term: "After the loss of the site", definition: "nothing: its loss is accepted" }]
            : objectivePairs("After the loss of the site", disaster)),
          { term: "Tolerance of risk", definition: risk },
        ],
      },
    ],
  };
}

function objectivePairs(when: string, objectives: Objectives): readonly DefinitionPair[] {
  const { loseAtMostMs, backWithinMs, reachBackMs } = objectives;
  return [
    { term: `${when}, lost at most (RPO)`, definition: formatSpan(loseAtMostMs) },
    { term: `${when}, back within (RTO)`, definition: formatSpan(backWithinMs) },
    { term: `${when}, moments reach back`, definition: formatSpan(reachBackMs) },
  ];
}

function achievedSection({ chosen }: TierOffer): Section {
  const { recovery, caveats } = chosen.evaluation;
  const blocks: Block[] = [
    {
      kind: "table",
      caption: "In the worst case, logs lost; times are of data recovery alone (§4.2)",
      columns: [
        { heading: "loss", align: "left" },
        { heading: "layer", align: "left" },
        { heading: "RPO", align: "right" },
        { heading: "RTO", align: "right" },
      ],
      rows: lossNames.map((loss) => {
        const way = recovery[loss];
        return way === undefined
          ? [losses[loss], { text: "accepted", state: "warn" as const }]
          : [losses[loss], way.layer, quantityCell(way.rpo), quantityCell(way.rto)];
      }),
    },
    ...caveats.map((text): Block => ({ kind: "note", tone: "info", text })),
  ];
  return { heading: "What it achieves", level: 1, blocks };
}

function proofSection({ proof }: TierOffer, { parameters: known }: Requirements): Section {
  const { restsOn, grade } = proof;
  const names = (["assumed", "paper", "computed", "stated", "measured"] as const).flatMap(
    (origin) => restsOn[origin],
  );
  return {
    heading: "The proof",
    level: 1,
    blocks: [
      {
        kind: "table",
        caption: "The numbers that the recovery times rest on, the least certain first",
        columns: [
          { heading: "name", align: "left" },
          { heading: "value", align: "right" },
          { heading: "what it is", align: "left" },
          { heading: "where it comes from", align: "left" },
        ],
        rows: names.map((name) => [
          name,
          quantityCell(known[name]),
          parameters[name].about,
          known[name].basis,
        ]),
      },
      {
        kind: "paragraph",
        text: `That source, method and option work with this server is known by grade ${grade}: ${evidenceGrades[grade]}.`,
      },
      {
        kind: "paragraph",
        text: [
          { kind: "code", text: "restante bench" },
          " measures what it can of these on this machine; what is measured takes the place of what is assumed.",
        ],
      },
    ],
  };
}
