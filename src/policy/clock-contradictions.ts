import type { Instant } from "#time";

type Captured = { readonly atNs: Instant; readonly sequence: number; readonly generation?: string };

/**
 * Moments whose order of capture contradicts their time: each with the witness, an earlier capture of
 * its generation that claims a later time (the latest such). The clock was set back in between, and
 * which of the two is wrong cannot be known. A witness is never itself a contradiction, so that keeping
 * a moment and its witness keeps the contradiction visible.
 */
export function clockContradictions<Point extends Captured>(
  points: readonly Point[],
): Map<Point, Point> {
  const found = new Map<Point, Point>();
  const numbered = points.filter((point) => point.sequence > 0);
  for (const lineage of Map.groupBy(numbered, (point) => point.generation ?? "").values()) {
    const bySequence = Map.groupBy(
      lineage.toSorted((left, right) => left.sequence - right.sequence),
      (point) => point.sequence,
    );
    let latest: Point | undefined;
    for (const captured of bySequence.values()) {
      for (const point of captured)
        if (latest !== undefined && latest.atNs > point.atNs) found.set(point, latest);
      for (const point of captured)
        if (latest === undefined || point.atNs > latest.atNs) latest = point;
    }
  }
  return found;
}
