/**
 * A sealed segment of a journal as a file of the repository, which encrypts it (little-endian):
 *
 *   bytes of the `data` events   one after another, nothing between them: they are cut as mail is
 *   records                      text journal ID, text group, number of records, and for each of them:
 *                                number: its sequence less the one before (the first: less 0)
 *                                number: length of its bytes above; 0 of other events
 *                                bytes: the event and its instant, as in the journal
 *   trailer                      the last 136 bytes
 *
 *   offset  length  what
 *   0       8       "RESTSHIP"
 *   8       4       version, 1
 *   12      4       zeros
 *   16      8       length of the bytes of `data` events
 *   24      8       length of the records
 *   32      8       how many records
 *   40      8       first sequence
 *   48      8       last sequence
 *   56      8       instant of the first, nanoseconds since 1970 UTC
 *   64      8       instant of the last
 *   72      32      the segment's own digest, as its trailer in the journal has it
 *   104     32      SHA-256 of everything before
 */
import { createHash } from "node:crypto";
import type { FilePart } from "#repository";
import type { JournalRecord, Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import { decodeEvent, encodeEvent } from "../segments/event-codec.ts";
import { FieldError, FieldReader } from "../segments/field-reader.ts";
import { FieldWriter } from "../segments/field-writer.ts";
import { DataParts } from "./data-parts.ts";

export const shippedTrailerBytes = 136;
const magic = "RESTSHIP";
const shippedVersion = 1;
const shaOffset = 104;

export type ShippedFacts = {
  readonly id: string;
  readonly group: string;
  /** Of the sealed segment, hexadecimal. */
  readonly digest: string;
};

/** The file of these records, of which there is at least one. */
export async function* encodeShipped(
  records: AsyncIterable<JournalRecord>,
  facts: ShippedFacts,
): AsyncGenerator<FilePart> {
  const data = new DataParts();
  const sha = createHash("sha256");
  const event = new FieldWriter();
  const rows = new FieldWriter();
  let dataBytes = 0;
  let count = 0;
  let first: JournalPoint | undefined;
  let last: JournalPoint | undefined;
  for await (const { sequence, atNs, event: what } of records) {
    const bytes = what.type === "data" ? what.bytes : undefined;
    for (const part of bytes === undefined ? data.end() : data.push(bytes)) yield part;
    if (bytes !== undefined) sha.update(bytes);
    event.clear();
    encodeEvent(event, what, atNs);
    rows.number(sequence - (last?.sequence ?? 0));
    rows.number(bytes?.length ?? 0);
    rows.bytes(event.written());
    dataBytes += bytes?.length ?? 0;
    count += 1;
    last = { sequence, atNs };
    first ??= last;
  }
  yield* data.end();
  if (first === undefined || last === undefined) throw new RangeError("a segment has records");
  const head = new FieldWriter();
  head.text(facts.id);
  head.text(facts.group);
  head.number(count);
  const recordsBytes = Buffer.concat([head.written(), rows.written()]);
  const trailer = Buffer.alloc(shippedTrailerBytes);
  trailer.write(magic, "latin1");
  trailer.writeUInt32LE(shippedVersion, 8);
  for (const [index, value] of [
    dataBytes,
    recordsBytes.length,
    count,
    first.sequence,
    last.sequence,
  ].entries())
    trailer.writeBigUInt64LE(BigInt(value), 16 + index * 8);
  trailer.writeBigInt64LE(first.atNs, 56);
  trailer.writeBigInt64LE(last.atNs, 64);
  trailer.write(facts.digest, 72, "hex");
  sha.update(recordsBytes).update(trailer.subarray(0, shaOffset));
  trailer.set(sha.digest(), shaOffset);
  yield { kind: "other", chunks: [Buffer.concat([recordsBytes, trailer])] };
}

export type ShippedTrailer = {
  readonly dataBytes: number;
  readonly recordsBytes: number;
  readonly count: number;
  readonly first: JournalPoint;
  readonly last: JournalPoint;
  readonly digest: string;
  /** SHA-256 of all before it, hexadecimal. */
  readonly sha: string;
};

/** Undefined where these bytes end no such file of that length. */
export function decodeShippedTrailer(bytes: Buffer, sizeBytes: number): ShippedTrailer | undefined {
  if (bytes.length !== shippedTrailerBytes || bytes.toString("latin1", 0, 8) !== magic)
    return undefined;
  if (bytes.readUInt32LE(8) !== shippedVersion) return undefined;
  const number = (at: number): number => Number(bytes.readBigUInt64LE(at));
  const [dataBytes, recordsBytes] = [number(16), number(24)];
  if (dataBytes + recordsBytes + shippedTrailerBytes !== sizeBytes) return undefined;
  return {
    dataBytes,
    recordsBytes,
    count: number(32),
    first: { sequence: number(40), atNs: bytes.readBigInt64LE(56) },
    last: { sequence: number(48), atNs: bytes.readBigInt64LE(64) },
    digest: bytes.toString("hex", 72, shaOffset),
    sha: bytes.toString("hex", shaOffset),
  };
}

export type ShippedRow = {
  readonly sequence: Sequence;
  /** Where its bytes lie in the file, of a `data` event. */
  readonly offset: number;
  readonly dataBytes: number;
  readonly metadata: Buffer;
};

/** What stands between data and trailer; undefined where it is not what was written. */
export function decodeShippedRows(
  bytes: Buffer,
  { dataBytes, count, first, last }: ShippedTrailer,
):
  | { readonly id: string; readonly group: string; readonly rows: readonly ShippedRow[] }
  | undefined {
  try {
    const reader = new FieldReader(bytes);
    const [id, group] = [reader.text(), reader.text()];
    if (reader.count() !== count) return undefined;
    const rows: ShippedRow[] = [];
    let sequence = 0;
    let offset = 0;
    for (let at = 0; at < count; at++) {
      const step = reader.number();
      if (step === 0) return undefined;
      sequence += step;
      const length = reader.number();
      rows.push({ sequence, offset, dataBytes: length, metadata: reader.bytes() });
      offset += length;
    }
    const isWhole = reader.isAtEnd && offset === dataBytes;
    const isSame = rows[0]?.sequence === first.sequence && sequence === last.sequence;
    return isWhole && isSame ? { id, group, rows } : undefined;
  } catch (error) {
    if (error instanceof FieldError) return undefined;
    throw error;
  }
}

/** Undefined where it means nothing to this version. */
export function recordOf(row: ShippedRow, data: Uint8Array): JournalRecord | undefined {
  const decoded = decodeEvent(row.metadata, data);
  return decoded === undefined ? undefined : { sequence: row.sequence, ...decoded };
}
