/** A file's bytes in blocks, for comparing them with what the journal has of it. */
import { type ContentDigests, digestBytes, digestOf } from "../state/observed-file.ts";

export type Block = {
  /** Within the file. */
  readonly offset: number;
  readonly bytes: Uint8Array;
};

/** Pieces of any size, the first of which is at `offset`, a multiple of `blockBytes`. */
export async function* blocksOf(
  pieces: AsyncIterable<Uint8Array>,
  { offset, blockBytes }: { readonly offset: number; readonly blockBytes: number },
): AsyncGenerator<Block, void, undefined> {
  let at = offset;
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const piece of pieces) {
    let from = 0;
    while (from < piece.length) {
      const part = piece.subarray(from, from + blockBytes - restBytes);
      from += part.length;
      rest.push(part);
      restBytes += part.length;
      if (restBytes < blockBytes) continue;
      yield { offset: at, bytes: joined(rest) };
      at += restBytes;
      [rest, restBytes] = [[], 0];
    }
  }
  if (restBytes > 0) yield { offset: at, bytes: joined(rest) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

/** A part of a file that is not as it was. */
export type ChangedRange = { readonly offset: number; readonly bytes: Uint8Array };

/** What of a block is new; undefined where all of it is as it was. `oldSizeBytes`: of the file, as it is known. */
export function changedIn(
  block: Block,
  known: ContentDigests,
  oldSizeBytes: number,
): ChangedRange | undefined {
  const { offset, bytes } = block;
  const oldLength = Math.min(known.blockBytes, oldSizeBytes - offset);
  if (oldLength <= 0) return block;
  const at = (offset / known.blockBytes) * digestBytes;
  const before = known.digests.subarray(at, at + digestBytes);
  if (before.length < digestBytes || bytes.length < oldLength) {
    // Shorter than it was: the end of the file says so; compared is what there was of it.
    return block;
  }
  if (Buffer.compare(digestOf(bytes.subarray(0, oldLength)), before) !== 0) return block;
  return oldLength === bytes.length
    ? undefined
    : { offset: offset + oldLength, bytes: bytes.subarray(oldLength) };
}
