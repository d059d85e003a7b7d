import { lossNames, operationalTraits } from "../figure-1/index.ts";
import type { LinePlan } from "../plan/index.ts";
import { type Constraint, numberText, type Ranked, type Violation } from "../ranking/index.ts";
import type { Block, ScatterPoint, Section } from "../report/index.ts";
import type { Requirements } from "../requirements/index.ts";
import { quantityCell } from "./cells.ts";
import { imagesText, impactText } from "./chosen-report.ts";

/** Rows of the ranking that a person reads; JSON has all. */
const shownCombinations = 12;
const shownPoints = 20;

/** What meets the requirements, by total yearly cost. */
export function rankingSection(
  { ranking: { feasible }, chosen }: LinePlan,
  { currency }: Requirements,
): Section {
  if (feasible.length === 0)
    return {
      heading: "Ranking",
      level: 3,
      blocks: [{ kind: "paragraph", text: "Nothing to rank." }],
    };
  const shown = feasible.slice(0, shownCombinations);
  const blocks: Block[] = [
    {
      kind: "scatter",
      title: "RPO, RTO and cost of what meets the requirements",
      currency,
      points: pointsOf(feasible, chosen),
    },
    {
      kind: "table",
      caption: `The ${shown.length} cheapest of ${feasible.length} that meet the requirements; ★ no other is better in RPO, RTO and cost at once. Money in ${currency} a year`,
      columns: [
        { heading: "#", align: "right" },
        { heading: "combination", align: "left" },
        { heading: "RPO", align: "right" },
        { heading: "RTO", align: "right" },
        { heading: "protection", align: "right" },
        { heading: "with outages", align: "right" },
        { heading: "runs here", align: "left" },
      ],
      rows: shown.map((one, index) => costRow(one, index + 1)),
    },
    {
      kind: "table",
      caption: "The whole picture (§1.4.1): what else they differ in",
      columns: [
        { heading: "#", align: "right" },
        { heading: "impact on the server", align: "left" },
        { heading: "restores by itself", align: "left" },
        { heading: "images", align: "right" },
        { heading: "recall offsite", align: "right" },
        { heading: "recovers from", align: "left" },
        { heading: "sources", align: "right" },
      ],
      rows: shown.map((one, index) => pictureRow(one, index + 1)),
    },
  ];
  return { heading: "Ranking", level: 3, blocks };
}

type Row = Extract<Block, { kind: "table" }>["rows"][number];

function costRow({ evaluation, cost, onFront, missing }: Ranked, number: number): Row {
  return [
    String(number),
    [{ kind: "code", text: evaluation.id }, onFront ? " ★" : ""],
    quantityCell(evaluation.operational.rpo.logsLost),
    quantityCell(evaluation.operational.rto.logsSurvive),
    quantityCell(cost.protectionPerYear),
    quantityCell(cost.totalPerYear),
    missing.length === 0 ? "yes" : `not yet: ${missing.join(", ")}`,
  ];
}

function pictureRow({ evaluation }: Ranked, number: number): Row {
  const { disaster, combination, recovery } = evaluation;
  const lost = lossNames.filter((loss) => recovery[loss] === undefined);
  return [
    String(number),
    impactText(evaluation.impact),
    operationalTraits[combination.operational.method].fine ? "messages" : "volumes",
    imagesText(evaluation.images),
    disaster === undefined ? "–" : quantityCell(disaster.recall),
    lost.length === 0 ? "every loss" : `every loss but ${lost.join(", ")}`,
    evaluation.oneSource ? "1" : "2",
  ];
}

/** What lies at the same place is shown once, as the cheapest of it. */
function pointsOf(
  feasible: readonly Ranked[],
  chosen: Ranked | undefined,
): readonly ScatterPoint[] {
  const shown = new Set([
    ...(chosen === undefined ? [] : [chosen]),
    ...feasible.filter(({ onFront }) => onFront).slice(0, shownPoints),
    ...feasible.slice(0, shownPoints),
  ]);
  const points = new Map<string, ScatterPoint>();
  for (const one of shown) {
    const { rpo, rto } = one.evaluation.operational;
    const costPerYear = one.cost.totalPerYear.high;
    const place = [rpo.logsLost.high, rto.logsSurvive.high, Math.round(costPerYear)].join(" ");
    if (points.has(place)) continue;
    points.set(place, {
      label: one.evaluation.id,
      rpoMinutes: rpo.logsLost.high * 60,
      rtoMinutes: rto.logsSurvive.high,
      costPerYear,
      onFront: one.onFront,
      chosen: one.evaluation.id === chosen?.evaluation.id,
      group: groupOf(one),
    });
  }
  return [...points.values()].slice(0, shownPoints);
}

function groupOf({ evaluation }: Ranked): string {
  const { method } = evaluation.combination.operational;
  if (method === "cdp" || method === "journal") return "continuous";
  return method === "clones" || method === "deltas" ? "replicas" : "backup copies";
}

/** Why each of the others does not, by reason. */
export function rejectionsSection({ ranking: { rejected } }: LinePlan): Section {
  const groups = new Map<Constraint, { count: number; nearest: Violation; id: string }>();
  for (const { evaluation, violations } of rejected) {
    for (const [constraint, same] of Map.groupBy(violations, (one) => one.constraint)) {
      const [nearest] = same as [Violation];
      const known = groups.get(constraint);
      if (known === undefined) groups.set(constraint, { count: 1, nearest, id: evaluation.id });
      else known.count += 1;
    }
  }
  const rows = [...groups]
    .toSorted((left, right) => right[1].count - left[1].count)
    .map(([constraint, { count, nearest, id }]) => [
      constraint,
      numberText(count),
      [{ kind: "code" as const, text: id }],
      nearest.reason,
      nearest.change,
    ]);
  return {
    heading: "Why the others were rejected",
    level: 3,
    blocks: [
      {
        kind: "table",
        caption: `${numberText(rejected.length)} combinations were rejected, some for several reasons; the nearest of each reason`,
        columns: [
          { heading: "reason", align: "left" },
          { heading: "combinations", align: "right" },
          { heading: "the nearest", align: "left" },
          { heading: "why", align: "left" },
          { heading: "what would have to change", align: "left" },
        ],
        rows,
      },
    ],
  };
}
