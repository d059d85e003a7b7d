/**
 * How old the state is that recoveries ask for. The paper gives one point: “56% of all restores occurred
 * within the first 48 hours” (§1.4.2 note 4). Through it goes the simplest curve that rises to one without
 * a longest age, share(t) = t / (t + c): an assumption beyond 48 hours, and a guide to where fineness pays.
 */
const knownHours = 48;
const knownShare = 0.56;
const halfHours: number = (knownHours * (1 - knownShare)) / knownShare;

/** Share of recoveries that ask for a state at most so old. */
export function shareOfRecoveries(ageHours: number): number {
  if (ageHours <= 0) return 0;
  return ageHours === Infinity ? 1 : ageHours / (ageHours + halfHours);
}

export function shareBetween(fromHours: number, toHours: number): number {
  return Math.max(0, shareOfRecoveries(toHours) - shareOfRecoveries(fromHours));
}
