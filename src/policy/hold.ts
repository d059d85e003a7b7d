import type { Instant } from "#time";

/** A person's word, or an alarm's, that what is kept of a group stays until it is released. */
export type RetentionHold = {
  readonly id: string;
  /** As the moments of the group have it; absent: of every group. */
  readonly group?: string;
  /** Up to this instant, included; absent: all there is, and what comes. */
  readonly untilNs?: Instant;
  readonly reason: string;
};

/**
 * The first hold that keeps a moment, or a stretch of a journal that ends at this instant: nothing that
 * is held may be dropped, whatever rules of retention say.
 */
export function heldBy(
  point: { readonly group: string; readonly atNs: Instant },
  holds: readonly RetentionHold[],
): RetentionHold | undefined {
  return holds.find(
    ({ group, untilNs }) =>
      (group === undefined || group === point.group) &&
      (untilNs === undefined || point.atNs <= untilNs),
  );
}
