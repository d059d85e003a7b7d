import { segmentsOf, shareBetween, shareOfRecoveries } from "../coverage/index.ts";
import { spanText } from "../model/index.ts";
import type { LinePlan } from "../plan/index.ts";
import { minutesText, numberText, type Ranked } from "../ranking/index.ts";
import type { Block, Section } from "../report/index.ts";

/** Windows of both layers laid over time, lapses, and where fineness pays. */
export function coverageSection({ business, lapses }: LinePlan, { evaluation }: Ranked): Section {
  const reachHours =
    Math.max(business.operational.reachBackMs, business.disaster?.reachBackMs ?? 0) / 3_600_000;
  const rows = [...Map.groupBy(evaluation.windows, ({ label, layer }) => `${layer} ${label}`)].map(
    ([, windows]) => ({
      label: windows[0]?.label ?? "",
      layer: windows[0]?.layer ?? ("operational" as const),
      windows: windows.map(({ fromHours, toHours, everyHours }) => ({
        fromAgeHours: fromHours,
        toAgeHours: toHours,
        spacingHours: everyHours,
      })),
    }),
  );
  const blocks: Block[] = [
    {
      kind: "timeline",
      title: "What can be recovered, by age",
      rows,
      lapses: lapses.map(({ fromHours, toHours, changes }) => ({
        fromAgeHours: fromHours,
        toAgeHours: toHours,
        text: changes[0]?.text ?? "nothing covers it",
      })),
      shares: [1, 4, 24, 48, 168, 720, 8760].map((ageHours) => ({
        ageHours,
        share: shareOfRecoveries(ageHours),
      })),
    },
    finenessTable(evaluation, reachHours),
  ];
  if (lapses.length === 0)
    blocks.push({
      kind: "paragraph",
      text: `No lapse: every age up to ${spanText(reachHours)} is covered (§1.4.2).`,
    });
  for (const lapse of lapses)
    blocks.push({
      kind: "note",
      tone: "bad",
      text: `Nothing covers from ${minutesText(lapse.fromHours * 60)} to ${minutesText(lapse.toHours * 60)} ago. The smallest change that closes it: ${lapse.changes[0]?.text ?? "add a layer that keeps images"}.`,
    });
  return { heading: "Layers laid over time", level: 3, blocks };
}

function finenessTable({ windows }: Ranked["evaluation"], reachHours: number): Block {
  return {
    kind: "table",
    caption:
      "Where fineness pays: 56 % of recoveries ask for a state of the last 48 hours (§1.4.2)",
    columns: [
      { heading: "age", align: "left" },
      { heading: "an image every", align: "right" },
      { heading: "by", align: "left" },
      { heading: "share of recoveries", align: "right" },
    ],
    rows: segmentsOf(windows, reachHours).map(({ fromHours, toHours, everyHours, labels }) => [
      `${minutesText(fromHours * 60).replace("nothing", "now")} – ${minutesText(toHours * 60)}`,
      everyHours === undefined
        ? { text: "lapse", state: "bad" as const }
        : everyHours === 0
          ? "every change"
          : minutesText(everyHours * 60),
      labels.join(", "),
      {
        text: `${numberText(shareBetween(fromHours, toHours) * 100)} %`,
        origin: "computed" as const,
      },
    ]),
  };
}
