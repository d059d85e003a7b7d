import { displayWidth, fitted, padded } from "./display-width.ts";
import { finenessOf, finenessWords } from "./plot-words.ts";
import type { Timeline, TimelineRow } from "./report.ts";
import { safeLabel } from "./safe-text.ts";
import { ageTicks, logAxis, spacedTicks, type Axis } from "./svg-scale.ts";
import type { TextStyle } from "./text-style.ts";

const drawings = {
  blocks: { fine: ["█", "▓", "▒", "░"], lapse: "╳", bar: "│", line: "─", tick: "┴", mark: "┊" },
  ascii: { fine: ["#", "=", "-", "."], lapse: "x", bar: "|", line: "-", tick: "+", mark: ":" },
} as const;

/** A terminal narrower than this gets the table alone. */
const narrowestDrawing = 44;
const mostRecoveriesHours = 48;

/** The windows as rows of characters over age; the numbers are in the table that follows. */
export function timelineLines(
  timeline: Timeline,
  { columns, style }: { readonly columns: number; readonly style: TextStyle },
): readonly string[] {
  if (columns < narrowestDrawing) return [];
  const labels = [
    ...timeline.rows.map(({ label }) => label),
    ...timeline.lapses.map(() => "lapse"),
  ];
  const natural = labels.reduce((most, label) => Math.max(most, displayWidth(safeLabel(label))), 0);
  const labelWidth = Math.min(natural, Math.floor(columns / 3));
  const axis = axisOf(timeline, columns - labelWidth - 2);
  const { bar, fine, lapse, line, tick } = style.ascii ? drawings.ascii : drawings.blocks;
  const named = (label: string): string =>
    `${padded(fitted(safeLabel(label), labelWidth, style.ascii ? "." : "…"), labelWidth)} ${bar}`;
  const width = columns - labelWidth - 2;
  const rule = fill(width, (column) =>
    axis.ticks.some(({ at }) => Math.round(at) === column) ? tick : line,
  );
  const indent = " ".repeat(labelWidth + 2);
  return [
    ...timeline.rows.map(
      (row) => named(row.label) + rowDrawing(row, { axis, width, style }).trimEnd(),
    ),
    ...timeline.lapses.map(
      (gap) =>
        named("lapse") + style.bad(spanDrawing(gap, { axis, width, character: lapse }).trimEnd()),
    ),
    style.dim(`${" ".repeat(labelWidth + 1)}${style.ascii ? "+" : "└"}${rule}`),
    style.dim(`${indent}${tickNames(axis, width)}`.trimEnd()),
    ...finenessWords.map((words, index) => style.dim(`  ${fine[index]} ${words}`)),
  ];
}

type Canvas = { readonly axis: Axis; readonly width: number };

function axisOf({ rows, lapses }: Timeline, width: number): Axis {
  const spans = [...rows.flatMap(({ windows }) => windows), ...lapses];
  const ages = spans.flatMap(({ fromAgeHours, toAgeHours }) => [fromAgeHours, toAgeHours]);
  return logAxis([...ages, 1 / 60, mostRecoveriesHours], {
    ticks: ageTicks,
    from: 0,
    to: width - 1,
    smallest: 1 / 60,
    largest: 200 * 365 * 24,
    margin: 1.3,
    unlimitedBand: Math.min(12, width / 4),
  });
}

/** The finest window of each column; the mark of 48 hours where there is none. */
function rowDrawing(
  row: TimelineRow,
  { axis, width, style }: Canvas & { readonly style: TextStyle },
): string {
  const { fine, mark } = style.ascii ? drawings.ascii : drawings.blocks;
  const spans = row.windows.map((window) => ({ ...columnsOfSpan(window, axis), window }));
  return fill(width, (column) => {
    const covering = spans.filter(({ first, last }) => column >= first && column <= last);
    const finest = Math.min(...covering.map(({ window }) => finenessOf(window.spacingHours)));
    if (covering.length > 0) return fine[finest] ?? "";
    return column === Math.round(axis.position(mostRecoveriesHours)) ? mark : " ";
  });
}

function spanDrawing(
  span: { readonly fromAgeHours: number; readonly toAgeHours: number },
  { axis, width, character }: Canvas & { readonly character: string },
): string {
  const { first, last } = columnsOfSpan(span, axis);
  return fill(width, (column) => (column >= first && column <= last ? character : " "));
}

/** A window that begins where another ends begins a column later, unless it would vanish. */
function columnsOfSpan(
  { fromAgeHours, toAgeHours }: { readonly fromAgeHours: number; readonly toAgeHours: number },
  axis: Axis,
): { readonly first: number; readonly last: number } {
  const last = Math.round(axis.position(toAgeHours));
  const from = Math.round(axis.position(fromAgeHours));
  return { first: fromAgeHours > 0 ? Math.min(from + 1, last) : Math.min(from, last), last };
}

function tickNames(axis: Axis, width: number): string {
  const mark = {
    value: mostRecoveriesHours,
    label: "48 h",
    at: axis.position(mostRecoveriesHours),
  };
  // The mark comes first: a tick that would touch it goes.
  const apart = axis.ticks.filter(
    ({ at, label }) => Math.abs(at - mark.at) > (label.length + mark.label.length) / 2 + 1,
  );
  const ticks = spacedTicks(
    [...apart, mark].toSorted((one, other) => one.at - other.at),
    1,
  );
  let line = "";
  for (const { at, label } of ticks) {
    const start = Math.min(width - label.length, Math.max(0, Math.round(at - label.length / 2)));
    if (start > line.length || line === "") line = line.padEnd(start) + label;
  }
  return line;
}

function fill(width: number, character: (column: number) => string): string {
  return Array.from({ length: width }, (_, column) => character(column)).join("");
}
