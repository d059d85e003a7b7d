import type { TakeResult } from "#methods";
import type { CommandContext } from "./command.ts";
import type { AnyCopy } from "./methods/index.ts";
import { keepResult, storageResult } from "./run-results.ts";

/** A moment that a run took, and the copy that it is in. */
export type TakenMoment = {
  readonly opened: AnyCopy;
  readonly result: Pick<TakeResult, "point" | "partial" | "bytesStored">;
};

/**
 * Records what each copy takes beside the mail in it, after a run that added to it. A partial moment says
 * nothing: what it lacks is missing on both sides.
 */
export async function recordStorage(
  taken: readonly TakenMoment[],
  context: CommandContext,
): Promise<void> {
  for (const [opened, moments] of Map.groupBy(taken, ({ opened: copy }) => copy)) {
    const newest = moments.at(-1)?.result.point;
    const isTold = moments.every(({ result }) => !result.partial);
    const isMore = moments.some(({ result }) => result.bytesStored > 0);
    if (newest === undefined || !isTold || !isMore) continue;
    await keepResult(context, async () => {
      const { surroundings } = context;
      const { signal } = surroundings;
      const all = await opened.copy.moments(undefined, signal);
      const mailBytes = mailOf(all);
      if (mailBytes === undefined) return undefined;
      return storageResult(
        {
          method: opened.copy.method,
          momentId: newest.id,
          moments: all.length,
          storedBytes: await opened.storedBytes(signal),
          mailBytes,
        },
        surroundings.now(),
      );
    });
  }
}

/** The mail of a copy: the newest moment of each group. Undefined where one does not know its size. */
export function mailOf(
  moments: readonly { readonly group: string; readonly sizeBytes?: number }[],
): number | undefined {
  let total = 0;
  for (const [, of] of Map.groupBy(moments, ({ group }) => group)) {
    const size = of.at(-1)?.sizeBytes;
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}
