import type { RetentionRule } from "#policy";
import type { Kept } from "../model/index.ts";

export type Layer = "operational" | "disaster";

/**
 * Ages at which a layer promises an image: for every age between `fromHours` and `toHours` one is kept
 * that is at most `everyHours` older, in whatever phase the rotation stands.
 */
export type Window = {
  readonly layer: Layer;
  readonly label: string;
  readonly fromHours: number;
  readonly toHours: number;
  readonly everyHours: number;
};

export type WindowOptions = {
  readonly layer: Layer;
  readonly label: string;
  /** How long a new image takes to be where it protects (hold, transit, transfer). */
  readonly delayHours?: number;
};

/**
 * The windows of a rotation. Images that are kept for a time stand between that and one interval less,
 * so the promise ends an interval sooner: two clones in 24 hours promise the last 12.
 */
export function windowsOf(
  rotation: readonly Pick<Kept, "untilHours" | "everyHours">[],
  { layer, label, delayHours = 0 }: WindowOptions,
): readonly Window[] {
  return rotation.flatMap(({ untilHours, everyHours }) => {
    const toHours = untilHours - everyHours;
    if (toHours < delayHours) return [];
    return [{ layer, label, fromHours: delayHours, toHours, everyHours }];
  });
}

/** How closely images lie at an age; undefined where nothing is promised. */
export function finenessAt(windows: readonly Window[], ageHours: number): number | undefined {
  let finest: number | undefined;
  for (const { fromHours, toHours, everyHours } of windows) {
    if (ageHours < fromHours || ageHours > toHours) continue;
    finest = finest === undefined ? everyHours : Math.min(finest, everyHours);
  }
  return finest;
}

export type Segment = {
  readonly fromHours: number;
  readonly toHours: number;
  /** Undefined: a lapse. */
  readonly everyHours: number | undefined;
  readonly labels: readonly string[];
};

/** The time from now back to the horizon, cut wherever the fineness changes. */
export function segmentsOf(windows: readonly Window[], horizonHours: number): readonly Segment[] {
  const edges = new Set([0, horizonHours]);
  for (const { fromHours, toHours } of windows) {
    for (const edge of [fromHours, toHours]) if (edge > 0 && edge < horizonHours) edges.add(edge);
  }
  const sorted = [...edges].toSorted((left, right) => left - right);
  const segments: Segment[] = [];
  for (const [index, fromHours] of sorted.entries()) {
    const toHours = sorted[index + 1];
    if (toHours === undefined) break;
    const within = windows.filter(
      (window) => window.fromHours <= fromHours && window.toHours >= toHours,
    );
    const everyHours = within.reduce<number | undefined>(
      (finest, window) => Math.min(finest ?? Infinity, window.everyHours),
      undefined,
    );
    const labels = [...new Set(within.map(({ label }) => label))];
    const last = segments.at(-1);
    if (last !== undefined && last.everyHours === everyHours)
      segments[segments.length - 1] = {
        ...last,
        toHours,
        labels: [...new Set([...last.labels, ...labels])],
      };
    else segments.push({ fromHours, toHours, everyHours, labels });
  }
  return segments;
}

const slotHours: Readonly<Record<string, number>> = {
  minute: 1 / 60,
  hour: 1,
  day: 24,
  week: 168,
  // Months and years as the longest they can be: a promise must hold in all of them.
  month: 31 * 24,
  year: 366 * 24,
};
/** The shortest that a span of the calendar can be. */
const spanHours: Readonly<Record<string, number>> = {
  ...slotHours,
  month: 28 * 24,
  year: 365 * 24,
};

/** What rules of retention keep of captures that are taken every so many hours; no rules keep everything. */
export function rotationOfRules(
  rules: readonly RetentionRule[],
  everyHours: number,
): readonly Kept[] {
  if (rules.length === 0) return [{ fromHours: 0, untilHours: Infinity, everyHours }];
  return rules.map((rule) => {
    if (rule.kind === "last")
      return { fromHours: 0, untilHours: rule.count * everyHours, everyHours };
    const untilHours =
      rule.span === "forever" ? Infinity : rule.span.amount * (spanHours[rule.span.unit] ?? 0);
    const slot = rule.kind === "one-per" ? (slotHours[rule.slot] ?? 0) : 0;
    return { fromHours: 0, untilHours, everyHours: Math.max(slot, everyHours) };
  });
}
