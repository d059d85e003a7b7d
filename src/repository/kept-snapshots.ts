/**
 * Snapshots in columns, as they are kept in the local cache: ten thousand objects in JSON take ten
 * times as long to read, and most of their texts are the same.
 *
 *   u32 crc32 of the rest ‖ u32 magic "RSN2" ‖ u32 snapshots ‖ u32 list entries ‖ u32 text bytes ‖ u32 0
 *   i64 columns: time, and of the summary begin and end
 *   f64 columns: uid, gid, and of the summary each number
 *   u32 columns: tree, parent, hostname, username, original, program version (1 + number of a text; 0 where
 *     there is none), 1 where there is a summary, and where in the list its paths, tags and excludes end
 *   u32 list: numbers of texts
 *   ids: 32 bytes each
 *   texts: a JSON array
 */
import { endianness } from "node:os";
import { crc32 } from "node:zlib";
import type { Snapshot, SnapshotSummary } from "./repository.ts";

const magic = 0x324e5352;
const headerBytes = 24;
const summaryNumbers = [
  "filesNew",
  "filesChanged",
  "filesUnmodified",
  "dirsNew",
  "dirsChanged",
  "dirsUnmodified",
  "dataBlobs",
  "treeBlobs",
  "dataAdded",
  "dataAddedPacked",
  "totalFilesProcessed",
  "totalBytesProcessed",
] as const satisfies readonly (keyof SnapshotSummary)[];
const instants = 3;
const numbers: number = 2 + summaryNumbers.length;
const words = 10;

type Columns = {
  /** By column, then by snapshot. */
  readonly instants: BigInt64Array;
  readonly numbers: Float64Array;
  readonly words: Uint32Array;
  readonly list: Uint32Array;
  readonly ids: Uint8Array;
  readonly texts: Uint8Array;
};

type Counts = { readonly snapshots: number; readonly entries: number; readonly textBytes: number };

function lengthOf({ snapshots, entries, textBytes }: Counts): number {
  const each = instants * 8 + numbers * 8 + words * 4 + 32;
  return headerBytes + snapshots * each + entries * 4 + textBytes;
}

/** Views of a file's parts, all of which begin where their elements may. */
function columnsOf(file: Uint8Array, { snapshots, entries, textBytes }: Counts): Columns {
  let at = file.byteOffset + headerBytes;
  const memory = file.buffer as ArrayBuffer;
  const take = (lengthBytes: number): number => {
    const start = at;
    at += lengthBytes;
    return start;
  };
  return {
    instants: new BigInt64Array(memory, take(instants * snapshots * 8), instants * snapshots),
    numbers: new Float64Array(memory, take(numbers * snapshots * 8), numbers * snapshots),
    words: new Uint32Array(memory, take(words * snapshots * 4), words * snapshots),
    list: new Uint32Array(memory, take(entries * 4), entries),
    ids: new Uint8Array(memory, take(snapshots * 32), snapshots * 32),
    texts: new Uint8Array(memory, take(textBytes), textBytes),
  };
}

/** Gives each text its number. */
class Texts {
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  /** 0 for none. */
  optional(text: string | undefined): number {
    return text === undefined ? 0 : this.numberOf(text) + 1;
  }

