import { Extension } from "./extension.ts";
import type { MailIndex } from "./mail-index.ts";
import { isInternalFlags, raiseModseq } from "./raise-modseq.ts";
import { bytesOf, eachPiece, eachRange, textOf, viewOf } from "./record-body.ts";
import { TooMuchWork } from "./room.ts";
import { type LogFile, type LogRecord, logRecords, recordTypes } from "./transaction-log.ts";

export type ReplayOptions = {
  /** Records before it are in the index already; they only count for the modseq. */
  readonly fromOffset: number;
  /** The log's beginning is lost, so the numbers of extensions mean nothing. */
  readonly withoutNumbers: boolean;
};

export type Replayed = {
  readonly endOffset: number;
  /** What could not be made sense of, in plain words. */
  readonly damage: readonly string[];
  readonly isDeleted?: boolean;
};

/** No number: the extension is called by name. */
const byName = 0xffff_ffff;
/** More extensions than Dovecot and its plugins have. */
const extensionLimit = 256;

/** Applies the records of one log file to an index, as far as they can be made sense of. */
export function replayLog(index: MailIndex, file: LogFile, options: ReplayOptions): Replayed {
  const replay = new Replay(index, options);
  const records = logRecords(file);
  index.highestModseq = file.header.initialModseq;
  const damage: string[] = [];
  let isDeleted: boolean | undefined;
  for (;;) {
    const next = records.next();
    if (next.done === true) {
      if (next.value.damage !== undefined) damage.push(next.value.damage);
      const { endOffset } = next.value;
      return { endOffset, damage, ...(isDeleted === undefined ? {} : { isDeleted }) };
    }
    const record = next.value;
    try {
      raiseModseq(index, record, file.header.hidesInternalFlags);
      if (record.offset < options.fromOffset) continue;
      if (record.type === recordTypes.indexDeleted && record.isExternal) isDeleted = true;
      if (record.type === recordTypes.indexUndeleted && record.isExternal) isDeleted = false;
      replay.apply(record);
    } catch (error) {
      if (error instanceof TooMuchWork) {
        damage.push("it asks for more work than a mailbox can need");
        return { endOffset: record.offset, damage };
      }
      // A record that is shorter than its type wants, or contradicts itself.
      if (!(error instanceof RangeError)) throw error;
      if (damage.length < 10) damage.push(`its record at byte ${record.offset} is damaged`);
    }
  }
}

class Replay {
  readonly #index: MailIndex;
  readonly #withoutNumbers: boolean;
  /** What the last introduction was of; undefined: what follows is not for us. */
  #current: Extension | undefined;
  /** The introduction saw the extension before it was reset: only a reset may follow. */
  #isStale = false;

  constructor(index: MailIndex, options: Pick<ReplayOptions, "withoutNumbers">) {
    this.#index = index;
    this.#withoutNumbers = options.withoutNumbers;
  }

  apply(record: LogRecord): void {
    const { type, isExternal, body } = record;
    this.#index.spend(1 + (body.byteLength >>> 3));
    switch (type) {
      case recordTypes.append:
        return this.#append(body);
      case recordTypes.expunge:
        return isExternal ? this.#expunge(body) : undefined;
      case recordTypes.expungeGuid:
        return isExternal ? this.#expungeGuid(body) : undefined;
      case recordTypes.flagUpdate:
        return this.#flagUpdate(body);
      case recordTypes.headerUpdate:
        return eachPiece(body, { wide: false }, (at, bytes) => {
          this.#index.header.write(at, bytes);
        });
      case recordTypes.keywordUpdate:
        return this.#keywordUpdate(body);
      case recordTypes.keywordReset:
        return this.#keywordReset(body);
      case recordTypes.modseqUpdate:
        return this.#modseqUpdate(body);
      case recordTypes.extensionIntro:
        return this.#introductions(body);
      case recordTypes.extensionReset:
        return this.#reset(body);
      case recordTypes.extensionHeaderUpdate:
        return this.#headerUpdate(body, { wide: false });
      case recordTypes.extensionHeaderUpdate32:
        return this.#headerUpdate(body, { wide: true });
      case recordTypes.extensionRecordUpdate:
        return this.#recordUpdate(body);
      case recordTypes.extensionAtomicIncrement:
        return this.#increment(body);
      default:
        return undefined;
    }
  }

