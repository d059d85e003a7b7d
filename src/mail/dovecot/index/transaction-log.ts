/**
 * A file of Dovecot's transaction log (`dovecot.index.log`, lib-index/mail-transaction-log.h).
 * Little-endian, except for sizes of records.
 *
 * | offset | bytes | what                                                             |
 * | ------ | ----- | ---------------------------------------------------------------- |
 * | 0      | 1     | major version, 1                                                 |
 * | 1      | 1     | minor version; from 3 on internal flags do not count as a change |
 * | 2      | 2     | bytes of this header, ≥ 24                                       |
 * | 4      | 4     | index ID, the same in the index; 0: marked as corrupted          |
 * | 8      | 4     | sequence of this file                                            |
 * | 12     | 4     | sequence of the file before; 0: there is none, the index is new  |
 * | 16     | 4     | where that one ended                                             |
 * | 24     | 8     | modseq before the first record                                   |
 * | 32     | 1     | 1: little-endian (from minor version 2 on)                       |
 *
 * Then records, each at a multiple of 4:
 *
 * | offset | bytes | what                                                                          |
 * | ------ | ----- | ----------------------------------------------------------------------------- |
 * | 0      | 4     | size with this header / 4, in four groups of 7 bits, big-endian, top bits set |
 * | 4      | 4     | type, and flags: 0x1000_0000 it has happened, 0x2000_0000 by dsync            |
 * | 8      | …     | what the type says                                                            |
 *
 * A size whose top bits are not set belongs to a transaction that is not committed yet.
 */
export type LogHeader = {
  readonly indexId: number;
  readonly sequence: number;
  readonly previousSequence: number;
  readonly previousEnd: number;
  readonly initialModseq: bigint;
  /** Changes of flags that only the server knows do not raise the modseq. */
  readonly hidesInternalFlags: boolean;
};

export type LogRecord = {
  readonly offset: number;
  readonly type: number;
  /** It has happened; else it was asked for. */
  readonly isExternal: boolean;
  /** After the header of the record. */
  readonly body: DataView;
};

export type LogFile = {
  readonly header: LogHeader;
  readonly headerBytes: number;
  readonly bytes: Uint8Array;
};

const headerMinimumBytes = 24;
export const recordHeaderBytes = 8;
const typeMask = 0x0fff_ffff;
const externalFlag = 0x1000_0000;

export const recordTypes = {
  expunge: 0x0000_cd91,
  append: 0x0000_0002,
  flagUpdate: 0x0000_0004,
  headerUpdate: 0x0000_0020,
  extensionIntro: 0x0000_0040,
  extensionReset: 0x0000_0080,
  extensionHeaderUpdate: 0x0000_0100,
  extensionRecordUpdate: 0x0000_0200,
  keywordUpdate: 0x0000_0400,
  keywordReset: 0x0000_0800,
  extensionAtomicIncrement: 0x0000_1000,
  expungeGuid: 0x0000_ed90,
  modseqUpdate: 0x0000_8000,
  extensionHeaderUpdate32: 0x0001_0000,
  indexDeleted: 0x0002_0000,
  indexUndeleted: 0x0004_0000,
  boundary: 0x0008_0000,
  attributeUpdate: 0x0010_0000,
} as const;

const knownTypes: ReadonlySet<number> = new Set(Object.values(recordTypes));

export function isKnownType(type: number): boolean {
  return knownTypes.has(type);
}

/** The file, or why it cannot be read. */
export function openLogFile(bytes: Uint8Array): LogFile | string {
  if (bytes.length < headerMinimumBytes) return "it is cut off in its header";
  const view = viewOf(bytes);
  if (view.getUint8(0) !== 1) return `it has version ${view.getUint8(0)}, not 1`;
  const headerBytes = view.getUint16(2, true);
  if (headerBytes < headerMinimumBytes || headerBytes > bytes.length)
    return "its header contradicts itself";
  const has = (offset: number, size: number): boolean => headerBytes >= offset + size;
  const minorVersion = view.getUint8(1);
  if (minorVersion >= 2 && has(32, 1) && view.getUint8(32) !== 1)
    return "it is of a machine with another byte order";
  const header: LogHeader = {
    indexId: view.getUint32(4, true),
    sequence: view.getUint32(8, true),
    previousSequence: view.getUint32(12, true),
    previousEnd: view.getUint32(16, true),
    initialModseq: has(24, 8) ? view.getBigUint64(24, true) : 0n,
    hidesInternalFlags: minorVersion >= 3,
  };
  return { header, headerBytes, bytes };
}

