import { formatBytes, formatDuration } from "#time";
import { type FigureCell, figureCells, type FigureOptions, type Printed } from "../model/index.ts";
import type { Quantity } from "../quantity.ts";
import { numberText } from "../ranking/index.ts";
import type { Block, Cell, Report } from "../report/index.ts";
import { quantityCell } from "./cells.ts";

export type FiguresReportOptions = FigureOptions & {
  /** Whose numbers were computed: "the paper's own site", "mx1". */
  readonly of: string;
};

/** Figures 6 and 7 for a site: what the paper prints, what the model computes, what was measured. */
export function figuresReport(options: FiguresReportOptions): Report {
  const cells = figureCells(options);
  return {
    title: "Figures 6 and 7",
    subtitle: `computed for ${options.of}`,
    sections: [
      {
        heading: "How to read it",
        level: 2,
        blocks: [
          {
            kind: "paragraph",
            text: "Every estimate is a pair. RPO is worst when the logs are lost; RTO is worst when they survive and are played back (§4.1). RTO is that of data recovery, without the time to recall media, which stands beside it (§4.2).",
          },
        ],
      },
      section(6, "Figure 6: operational recovery", cells),
      section(7, "Figure 7: disaster recovery", cells),
      ...measuredSection(cells),
      { heading: "Where the paper disagrees with itself", level: 2, blocks: [disagreements] },
    ],
  };
}

const disagreements: Block = {
  kind: "list",
  ordered: false,
  items: [
    "§3.3.3 projects 20-40 minutes for clones, Figure 6 says 25: Figure 6 is computed.",
    "§3.4.3 projects 15-20 minutes for delta snapshots, Figure 6 says 10: Figure 6 is computed.",
    "§3.2.3 says that disk cuts the transfer of tape by ¾ or more; with the rates of notes 9 and 12 it cuts 106 minutes to 16, but 19 only to 16.",
    "Figure 7's remote snapshot with mirrored logs takes 25 minutes, which needs the set-up time of Figure 6; with the 5 minutes of the row above it would be 27.5.",
  ],
};

function section(
  figure: 6 | 7,
  heading: string,
  cells: readonly FigureCell[],
): Report["sections"][number] {
  const of = cells.filter((cell) => cell.figure === figure);
  const isMeasured = of.some(({ measured }) => measured !== null);
  const times = isMeasured ? [timeTable("RPO", of), timeTable("RTO", of)] : [timesTable(of)];
  return { heading, level: 2, blocks: [...times, storageTable(of)] };
}

/** One of both quantities: with what was measured, on how much and when, both would be too wide for a page. */
function timeTable(quantity: "RPO" | "RTO", cells: readonly FigureCell[]): Block {
  return {
    kind: "table",
    caption: quantity === "RPO" ? "RPO in hours" : "RTO in minutes",
    columns: [
      { heading: "method", align: "left" },
      { heading: "logs", align: "left" },
      ...["paper", "computed", "measured"].map((heading) => ({ heading, align: "right" as const })),
    ],
    rows: rowsIn(cells).flatMap((row) =>
      logCases.map((logs, index) => [
        index === 0 ? row : "",
        logs.slice("logs ".length),
        ...three(cells.find((cell) => isOf(cell, row, quantity) && cell.case === logs)),
      ]),
    ),
  };
}

const logCases = ["logs lost", "logs survive"] as const;

function timesTable(cells: readonly FigureCell[]): Block {
  return {
    kind: "table",
    caption: "RPO in hours, RTO in minutes",
    columns: [
      { heading: "method", align: "left" },
      { heading: "logs", align: "left" },
      ...["RPO: paper", "computed", "measured", "RTO: paper", "computed", "measured"].map(
        (name) => ({ heading: name, align: "right" as const }),
      ),
    ],
    rows: rowsIn(cells).flatMap((row) =>
      logCases.map((logs, index) => [
        index === 0 ? row : "",
        logs.slice("logs ".length),
        ...three(cells.find((cell) => isOf(cell, row, "RPO") && cell.case === logs)),
        ...three(cells.find((cell) => isOf(cell, row, "RTO") && cell.case === logs)),
      ]),
    ),
  };
}

function storageTable(cells: readonly FigureCell[]): Block {
  return {
    kind: "table",
    caption: "Storage as a multiple of the mail, or tapes; and the time to recall, in minutes",
    columns: [
      { heading: "method", align: "left" },
      { heading: "storage: paper", align: "right" },
      { heading: "computed", align: "right" },
      { heading: "measured", align: "right" },
      { heading: "recall", align: "right" },
    ],
    rows: rowsIn(cells).map((row) => [
      row,
      ...three(cells.find((cell) => isOf(cell, row, "storage"))),
      three(cells.find((cell) => isOf(cell, row, "recall")))[1] ?? "",
    ]),
  };
}