  /** `UID (4), flags (1), padding (3)` of each. */
  #append(body: DataView): void {
    const { header } = this.#index;
    for (let at = 0; at + 8 <= body.byteLength; at += 8) {
      const uid = body.getUint32(at, true);
      const row = uid < header.nextUid ? -1 : this.#index.append(uid, body.getUint8(at + 4));
      if (row < 0) throw new RangeError(`UID ${uid} does not follow`);
      header.raiseNextUid(uid);
      this.#setModseq(row);
    }
  }

  /** `first UID (4), last UID (4)` of each range. */
  #expunge(body: DataView): void {
    eachRange(body, { step: 8 }, (first, last) => {
      const { from, end } = this.#index.range(first, last);
      for (let row = from; row < end; row++) this.#index.expunge(row);
    });
  }

  /** `UID (4), GUID of the message (16)` of each. */
  #expungeGuid(body: DataView): void {
    for (let at = 0; at + 20 <= body.byteLength; at += 20) {
      const row = this.#index.rowOf(body.getUint32(at, true));
      if (row >= 0) this.#index.expunge(row);
    }
  }

  /** `first UID (4), last UID (4), flags to add (1), to remove (1), whether the modseq rises (1), padding (1)` of each range. */
  #flagUpdate(body: DataView): void {
    eachRange(body, { step: 12 }, (first, last, at) => {
      const change = { add: body.getUint8(at + 8), remove: body.getUint8(at + 9) };
      const isInternal = isInternalFlags(body, at);
      const { from, end } = this.#index.range(first, last);
      for (let row = from; row < end; row++) {
        this.#index.changeFlags(row, change);
        if (!isInternal) this.#setModseq(row);
      }
    });
  }

  /** `0 add or 1 remove (1), padding (1), length of the name (2), name, padding to 4`, then ranges of UIDs. */
  #keywordUpdate(body: DataView): void {
    const isRemoved = body.getUint8(0) === 1;
    const nameBytes = body.getUint16(2, true);
    const ranges = (4 + nameBytes + 3) & ~3;
    if (nameBytes === 0 || ranges > body.byteLength) throw new RangeError("a keyword is cut off");
    const name = textOf(bytesOf(body, 4, nameBytes));
    this.#introduceKeywords();
    const number = this.#index.keywords.numberOf(name);
    if (number === undefined) throw new RangeError("there are too many keywords");
    eachRange(body, { start: ranges, step: 8 }, (first, last) => {
      const { from, end } = this.#index.range(first, last);
      for (let row = from; row < end; row++) {
        this.#index.keywords.set(row, number, { on: !isRemoved, room: this.#index });
        this.#setModseq(row);
      }
    });
  }

  /** The first keyword makes an extension, which takes a number. */
  #introduceKeywords(): void {
    if (this.#index.extension("keywords") !== undefined) return;
    this.#index.add(new Extension("keywords", { recordBytes: 1, resetId: 0 }));
  }

  #keywordReset(body: DataView): void {
    eachRange(body, { step: 8 }, (first, last) => {
      const { from, end } = this.#index.range(first, last);
      for (let row = from; row < end; row++) {
        this.#index.keywords.clearRow(row);
        this.#setModseq(row);
      }
    });
  }

  /** `UID (4), modseq (8)` of each; UID 0: only the mailbox's. */
  #modseqUpdate(body: DataView): void {
    for (let at = 0; at + 12 <= body.byteLength; at += 12) {
      const row = this.#index.rowOf(body.getUint32(at, true));
      if (row >= 0) this.#setModseq(row, body.getBigUint64(at + 4, true));
    }
  }

  /**
   * `number (4), reset ID (4), header bytes (4), record bytes (2), alignment (2), flags (2), length
   * of the name (2), name, padding to 4` of each; what follows concerns the last.
   */
  #introductions(body: DataView): void {
    for (let at = 0; at + 20 <= body.byteLength;) {
      this.#current = undefined;
      this.#isStale = false;
      const nameBytes = body.getUint16(at + 18, true);
      const name = textOf(bytesOf(body, at + 20, nameBytes));
      this.#introduce({
        number: body.getUint32(at, true),
        resetId: body.getUint32(at + 4, true),
        recordBytes: body.getUint16(at + 12, true),
        name,
      });
      at += (20 + nameBytes + 3) & ~3;
    }
  }

  #introduce(intro: {
    readonly number: number;
    readonly resetId: number;
    readonly recordBytes: number;
    readonly name: string;
  }): void {
    const { extensions } = this.#index;
    const isNamed = intro.number === byName;
    if (!isNamed && this.#withoutNumbers) return;
    const known = isNamed ? this.#index.extension(intro.name) : extensions[intro.number];
    if (known === undefined) {
      if (!isNamed || intro.name === "" || extensions.length >= extensionLimit)
        throw new RangeError("an extension is not known");
      this.#current = new Extension(intro.name, intro);
      this.#index.add(this.#current);
      return;
    }
    this.#isStale = known.resetId !== intro.resetId;
    this.#current = known;
    known.recordBytes = intro.recordBytes;
  }

  /** `reset ID (4), whether data stays (1), padding (3)`. */
  #reset(body: DataView): void {
    if (this.#current === undefined) return;
    const keepsData = body.byteLength > 4 && body.getUint8(4) !== 0;
    this.#current.reset(body.getUint32(0, true), { keepsData });
    this.#isStale = false;
  }

  #headerUpdate(body: DataView, size: { readonly wide: boolean }): void {
    const extension = this.#current;
    if (extension === undefined || this.#isStale) return;
    eachPiece(body, size, (at, bytes) => extension.writeHeader(at, bytes, this.#index));
    if (extension.name === "modseq") this.#startModseqs(extension);
  }

  /** From now on each message has its own modseq; those that are there start with the mailbox's. */
  #startModseqs(extension: Extension): void {
    const header = extension.header;
    if (header.length < 8) return;
    const highest = viewOf(header).getBigUint64(0, true);
    this.#index.spend(this.#index.rows);
    for (const { row } of this.#index.messages()) {
      const column = extension.writableRow(row, this.#index);
      if (column === undefined) return;
      const view = viewOf(column);
      if (view.getBigUint64(0, true) === 0n) view.setBigUint64(0, highest, true);
    }
  }

  /** `UID (4), record as long as was introduced, padding to 4` of each. */
  #recordUpdate(body: DataView): void {
    const extension = this.#current;
    if (extension === undefined || this.#isStale) return;
    const { recordBytes } = extension;
    const step = (4 + recordBytes + 3) & ~3;
    for (let at = 0; at + step <= body.byteLength; at += step) {
      const row = this.#index.rowOf(body.getUint32(at, true));
      if (row < 0) continue;
      const column = extension.writableRow(row, this.#index);
      if (column === undefined) return;
      column.fill(0);
      column.set(bytesOf(body, at + 4, Math.min(recordBytes, column.length)));
    }
  }

  /** `UID (4), difference (4, signed)` of each. Only of numbers of 2 bytes: no other is counted here. */
  #increment(body: DataView): void {
    const extension = this.#current;
    if (extension === undefined || this.#isStale || extension.width !== 2) return;
    for (let at = 0; at + 8 <= body.byteLength; at += 8) {
      const row = this.#index.rowOf(body.getUint32(at, true));
      const column = row < 0 ? undefined : extension.writableRow(row, this.#index);
      if (column === undefined) continue;
      const view = viewOf(column);
      const count = view.getUint16(0, true) + body.getInt32(at + 4, true);
      if (count < 0 || count > 0xffff) throw new RangeError("a count goes out of its range");
      view.setUint16(0, count, true);
    }
  }

  /** Never lower than it is. Nothing where the mailbox does not keep one for each message. */
  #setModseq(row: number, modseq: bigint = this.#index.highestModseq): void {
    const column = this.#index.modseqs?.writableRow(row, this.#index);
    if (column === undefined) return;
    const view = viewOf(column);
    if (view.getBigUint64(0, true) < modseq) view.setBigUint64(0, modseq, true);
  }
}
