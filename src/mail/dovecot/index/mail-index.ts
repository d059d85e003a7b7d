import type { Extension } from "./extension.ts";
import { IndexHeader } from "./index-header.ts";
import { KeywordTable } from "./keyword-table.ts";
import { type Room, TooMuchWork } from "./room.ts";

/** One message as the index has it. */
export type IndexRow = {
  readonly row: number;
  readonly uid: number;
  readonly flags: number;
};

/** In changes of one row: four thousand flag changes to all of a mailbox of 100,000. */
const usualWorkLimit = 400_000_000;

/**
 * A Dovecot index in memory: header, extensions and a row for each message, in columns. Rows are
 * ascending by UID; an expunged one stays as a gap, so that expunging many costs as much as each.
 */
export class MailIndex implements Room {
  header: IndexHeader = new IndexHeader();
  readonly #extensions: Extension[] = [];
  readonly #byName = new Map<string, Extension>();
  readonly keywords: KeywordTable = new KeywordTable();
  /** Of the whole mailbox, as the log counts it; 0n: not known. */
  highestModseq = 0n;
  #modseqs: Extension | undefined;
  #uids = new Uint32Array(0);
  #flags = new Uint8Array(0);
  #isGone = new Uint8Array(0);
  #rows = 0;
  #work = 0;
  readonly #workLimit: number;

  constructor({ workLimit = usualWorkLimit }: { readonly workLimit?: number } = {}) {
    this.#workLimit = workLimit;
  }

  /** Rows with those that are gone. */
  get rows(): number {
    return this.#rows;
  }

  *messages(): IterableIterator<IndexRow> {
    for (let row = 0; row < this.#rows; row++) {
      if (this.#isGone[row] === 1) continue;
      yield { row, uid: this.#uids[row] as number, flags: this.#flags[row] as number };
    }
  }

  /** In the order in which the log numbers them. */
  get extensions(): readonly Extension[] {
    return this.#extensions;
  }

  extension(name: string): Extension | undefined {
    return this.#byName.get(name);
  }

  /** Each message's modseq, where the mailbox keeps them. */
  get modseqs(): Extension | undefined {
    return this.#modseqs;
  }

  add(extension: Extension): void {
    this.#extensions.push(extension);
    if (this.#byName.has(extension.name)) return;
    this.#byName.set(extension.name, extension);
    if (extension.name === "modseq") this.#modseqs = extension;
  }

  spend(work: number): void {
    this.#work += work;
    if (this.#work > this.#workLimit) throw new TooMuchWork();
  }

  /** Returns the row, or -1 where the UID does not follow the last. */
  append(uid: number, flags: number): number {
    if (this.#rows > 0 && uid <= (this.#uids[this.#rows - 1] as number)) return -1;
    if (this.#rows === this.#uids.length) this.reserve(Math.max(16, this.#rows * 2));
    const row = this.#rows++;
    this.#uids[row] = uid;
    this.#flags[row] = flags;
    return row;
  }

  /** Room for so many rows at once. */
  reserve(rows: number): void {
    if (rows <= this.#uids.length) return;
    this.#uids = widened(this.#uids, new Uint32Array(rows));
    this.#flags = widened(this.#flags, new Uint8Array(rows));
    this.#isGone = widened(this.#isGone, new Uint8Array(rows));
  }

  /** Room for rows, so that columns of extensions grow as seldom as these. */
  get capacity(): number {
    return this.#uids.length;
  }

  /** The rows with UIDs from the first to the last, as far as there are any. */
  range(firstUid: number, lastUid: number): { readonly from: number; readonly end: number } {
    const from = this.#lowerBound(firstUid);
    const end = lastUid === firstUid && this.#uids[from] !== firstUid ? from : this.#end(lastUid);
    this.spend(end - from + 1);
    return { from, end: Math.max(from, end) };
  }

  /** The row of a UID that is there, or -1. */
  rowOf(uid: number): number {
    const row = this.#lowerBound(uid);
    return row < this.#rows && this.#uids[row] === uid && this.#isGone[row] === 0 ? row : -1;
  }

  changeFlags(row: number, change: { readonly add: number; readonly remove: number }): void {
    this.#flags[row] = ((this.#flags[row] as number) & ~change.remove) | change.add;
  }

  expunge(row: number): void {
    this.#isGone[row] = 1;
  }

  /** Everything as in an index without messages. */
  clear(): void {
    this.header = new IndexHeader();
    this.#extensions.length = 0;
    this.#byName.clear();
    this.#modseqs = undefined;
    this.keywords.clear();
    this.#rows = 0;
    this.#isGone.fill(0);
  }

  #end(lastUid: number): number {
    return lastUid >= 0xffff_ffff ? this.#rows : this.#lowerBound(lastUid + 1);
  }

  #lowerBound(uid: number): number {
    let low = 0;
    let high = this.#rows;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#uids[middle] as number) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function widened<Column extends Uint8Array | Uint32Array>(old: Column, wider: Column): Column {
  wider.set(old);
  return wider;
}
