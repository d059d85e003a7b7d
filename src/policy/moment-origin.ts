/**
 * Moments of one group by who wrote them: captures of ours have a sequence, those of another program (a
 * `restic backup` of the same folder into the same repository) have none. Nothing that the others say of
 * themselves decides about ours, nor the other way round.
 */
export function byOrigin<Point extends { readonly sequence: number }>(
  points: readonly Point[],
): readonly (readonly Point[])[] {
  const ours = points.filter(({ sequence }) => sequence > 0);
  const others = points.filter(({ sequence }) => sequence <= 0);
  return [ours, others].filter((list) => list.length > 0);
}
