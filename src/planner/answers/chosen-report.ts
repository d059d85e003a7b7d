import { lossNames, losses, type Loss } from "../figure-1/index.ts";
import { describeDisaster, describeOperational } from "../model/index.ts";
import type { LinePlan } from "../plan/index.ts";
import { minutesText, numberText, type Ranked } from "../ranking/index.ts";
import type { Block, CellState, Section } from "../report/index.ts";
import type { BusinessRequirements, Objectives, Requirements } from "../requirements/index.ts";
import { quantityCell, quantityText } from "./cells.ts";

/** What meets the requirements, and how. */
export function chosenSection(line: LinePlan, chosen: Ranked, requirements: Requirements): Section {
  const { evaluation, cost, violations } = chosen;
  const { combination } = evaluation;
  const blocks: Block[] = [
    {
      kind: "definitions",
      pairs: [
        { term: "combination", definition: [{ kind: "code", text: evaluation.id }] },
        { term: "operational recovery", definition: describeOperational(combination.operational) },
        { term: "disaster recovery", definition: describeDisaster(combination.disaster) },
        {
          term: "impact on the server",
          definition: `${impactText(evaluation.impact)}: ${evaluation.impactReason}`,
        },
        { term: "images at once", definition: imagesText(evaluation.images) },
      ],
    },
    lossTable(line, chosen),
    phaseTable(chosen),
    costTable(chosen, requirements.currency),
    {
      kind: "paragraph",
      text: `In all: ${quantityText(cost.protectionPerYear)} ${requirements.currency} a year for protection, ${quantityText(cost.outagesPerYear)} for the outages that are to be expected.`,
    },
  ];
  for (const { reason } of violations) blocks.push({ kind: "note", tone: "bad", text: reason });
  for (const caveat of evaluation.caveats)
    blocks.push({ kind: "note", tone: "info", text: caveat });
  if (line.runsHere !== undefined && line.runsHere.evaluation.id !== evaluation.id)
    blocks.push({
      kind: "note",
      tone: "info",
      text: [
        "The cheapest that this version of Restante runs by itself: ",
        { kind: "code", text: line.runsHere.evaluation.id },
        `, ${quantityText(line.runsHere.cost.totalPerYear)} ${requirements.currency} a year.`,
      ],
    });
  return {
    heading: violations.length === 0 ? "What meets it" : "What was asked for",
    level: 3,
    blocks,
  };
}

export function impactText(impact: number): string {
  return (
    ["none", "negligible", "some", "the server is down or heavily loaded"][impact] ?? "unknown"
  );
}

export function imagesText(images: number): string {
  return images === Infinity ? "every moment" : numberText(images);
}

function objectivesOf(loss: Loss, business: BusinessRequirements): Objectives | undefined {
  if (loss === "site") return business.disaster;
  return loss === "hardware" && business.hardwareFailure === "disaster"
    ? (business.disaster ?? business.operational)
    : business.operational;
}

function lossTable({ business }: LinePlan, { evaluation }: Ranked): Block {
  const state = (isMet: boolean): CellState => (isMet ? "good" : "bad");
  return {
    kind: "table",
    caption: "After each kind of loss: the layer that recovers, in the worst case",
    columns: [
      { heading: "loss", align: "left" },
      { heading: "layer", align: "left" },
      { heading: "RPO, logs lost", align: "right" },
      { heading: "allowed", align: "right" },
      { heading: "RTO, recall included", align: "right" },
      { heading: "allowed", align: "right" },
    ],
    rows: lossNames.map((loss) => {
      const way = evaluation.recovery[loss];
      const objectives = objectivesOf(loss, business);
      if (way === undefined)
        return [
          losses[loss],
          {
            text: objectives === undefined ? "accepted" : "none",
            state: objectives === undefined ? ("warn" as const) : ("bad" as const),
          },
        ];
      const rpoLimit = (objectives?.loseAtMostMs ?? Infinity) / 3_600_000;
      const rtoLimit = (objectives?.backWithinMs ?? Infinity) / 60_000;
      const isLate = loss === "late-attack";
      return [
        losses[loss],
        way.layer,
        {
          ...quantityCell(way.rpo),
          ...(isLate ? {} : { state: state(way.rpo.high <= rpoLimit + 1e-6) }),
        },
        // After a late attack the loss is what came since: the spacing of images is what counts.
        isLate ? "spacing of images" : limitText(rpoLimit * 60),
        { ...quantityCell(way.rto), state: state(way.rto.high <= rtoLimit + 1e-6) },
        limitText(rtoLimit),
      ];
    }),
  };
}

function limitText(minutes: number): string {
  return minutes === Infinity ? "–" : minutesText(minutes);
}

function phaseTable({ evaluation }: Ranked): Block {
  const layers = [
    { layer: "operational", estimate: evaluation.operational },
    ...(evaluation.disaster === undefined
      ? []
      : [{ layer: "disaster", estimate: evaluation.disaster }]),
  ];
  return {
    kind: "table",
    caption: "Recovery by phase",
    columns: [
      { heading: "layer", align: "left" },
      { heading: "phase", align: "left" },
      { heading: "time", align: "right" },
      { heading: "how it is computed", align: "left" },
    ],
    rows: layers.flatMap(({ layer, estimate }) => [
      ...(estimate.recall.high > 0
        ? [[layer, "recall", quantityCell(estimate.recall), estimate.recall.basis]]
        : []),
      ...estimate.phases.map(({ name, time, ofLogs }) => [
        layer,
        ofLogs ? `${name} (where the logs survive)` : name,
        quantityCell(time),
        time.basis,
      ]),
    ]),
  };
}

function costTable({ cost }: Ranked, currency: string): Block {
  return {
    kind: "table",
    caption: `Cost, ${currency}`,
    columns: [
      { heading: "item", align: "left" },
      { heading: "once", align: "right" },
      { heading: "a year", align: "right" },
      { heading: "how it is computed", align: "left" },
    ],
    rows: [
      ...cost.items.map(({ item, purchase, yearly }) => [
        item,
        quantityCell(purchase),
        quantityCell(yearly),
        purchase.basis,
      ]),
      [
        "protection, purchases over their lifetime",
        quantityCell(cost.purchase),
        quantityCell(cost.protectionPerYear),
        cost.protectionPerYear.basis,
      ],
      ["expected outages", "", quantityCell(cost.outagesPerYear), cost.outagesPerYear.basis],
      ...(cost.repurposedPerYear.high > 0
        ? [
            [
              "earned by replicas",
              "",
              quantityCell(cost.repurposedPerYear),
              cost.repurposedPerYear.basis,
            ],
          ]
        : []),
      ["total", "", quantityCell(cost.totalPerYear), cost.totalPerYear.basis],
    ],
  };
}
