import type { Measurement, ParameterName } from "#planner";
import { formatBytes, formatDuration, type Instant, toRfc3339Nano } from "#time";

/** One time that something was done. */
export type Run = { readonly bytes: number; readonly ms: number };

export type FigureName =
  | "sample-read"
  | "hash"
  | "compress"
  | "disk-write"
  | "disk-read"
  | "target-write"
  | "target-read"
  | "capture"
  | "stored"
  | "scan"
  | "open"
  | "restore";

/** What was measured, over all its runs. */
export type Figure = {
  readonly name: FigureName;
  /** "capture into a fresh copy". */
  readonly title: string;
  readonly unit: "bytes/s" | "minutes" | "share";
  readonly low: number;
  readonly median: number;
  readonly high: number;
  readonly runs: number;
  /** Of a typical run. */
  readonly bytes: number;
  readonly seconds: number;
  /** What to know when reading it. */
  readonly note?: string;
  /** What the planner takes it for; undefined where it is for people alone. */
  readonly parameter?: ParameterName;
};

export type FigureLabel = Pick<Figure, "name" | "title"> & {
  readonly note?: string | undefined;
  readonly parameter?: ParameterName | undefined;
};

/** Bytes a second. Undefined where nothing was done, or in no time that the clock could see. */
export function rateFigure(label: FigureLabel, runs: readonly Run[]): Figure | undefined {
  return figureOf(label, { runs, unit: "bytes/s", value: ({ bytes, ms }) => (bytes / ms) * 1000 });
}

/** Minutes that it took, however many bytes it was. */
export function durationFigure(label: FigureLabel, runs: readonly Run[]): Figure | undefined {
  return figureOf(label, { runs, unit: "minutes", value: ({ ms }) => ms / 60_000 });
}

/** Share of the bytes that `parts` are of `runs`. */
export function shareFigure(
  label: FigureLabel,
  runs: readonly (Run & { readonly part: number })[],
): Figure | undefined {
  return figureOf(label, { runs, unit: "share", value: ({ bytes, part }) => part / bytes });
}

function figureOf<T extends Run>(
  { name, title, note, parameter }: FigureLabel,
  {
    runs,
    unit,
    value,
  }: {
    readonly runs: readonly T[];
    readonly unit: Figure["unit"];
    readonly value: (run: T) => number;
  },
): Figure | undefined {
  const sorted = runs
    .filter(({ bytes, ms }) => ms > 0 && bytes > 0)
    .map((run) => ({ run, value: value(run) }))
    .filter((one) => Number.isFinite(one.value))
    .toSorted((a, b) => a.value - b.value);
  const [first] = sorted;
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (first === undefined || middle === undefined) return undefined;
  return {
    name,
    title,
    unit,
    low: first.value,
    median: middle.value,
    high: sorted.at(-1)?.value ?? first.value,
    runs: sorted.length,
    bytes: middle.run.bytes,
    seconds: middle.run.ms / 1000,
    ...(note === undefined ? {} : { note }),
    ...(parameter === undefined ? {} : { parameter }),
  };
}

/** "45 MB/s", "1.2 s", "61 %". */
export function valueText(value: number, unit: Figure["unit"]): string {
  switch (unit) {
    case "bytes/s":
      return `${formatBytes(value)}/s`;
    case "minutes":
      return formatDuration(value * 60_000);
    case "share":
      return `${Math.round(value * 1000) / 10} %`;
  }
}

/** As the planner keeps it; undefined where it takes none of it. */
export function measurementOf(
  figure: Figure,
  { id, now, of }: { readonly id: string; readonly now: Instant; readonly of: string },
): Measurement | undefined {
  const { parameter, low, high, bytes, seconds, title, note, runs } = figure;
  if (parameter === undefined) return undefined;
  const times = runs === 1 ? "once" : `${runs} times`;
  return {
    parameter,
    low,
    high,
    kind: "bench",
    at: toRfc3339Nano(now),
    id,
    bytes,
    seconds,
    about: `${title}, ${times}, ${of}${note === undefined ? "" : `; ${note}`}`,
  };
}
