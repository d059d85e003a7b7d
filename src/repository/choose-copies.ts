/**
 * Which copy of a blob stays where several are there: the one whose pack is used the most, after it
 * was read. A second copy is what repairs a damaged pack: it does not go before the first is proved.
 */
import type { BlobIndex } from "./blob-index.ts";
import { tallyPacks, type PackTally } from "./pack-tally.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import type { RepositoryCore } from "./repository-core.ts";

export type ChooseCopiesOptions = {
  readonly index: BlobIndex;
  /** A byte a blob: 1 for the copy that the index finds, where it is needed. */
  readonly isUsed: Uint8Array;
  readonly copies: ReadonlyMap<number, readonly number[]>;
  readonly repeated: ReadonlySet<number>;
  readonly sizes: ReadonlyMap<string, number>;
  readonly signal: AbortSignal;
};

/** A byte a blob: 1 for the copies that stay. Where none can be read, all stay. */
export async function chooseCopies(
  core: RepositoryCore,
  options: ChooseCopiesOptions,
): Promise<Uint8Array> {
  const { index, isUsed, copies, repeated, sizes, signal } = options;
  const isKept = isUsed.slice();
  const waiting: { readonly all: readonly number[]; readonly ranked: number[] }[] = [];
  for (const [first, others] of copies) {
    if (isUsed[first] !== 1) continue;
    isKept[first] = 0;
    waiting.push({ all: [first, ...others], ranked: [] });
  }
  if (waiting.length === 0) return isKept;
  const tallies = tallyPacks({ index, isKept, repeated, sizes });
  const rank = (blob: number): number => rankOf(tallies[index.packNumberOf(blob)] as PackTally);
  for (const { all, ranked } of waiting) ranked.push(...all.toSorted((a, b) => rank(b) - rank(a)));
  for (let left = waiting; left.length > 0;) {
    const asked = new Map<number, (typeof left)[number]>();
    const next: typeof left = [];
    for (const group of left) {
      const blob = group.ranked.shift();
      if (blob !== undefined) asked.set(blob, group);
      else for (const one of group.all) isKept[one] = 1;
    }
    const blobs = Uint32Array.from(asked.keys());
    for await (const { blob, error } of readInPackOrder(core, { index, blobs, signal })) {
      if (error === undefined) isKept[blob] = 1;
      else next.push(asked.get(blob) as (typeof left)[number]);
    }
    left = next;
  }
  return isKept;
}

function rankOf({ sizeBytes, isShort, usedBytes }: PackTally): number {
  return sizeBytes === undefined || isShort ? -1 : usedBytes;
}
