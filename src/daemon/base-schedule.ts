/** When bases are taken: whole copies of a group that a journal is replayed on. */
export type BasePlan = {
  /** Between two of them. */
  readonly everyMs: number;
};

/**
 * How long until the next base is due, in milliseconds; 0 where it is due now. The clock may have been set
 * back since the newest: then one is taken as if it were of just now, and no later.
 */
export function baseDue(
  { everyMs }: BasePlan,
  { newestNs, nowNs }: { readonly newestNs: bigint | undefined; readonly nowNs: bigint },
): number {
  if (newestNs === undefined) return 0;
  const ageMs = Math.max(0, Number((nowNs - newestNs) / 1_000_000n));
  return Math.max(0, everyMs - ageMs);
}