  toJson(): Buffer {
    return Buffer.from(JSON.stringify([...this.#numbers.keys()]));
  }
}

export function encodeSnapshots(snapshots: readonly Snapshot[]): Buffer {
  const texts = new Texts();
  const list: number[] = [];
  const rows = snapshots.map((snapshot): readonly number[] => {
    const { tree, parent, hostname, username, original, programVersion, summary } = snapshot;
    const fields = [tree, parent, hostname, username, original, programVersion];
    const ends = [snapshot.paths, snapshot.tags, snapshot.excludes].map((values) =>
      list.push(...values.map((value) => texts.numberOf(value))),
    );
    const own = fields.map((text) => texts.optional(text));
    return [...own, summary === undefined ? 0 : 1, ...ends];
  });
  const json = texts.toJson();
  const counts = { snapshots: rows.length, entries: list.length, textBytes: json.length };
  const file = Buffer.from(new ArrayBuffer(lengthOf(counts)));
  const header = [0, magic, counts.snapshots, counts.entries, counts.textBytes, 0];
  for (const [at, value] of header.entries()) file.writeUInt32LE(value, at * 4);
  const columns = columnsOf(file, counts);
  const count = snapshots.length;
  for (const [row, { id, timeNs, uid, gid, summary }] of snapshots.entries()) {
    const times = [timeNs, summary?.backupStartNs ?? 0n, summary?.backupEndNs ?? 0n];
    for (const [at, value] of times.entries()) columns.instants[at * count + row] = value;
    const own = [uid, gid, ...summaryNumbers.map((name) => summary?.[name] ?? 0)];
    for (const [at, value] of own.entries()) columns.numbers[at * count + row] = value;
    for (const [at, value] of (rows[row] as readonly number[]).entries())
      columns.words[at * count + row] = value;
    columns.ids.set(Buffer.from(id, "hex"), row * 32);
  }
  columns.list.set(list);
  columns.texts.set(json);
  file.writeUInt32LE(crc32(file.subarray(4)), 0);
  return file;
}

/** Undefined where the bytes are not what was written, or by another version: it is made again then. */
export function decodeSnapshots(bytes: Buffer): readonly Snapshot[] | undefined {
  if (endianness() !== "LE" || bytes.length < headerBytes) return undefined;
  if (bytes.readUInt32LE(4) !== magic) return undefined;
  const counts = {
    snapshots: bytes.readUInt32LE(8),
    entries: bytes.readUInt32LE(12),
    textBytes: bytes.readUInt32LE(16),
  };
  if (lengthOf(counts) !== bytes.length) return undefined;
  // The sum says that these are bytes of ours, which had been checked when they were read.
  if (crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  const isAligned = bytes.byteOffset % 8 === 0;
  const file = isAligned ? bytes : new Uint8Array(bytes);
  const columns = columnsOf(file, counts);
  const texts = JSON.parse(Buffer.from(columns.texts).toString("utf8")) as readonly string[];
  const ids = Buffer.from(columns.ids).toString("hex");
  return Array.from({ length: counts.snapshots }, (_, row) =>
    snapshotOf(row, { columns, texts, ids, count: counts.snapshots }),
  );
}

type Kept = {
  readonly columns: Columns;
  readonly texts: readonly string[];
  readonly ids: string;
  readonly count: number;
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Without an object in between: of ten thousand, each would be garbage to collect. */
function snapshotOf(row: number, kept: Kept): Snapshot {
  const { columns, ids, count } = kept;
  const { words: word } = columns;
  const text = (column: number): string =>
    kept.texts[(word[column * count + row] as number) - 1] as string;
  const end = (column: number): number => word[column * count + row] as number;
  const snapshot: Mutable<Snapshot> = {
    id: ids.slice(row * 64, row * 64 + 64),
    timeNs: columns.instants[row] as bigint,
    tree: text(0),
    paths: textsOf(kept, row === 0 ? 0 : (word[9 * count + row - 1] as number), end(7)),
    hostname: text(2),
    username: text(3),
    uid: columns.numbers[row] as number,
    gid: columns.numbers[count + row] as number,
    tags: textsOf(kept, end(7), end(8)),
    excludes: textsOf(kept, end(8), end(9)),
  };
  if (end(1) !== 0) snapshot.parent = text(1);
  if (end(4) !== 0) snapshot.original = text(4);
  if (end(5) !== 0) snapshot.programVersion = text(5);
  if (end(6) !== 0) snapshot.summary = summaryOf(row, columns, count);
  return snapshot;
}

function textsOf({ columns, texts }: Kept, from: number, to: number): readonly string[] {
  const values: string[] = [];
  for (let at = from; at < to; at++) values.push(texts[columns.list[at] as number] as string);
  return values;
}

function summaryOf(row: number, { instants: times, numbers: own }: Columns, count: number) {
  const number = (column: number): number => own[(2 + column) * count + row] as number;
  return {
    backupStartNs: times[count + row] as bigint,
    backupEndNs: times[2 * count + row] as bigint,
    filesNew: number(0),
    filesChanged: number(1),
    filesUnmodified: number(2),
    dirsNew: number(3),
    dirsChanged: number(4),
    dirsUnmodified: number(5),
    dataBlobs: number(6),
    treeBlobs: number(7),
    dataAdded: number(8),
    dataAddedPacked: number(9),
    totalFilesProcessed: number(10),
    totalBytesProcessed: number(11),
  } satisfies SnapshotSummary;
}
