import { close, open, read } from "node:fs";
import { promisify } from "node:util";
import { type RawPath, rawPathToBytes } from "#image";

const [openFile, readFile, closeFile] = [promisify(open), promisify(read), promisify(close)];
/** Beyond this, what a log of an index says is left out: its server begins a new one at 1 MiB. */
export const mostLogBytes: number = 16 * 1024 * 1024;

/** Of a Cyrus index the first bytes say all that is asked; a header has more where a mailbox has many rights. */
export function headBytesOf(path: RawPath): number {
  return path.endsWith("header") ? 64 * 1024 : 4096;
}

/** At first; a file of more is read in larger pieces. */
const pieceBytes = 16 * 1024;

/**
 * Its first bytes, at most `mostBytes`. By descriptor: tens of thousands are read when following begins,
 * and a handle costs more than what is read here. Rejects with what the system says.
 */
export async function startOfFile(path: RawPath, mostBytes: number): Promise<Uint8Array> {
  const descriptor = await openFile(rawPathToBytes(path), "r");
  try {
    const pieces: Buffer[] = [];
    let total = 0;
    for (let size = pieceBytes; total < mostBytes; size *= 4) {
      const length = Math.min(size, mostBytes - total);
      const { bytesRead, buffer } = await readFile(
        descriptor,
        Buffer.alloc(length),
        0,
        length,
        total,
      );
      if (bytesRead > 0) pieces.push(buffer.subarray(0, bytesRead));
      total += bytesRead;
      if (bytesRead < length) break;
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  } finally {
    await closeFile(descriptor);
  }
}
