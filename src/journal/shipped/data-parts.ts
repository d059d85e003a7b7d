import { contentKindOf } from "#mail";
import type { RawPath } from "#image";
import type { FilePart } from "#repository";
import { maxDataBytes } from "../journal-event.ts";

/** So much of one file is cut as one: what is longer goes on as another part. */
const maxChunks = 64;
/** A dbox message's header (see the cutter): 01 02, type, and at 13 the message's size in hexadecimal. */
const dboxHeaderBytes = 30;
const dboxSize = /^[0-9a-fA-F]{16}\n$/;
const dboxSizeAt = 13;

/**
 * The bytes of `data` events as parts of a file, each cut as the mail is that a base holds, so that
 * what both hold is stored once. Bytes are never changed, and no cut has a meaning.
 */
export class DataParts {
  #chunks: Uint8Array[] = [];

  /** What is complete with this event. */
  push(bytes: Uint8Array): readonly FilePart[] {
    // A longer file comes as events that are full, but for the last.
    const goesOn = bytes.length === maxDataBytes && this.#chunks.length + 1 < maxChunks;
    // What is kept for later is our own: whoever reads may use its memory again.
    if (bytes.length > 0) this.#chunks.push(goesOn ? Uint8Array.from(bytes) : bytes);
    return goesOn ? [] : this.end();
  }

  /** An event that holds no data has come, or nothing comes any more. */
  end(): readonly FilePart[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    const [first] = chunks;
    if (first === undefined) return [];
    return dboxSizeOf(first) === undefined
      ? [{ kind: kindOf(first), chunks }]
      : dboxParts(chunks.length === 1 ? first : Buffer.concat(chunks));
  }
}

/** Nobody says here which file it is: what is no container and not packed is cut as a message. */
function kindOf(head: Uint8Array): FilePart["kind"] {
  const kind = contentKindOf("" as RawPath, head);
  return kind === "other" ? contentKindOf("message.eml" as RawPath, head) : kind;
}

/** What was added to a dbox file begins with a message's header, not with the file's. */
function dboxParts(bytes: Uint8Array): readonly FilePart[] {
  const parts: FilePart[] = [];
  const add = (kind: FilePart["kind"], from: number, to: number): void => {
    if (to > from) parts.push({ kind, chunks: [bytes.subarray(from, to)] });
  };
  let from = 0;
  for (let at = 0; ;) {
    const sizeBytes = dboxSizeOf(bytes.subarray(at, at + dboxHeaderBytes));
    if (sizeBytes === undefined) break;
    const start = at + dboxHeaderBytes;
    const end = Math.min(start + sizeBytes, bytes.length);
    add("other", from, start);
    add(kindOf(bytes.subarray(start, end)), start, end);
    from = end;
    // Behind it are its metadata, which end with an empty line.
    const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("\n\n", end);
    if (next < 0) break;
    at = next + 2;
  }
  add("other", from, bytes.length);
  return parts;
}

function dboxSizeOf(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== 1 || bytes[1] !== 2 || bytes.length < dboxHeaderBytes) return undefined;
  const text = Buffer.from(bytes.subarray(dboxSizeAt, dboxHeaderBytes)).toString("latin1");
  const sizeBytes = dboxSize.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}
