import {
  ageText,
  finenessOf,
  finenessWords,
  moneyText,
  rpoText,
  rtoText,
  shareText,
  spacingText,
} from "./plot-words.ts";
import type { Cell, Column, Scatter, ScatterPoint, Table, Timeline } from "./report.ts";

/** The plot's numbers, all of them, for who cannot see it. Points have the numbers that the plot gives them. */
export function scatterTable(scatter: Scatter): Table {
  const { title, points, objective, currency } = scatter;
  const rows: Cell[][] = points.map((point, index) => [
    String(index + 1),
    point.label,
    point.group,
    rpoText(point.rpoMinutes),
    rtoText(point.rtoMinutes),
    moneyText(point.costPerYear, currency),
    standingOf(point),
  ]);
  if (objective !== undefined) {
    const { rpoMinutes, rtoMinutes } = objective;
    rows.push(["", "Objective", "", rpoText(rpoMinutes), rtoText(rtoMinutes), "", ""]);
  }
  return { caption: title, columns: scatterColumns, rows };
}

export function timelineTables(timeline: Timeline): readonly Table[] {
  const { title, lapses, shares = [] } = timeline;
  const tables: Table[] = [{ caption: title, columns: windowColumns, rows: windowRows(timeline) }];
  if (lapses.length > 0) {
    const rows = lapses.map(({ fromAgeHours, toAgeHours, text }): Cell[] => [
      { text, state: "bad" },
      ageText(fromAgeHours),
      ageText(toAgeHours),
    ]);
    tables.push({ caption: `${title}: lapses`, columns: lapseColumns, rows });
  }
  if (shares.length > 0) {
    const rows = shares.map(({ ageHours, share }) => [ageText(ageHours), shareText(share)]);
    tables.push({ caption: `${title}: recoveries by age`, columns: shareColumns, rows });
  }
  return tables;
}

function windowRows({ rows }: Timeline): readonly (readonly Cell[])[] {
  return rows.flatMap(({ label, layer, windows }) => {
    // A method that keeps nothing is not left out: that is what a reader must see.
    if (windows.length === 0) return [[label, layer, "covers nothing", "", "", ""]];
    return windows.map(({ fromAgeHours, toAgeHours, spacingHours }) => [
      label,
      layer,
      ageText(fromAgeHours),
      ageText(toAgeHours),
      spacingText(spacingHours),
      finenessWords[finenessOf(spacingHours)],
    ]);
  });
}

/** "chosen", "on the front", or both: a cell of the table and a part of the point's title. */
export function standingOf({ chosen, onFront }: ScatterPoint): string {
  return [chosen ? "chosen" : "", onFront ? "on the front" : ""].filter(Boolean).join(", ");
}

function left(heading: string): Column {
  return { heading, align: "left" };
}

function right(heading: string): Column {
  return { heading, align: "right" };
}

const scatterColumns: readonly Column[] = [
  right("No."),
  left("Option"),
  left("Layer"),
  right("RPO"),
  right("RTO"),
  right("Cost a year"),
  left("Standing"),
];
const windowColumns: readonly Column[] = [
  left("Method"),
  left("Layer"),
  right("From age"),
  right("To age"),
  left("A moment"),
  left("One can land"),
];
const lapseColumns: readonly Column[] = [left("Lapse"), right("From age"), right("To age")];
const shareColumns: readonly Column[] = [right("Age at most"), right("Share of recoveries")];
