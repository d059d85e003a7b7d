/** Which packs go, and which are packed anew. Pure. */
import { packTargetBytes } from "./packer.ts";
import type { PackTally } from "./pack-tally.ts";

export type PrunePlan = {
  /** Nothing in them is needed. */
  readonly remove: readonly PackTally[];
  /** Parts of them are needed: those move to new packs. The most rewarding first. */
  readonly repack: readonly PackTally[];
  /** Worth packing anew, and left to the next run: the budget was used up. */
  readonly left: readonly PackTally[];
  /** What stays in packs that stay. */
  readonly unusedBytesLeft: number;
};

export type PrunePlanOptions = {
  readonly maxUnusedShare: number;
  readonly maxRepackBytes: number;
};

/** A pack below this is small: a capture of little new mail leaves one or two. */
const smallPackBytes: number = packTargetBytes / 4;
/** So many small packs are worth being packed together, even where they do not fill one. */
const manySmallPacks = 16;

export function planPrune(
  tallies: readonly PackTally[],
  { maxUnusedShare, maxRepackBytes }: PrunePlanOptions,
): PrunePlan {
  const remove = tallies.filter(({ usedBlobs }) => usedBlobs === 0);
  const used = tallies.filter(({ usedBlobs }) => usedBlobs > 0);
  const usedBytes = used.reduce((sum, tally) => sum + tally.usedBytes, 0);
  // What is not there or cut short cannot be moved whole: it stays for verify and repair.
  const whole = used.filter(({ sizeBytes, isShort }) => sizeBytes !== undefined && !isShort);
  const mixed = whole.filter(({ isMixed }) => isMixed);
  const wasteful = whole
    .filter(({ isMixed, unusedBytes }) => !isMixed && unusedBytes > 0)
    .toSorted((a, b) => shareOf(b) - shareOf(a) || (a.packId < b.packId ? -1 : 1));
  const allowedBytes = maxUnusedShare === Infinity ? Infinity : maxUnusedShare * usedBytes;
  const wanted = [...mixed];
  let unusedBytesLeft = used.reduce((sum, tally) => sum + tally.unusedBytes, 0);
  for (const tally of mixed) unusedBytesLeft -= tally.unusedBytes;
  for (const tally of wasteful) {
    if (unusedBytesLeft <= allowedBytes) break;
    wanted.push(tally);
    unusedBytesLeft -= tally.unusedBytes;
  }
  wanted.push(...worthJoining(whole, new Set(wanted)));
  const { repack, left } = withinBudget(wanted, maxRepackBytes);
  for (const tally of left) unusedBytesLeft += tally.unusedBytes;
  return { remove, repack, left, unusedBytesLeft };
}

/** Bytes that are freed for each byte that is moved. */
function shareOf({ unusedBytes, usedBytes }: PackTally): number {
  return unusedBytes / Math.max(usedBytes, 1);
}

function worthJoining(
  whole: readonly PackTally[],
  wanted: ReadonlySet<PackTally>,
): readonly PackTally[] {
  const small = whole.filter(
    (tally) => !wanted.has(tally) && (tally.sizeBytes ?? 0) < smallPackBytes,
  );
  const bytes = small.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  return small.length >= manySmallPacks || (small.length > 1 && bytes >= packTargetBytes)
    ? small
    : [];
}

function withinBudget(
  wanted: readonly PackTally[],
  maxRepackBytes: number,
): Pick<PrunePlan, "repack" | "left"> {
  let bytes = 0;
  const end = wanted.findIndex(({ usedBytes }) => (bytes += usedBytes) > maxRepackBytes);
  return end < 0
    ? { repack: wanted, left: [] }
    : { repack: wanted.slice(0, end), left: wanted.slice(end) };
}