function rowsIn(cells: readonly FigureCell[]): readonly string[] {
  return [...new Set(cells.map(({ row }) => row))];
}

function isOf(cell: FigureCell, row: string, quantity: FigureCell["quantity"]): boolean {
  return cell.row === row && cell.quantity === quantity;
}

function three(cell: FigureCell | undefined): readonly Cell[] {
  if (cell === undefined) return ["–", "–", "–"];
  const { paper, computed, measured } = cell;
  return [
    paper === null ? "–" : { text: printedText(paper), origin: "paper" },
    { ...quantityCell(computed), text: printedText(printedOf(computed)) },
    measured === null
      ? "–"
      : {
          ...quantityCell(measured),
          text: `${printedText(printedOf(measured))}${evidenceText(cell)}`,
        },
  ];
}

/** On how much mail, and when: 2 seconds for one message promise nothing for a server. */
function evidenceText({ evidence: { bytes, at } = {} }: FigureCell): string {
  const known = [
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
    ...(at === undefined ? [] : [dateOf(at)]),
  ];
  return known.length === 0 ? "" : ` (${known.join(", ")})`;
}

function dateOf(at: string): string {
  return at.slice(0, "2026-11-23".length);
}

/** Each measured value with what it rests on; nothing where nothing was measured. */
function measuredSection(cells: readonly FigureCell[]): Report["sections"] {
  const measured = cells.filter((cell) => cell.measured !== null);
  if (measured.length === 0) return [];
  // A value that stands for both cases is told once.
  const told = Map.groupBy(measured, ({ row, quantity, measured: value }) =>
    JSON.stringify([row, quantity, value?.basis]),
  );
  const items = [...told.values()].map(([cell, other]) => {
    const { row, quantity, case: logs, measured: value, evidence } = cell as FigureCell;
    const phases = evidence?.phases ?? [];
    const parts = phases.map(({ name, ms }) => `${name} ${formatDuration(ms)}`).join(", ");
    const of = quantity === "storage" || other !== undefined ? quantity : `${quantity}, ${logs}`;
    return `${row}: ${of}: ${value?.basis ?? ""}${parts === "" ? "" : `; ${parts}`}`;
  });
  return [
    { heading: "What was measured", level: 2, blocks: [{ kind: "list", ordered: false, items }] },
  ];
}

function printedOf({ low, high }: Quantity): Printed {
  return low === high ? high : [low, high];
}

/** Numbers as the figures print them; their unit stands in the heading. */
export function printedText(printed: Printed): string {
  if (typeof printed === "string") return printed;
  if (typeof printed === "number") return numberText(printed);
  return `${numberText(printed[0])}–${numberText(printed[1])}`;
}

/** A cell for programs: numbers, or null; ranges as [low, high]. */
export type FigureCellJson = {
  readonly figure: 6 | 7;
  readonly row: string;
  readonly quantity: FigureCell["quantity"];
  readonly case: FigureCell["case"];
  readonly unit: FigureCell["unit"];
  readonly paper: Printed | null;
  readonly computed: number | readonly [number, number] | null;
  readonly measured: number | readonly [number, number] | null;
  readonly basis: string;
  readonly measuredBasis?: string;
  /** Of the mail that it was measured on. */
  readonly measuredBytes?: number;
  /** RFC 3339, UTC. */
  readonly measuredAt?: string;
  readonly measuredPhases?: readonly { readonly name: string; readonly ms: number }[];
};

export function figureCellsJson(options: FigureOptions): readonly FigureCellJson[] {
  return figureCells(options).map(({ computed, measured, evidence, ...cell }) => ({
    figure: cell.figure,
    row: cell.row,
    quantity: cell.quantity,
    case: cell.case,
    unit: cell.unit,
    paper: cell.paper,
    computed: jsonInterval(computed),
    measured: measured === null ? null : jsonInterval(measured),
    basis: computed.basis,
    ...(measured === null ? {} : { measuredBasis: measured.basis }),
    ...(evidence?.bytes === undefined ? {} : { measuredBytes: evidence.bytes }),
    ...(evidence?.at === undefined ? {} : { measuredAt: evidence.at }),
    ...(evidence?.phases === undefined ? {} : { measuredPhases: evidence.phases }),
  }));
}

/** JSON has no Infinity: what is unlimited is null. */
export function jsonInterval({
  low,
  high,
}: {
  readonly low: number;
  readonly high: number;
}): number | readonly [number, number] | null {
  if (!Number.isFinite(high)) return null;
  return low === high ? high : [low, high];
}