export type LogEnd = {
  /** Where the last record ends that was committed. */
  readonly endOffset: number;
  /** What was met that is no record and no end. */
  readonly damage?: string;
};

/**
 * The committed records. Where one is damaged, reading goes on at the next place from which records
 * follow each other up to the end. Returns how it ended.
 */
export function* logRecords(file: LogFile): Generator<LogRecord, LogEnd, undefined> {
  const { bytes } = file;
  const view = viewOf(bytes);
  let damage: string | undefined;
  let offset = file.headerBytes;
  let isWholeToEnd = false;
  while (offset + recordHeaderBytes <= bytes.length) {
    const size = recordSize(view, offset);
    const type = view.getUint32(offset + 4, true);
    if (view.getUint32(offset, true) === 0) break;
    const isWhole = size >= recordHeaderBytes && offset + size <= bytes.length;
    if (isWhole && knownTypes.has(type & typeMask)) {
      if ((type & typeMask) === recordTypes.boundary && isCutTransaction(view, offset, size)) {
        damage ??= `its transaction at byte ${offset} is cut off`;
        // Unless only its length is damaged: then whole records follow up to the end.
        isWholeToEnd ||= nextPlausible(view, offset) === offset;
        if (!isWholeToEnd) break;
      }
      yield {
        offset,
        type: type & typeMask,
        isExternal: (type & externalFlag) !== 0,
        body: new DataView(
          bytes.buffer,
          bytes.byteOffset + offset + recordHeaderBytes,
          size - recordHeaderBytes,
        ),
      };
      offset += size;
      continue;
    }
    damage ??= `it is damaged at byte ${offset}`;
    const next = isWhole ? offset + size : nextPlausible(view, offset + 4);
    if (next === undefined) break;
    offset = next;
  }
  const rest = bytes.subarray(offset);
  if (rest.length < recordHeaderBytes && rest.some((byte) => byte !== 0))
    damage ??= `it is cut off after byte ${offset}`;
  return { endOffset: offset, ...(damage === undefined ? {} : { damage }) };
}

/** The size of a record from its four groups of 7 bits; 0 where it is not committed. */
export function recordSize(view: DataView, offset: number): number {
  const packed = view.getUint32(offset, false);
  if ((packed & 0x8080_8080) >>> 0 !== 0x8080_8080) return 0;
  const quarter =
    (packed & 0x7f) |
    ((packed & 0x7f00) >>> 1) |
    ((packed & 0x7f_0000) >>> 2) |
    ((packed & 0x7f00_0000) >>> 3);
  return quarter * 4;
}

/** A size as `recordSize` reads it. */
export function packRecordSize(size: number): number {
  const quarter = size >>> 2;
  const packed =
    0x8080_8080 |
    (quarter & 0x7f) |
    ((quarter & 0x3f80) << 1) |
    ((quarter & 0x1f_c000) << 2) |
    ((quarter & 0xfe0_0000) << 3);
  return packed >>> 0;
}

/** The header of the record at this place; size 0: it is not committed. */
export function logRecordAt(
  view: DataView,
  offset: number,
): { readonly size: number; readonly type: number; readonly isExternal: boolean } {
  const type = view.getUint32(offset + 4, true);
  const isExternal = (type & externalFlag) !== 0;
  return { size: recordSize(view, offset), type: type & typeMask, isExternal };
}

/** A boundary says how long the transaction is that it starts; one that goes beyond the file is not complete. */
export function isCutTransaction(view: DataView, offset: number, size: number): boolean {
  if (size < recordHeaderBytes + 4) return false;
  return offset + view.getUint32(offset + recordHeaderBytes, true) > view.byteLength;
}

/** The first offset from which plausible records follow each other up to the end of the file. */
function nextPlausible(view: DataView, from: number): number | undefined {
  const end = view.byteLength;
  const leadsToEnd = new Uint8Array(((end - from) >>> 2) + 1);
  let first: number | undefined;
  const last = from + (((end - from) >>> 2) << 2);
  for (let offset = last; offset >= from; offset -= 4) {
    if (offset + recordHeaderBytes > end) continue;
    const size = recordSize(view, offset);
    if (size < recordHeaderBytes || !knownTypes.has(view.getUint32(offset + 4, true) & typeMask))
      continue;
    const next = offset + size;
    if (next !== end && (next > end || leadsToEnd[(next - from) >>> 2] !== 1)) continue;
    leadsToEnd[(offset - from) >>> 2] = 1;
    first = offset;
  }
  return first;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
