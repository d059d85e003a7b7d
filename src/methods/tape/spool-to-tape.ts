/** Disk to disk to tape (paper §3.2: backup to disk "as a short term staging area"): a moment of another Copy, on tape. */
import type { Copy, RecoveryPoint } from "#copies";
import type { TakeOptions, TakeResult } from "../method.ts";
import { type TapeWriteOptions, writeSet } from "./backup-to-tape.ts";
import type { TapeLibrary } from "./drive/index.ts";

export type SpoolToTapeOptions = Omit<TakeOptions, "group" | "full"> &
  TapeWriteOptions & {
    readonly library: TapeLibrary;
    readonly point: RecoveryPoint;
  };

/** The moment keeps its group, sequence, generation and instant, and says which copy it came from. */
export async function spoolToTape(
  fromCopy: Copy,
  { point, ...options }: SpoolToTapeOptions,
): Promise<TakeResult> {
  const { group, sequence, generation, atNs, consistency, hostname, paths } = point;
  await using image = await fromCopy.open(point, options.signal);
  const origin = `tape:from:${fromCopy.name}:${point.id}`;
  const tags = [...new Set([...point.tags, ...(options.tags ?? []), origin])];
  const moment = { group, sequence, generation, atNs, consistency, hostname, paths, tags };
  return await writeSet(image, { ...options, group, moment: () => moment });
}
