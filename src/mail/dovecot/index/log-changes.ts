/**
 * What a stretch of a transaction log did to the number of messages, for whoever follows a log as it
 * grows: messages that came and went by UID, and references that a map gained (mdbox). A stretch begins
 * with a record and may end within one.
 */
import {
  isCutTransaction,
  isKnownType,
  logRecordAt,
  recordHeaderBytes,
  recordTypes,
} from "./transaction-log.ts";

export type UidRange = { readonly first: number; readonly last: number };

export type LogChanges = {
  /** In the order of the log; what follows each other is one range. */
  readonly appended: readonly UidRange[];
  /** As done, not as asked for. A range of an old server may have UIDs in it that no message had. */
  readonly expunged: readonly UidRange[];
  /** In a map: how many times a message that was there got one more mailbox, as a copy does. */
  readonly references: number;
  /** How much of the stretch these are; the rest is not committed, or not all there. */
  readonly readBytes: number;
  /** What follows is no record and never becomes one. */
  readonly isDamaged: boolean;
};

/** Never throws. */
export function readLogChanges(stretch: Uint8Array): LogChanges {
  const view = new DataView(stretch.buffer, stretch.byteOffset, stretch.byteLength);
  const [appended, expunged]: [UidRange[], UidRange[]] = [[], []];
  let references = 0;
  let at = 0;
  let isDamaged = false;
  while (at + recordHeaderBytes <= stretch.length) {
    const { size, type, isExternal } = logRecordAt(view, at);
    // Not committed, or it was read while it was written.
    if (size === 0 || at + size > stretch.length) break;
    if (size < recordHeaderBytes || !isKnownType(type)) {
      isDamaged = true;
      break;
    }
    if (type === recordTypes.boundary && isCutTransaction(view, at, size)) break;
    const bodyOffset = stretch.byteOffset + at + recordHeaderBytes;
    const body = new DataView(stretch.buffer, bodyOffset, size - recordHeaderBytes);
    if (type === recordTypes.append) uidsAt(body, 8, appended);
    else if (type === recordTypes.expungeGuid && isExternal) uidsAt(body, 20, expunged);
    else if (type === recordTypes.expunge && isExternal) rangesOf(body, expunged);
    else if (type === recordTypes.extensionAtomicIncrement) references += gained(body);
    at += size;
  }
  return { appended, expunged, references, readBytes: at, isDamaged };
}

/** How many UIDs. */
export function uidsIn(ranges: readonly UidRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** A UID at the start of each step. */
function uidsAt(body: DataView, step: number, into: UidRange[]): void {
  for (let at = 0; at + step <= body.byteLength; at += step) {
    const uid = body.getUint32(at, true);
    if (uid !== 0) add({ first: uid, last: uid }, into);
  }
}

/** `first UID (4), last UID (4)` of each. */
function rangesOf(body: DataView, into: UidRange[]): void {
  for (let at = 0; at + 8 <= body.byteLength; at += 8) {
    const [first, last] = [body.getUint32(at, true), body.getUint32(at + 4, true)];
    if (first !== 0 && first <= last) add({ first, last }, into);
  }
}

function add(range: UidRange, into: UidRange[]): void {
  const before = into.at(-1);
  if (before?.last !== range.first - 1) into.push(range);
  else into[into.length - 1] = { first: before.first, last: range.last };
}

/** `UID (4), what is added (4, signed)` of each; what is taken away is not counted. */
function gained(body: DataView): number {
  let sum = 0;
  for (let at = 0; at + 8 <= body.byteLength; at += 8) if (body.getInt32(at + 4, true) > 0) sum++;
  return sum;
}
