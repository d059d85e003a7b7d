import { spanText } from "../model/index.ts";
import { segmentsOf, type Window } from "./windows.ts";

/** Ages that no layer covers (§1.4.2: inadvertent lapses of protection), and how to close it. */
export type Lapse = {
  readonly fromHours: number;
  readonly toHours: number;
  /** Smallest change first, counted in images that it adds. */
  readonly changes: readonly LapseChange[];
};

export type LapseChange = {
  readonly label: string;
  readonly kind: "reach further back" | "begin sooner";
  /** By how much. */
  readonly byHours: number;
  /** How many images that adds to what is kept. */
  readonly images: number;
  readonly text: string;
};

/** Every lapse between now and the age that must be reached. */
export function lapsesOf(windows: readonly Window[], reachBackHours: number): readonly Lapse[] {
  return segmentsOf(windows, reachBackHours)
    .filter(({ everyHours }) => everyHours === undefined)
    .map(({ fromHours, toHours }) => ({
      fromHours,
      toHours,
      changes: changesFor({ fromHours, toHours }, windows),
    }));
}

/** A lapse is closed by the window before it reaching further back, or the one behind it beginning sooner. */
function changesFor(
  { fromHours, toHours }: Pick<Lapse, "fromHours" | "toHours">,
  windows: readonly Window[],
): readonly LapseChange[] {
  const changes = windows.flatMap((window): LapseChange[] => {
    const found: LapseChange[] = [];
    if (window.toHours <= fromHours) {
      const byHours = toHours - window.toHours;
      const images = window.everyHours === 0 ? Infinity : Math.ceil(byHours / window.everyHours);
      const text = `let ${window.label} reach back ${spanText(round(toHours + window.everyHours))} instead of ${spanText(round(window.toHours + window.everyHours))}`;
      found.push({ label: window.label, kind: "reach further back", byHours, images, text });
    }
    if (window.fromHours >= toHours && window.toHours > window.fromHours) {
      const byHours = window.fromHours - fromHours;
      const text = `let ${window.label} take effect ${spanText(round(byHours))} sooner`;
      found.push({ label: window.label, kind: "begin sooner", byHours, images: 0, text });
    }
    return found;
  });
  const smallest = new Map<string, LapseChange>();
  for (const change of changes) {
    const key = `${change.kind} ${change.label}`;
    const known = smallest.get(key);
    if (known === undefined || isSmaller(change, known)) smallest.set(key, change);
  }
  return [...smallest.values()].toSorted((left, right) => (isSmaller(left, right) ? -1 : 1));
}

function isSmaller(left: LapseChange, right: LapseChange): boolean {
  return left.images === right.images ? left.byHours < right.byHours : left.images < right.images;
}

/** Ages are shown in minutes at the finest. */
function round(hours: number): number {
  return Math.max(1 / 60, Math.round(hours * 60) / 60);
}
