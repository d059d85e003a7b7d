/**
 * Cyrus's twoskip: a skip list in a file that is only ever appended to, but for the pointers.
 *
 * Header, 64 bytes. All numbers are big-endian.
 *
 * | offset | bytes | what                                                     |
 * | ------ | ----- | -------------------------------------------------------- |
 * | 0      | 20    | magic: a1 02 8b 0d "twoskip file" 00 00 00 00            |
 * | 20     | 4     | version, 1                                               |
 * | 24     | 8     | generation                                               |
 * | 32     | 8     | number of records                                        |
 * | 40     | 8     | size at the last rewrite                                 |
 * | 48     | 8     | current size: what lies behind it was never committed    |
 * | 56     | 4     | flags; 1: a change was under way                         |
 * | 60     | 4     | CRC-32 of the 60 bytes before                            |
 *
 * Records follow, each at a multiple of 8. Between them " BLANK\x07\xa0" may fill up a block.
 *
 * | bytes    | what                                                                        |
 * | -------- | --------------------------------------------------------------------------- |
 * | 1        | "=" the first record, "+" a record, "-" a deletion, "$" end of a transaction |
 * | 1        | level, at most 31                                                           |
 * | 2        | bytes of the key; ffff: they follow as 8 bytes                              |
 * | 4        | bytes of the value; ffffffff: they follow as 8 bytes                        |
 * | 0, 8, 16 | long lengths                                                                |
 * | 8 × n    | level + 1 pointers; the first two both belong to the lowest list            |
 * | 4        | CRC-32 of the record so far                                                 |
 * | 4        | CRC-32 of all that follows                                                  |
 * | …        | key, value, zeros up to a multiple of 8                                     |
 *
 * Source: the comment and code of Cyrus IMAP 3.6.1, lib/cyrusdb_twoskip.c.
 */
import { crc32 } from "node:zlib";
import { problemLimit } from "../mail-problem.ts";
import type { DatabaseContent, DatabaseRecord } from "./database.ts";

export const twoskipMagic: Buffer = Buffer.from("a1028b0d74776f736b69702066696c6500000000", "hex");

const headerBytes = 64;
const levelLimit = 31;
const leastRecordBytes = 24;

/** What is there of a twoskip file, and what was damaged. Never throws. */
export function readTwoskip(bytes: Uint8Array): DatabaseContent {
  return new TwoskipReader(bytes).read();
}

type Node = {
  readonly offset: number;
  readonly end: number;
  readonly type: string;
  readonly pointers: readonly number[];
  readonly keyAt: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** The pointers and lengths are as they were written. */
  readonly hasHead: boolean;
  /** Key and value are as they were written. */
  readonly hasTail: boolean;
};

/** What lies between two keys could not be reached along the lists. */
type Gap = { readonly after: string; before: string | undefined };

class TwoskipReader {
  readonly #bytes: Buffer;
  readonly #problems: string[] = [];
  readonly #found = new Map<string, Node>();
  /** Ascending. */
  readonly #gaps: Gap[] = [];
  #gapIsOpen = false;
  /** Bytes up to which the file was committed and is there. */
  #end: number;
  #expectedRecords: number | undefined;
  /** Bytes that may still be summed, so that no file costs more than a few passes. */
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = multipleOf8(this.#bytes.length);
    this.#budget = 8 * this.#bytes.length;
  }

  read(): DatabaseContent {
    this.#readHeader();
    this.#walk();
    if (this.#gaps.length > 0) this.#fillGaps();
    else if (this.#expectedRecords !== undefined && this.#expectedRecords !== this.#found.size)
      this.#complain(
        `The database says that it has ${this.#expectedRecords} records, and ${this.#found.size} were found`,
      );
    const records: DatabaseRecord[] = [];
    for (const [key, node] of this.#found) {
      const valueAt = node.keyAt + node.keyBytes;
      records.push({
        key,
        value: this.#bytes.toString("latin1", valueAt, valueAt + node.valueBytes),
      });
    }
    return { records, problems: this.#problems };
  }

  #readHeader(): void {
    const bytes = this.#bytes;
    const isWhole =
      bytes.length >= headerBytes &&
      bytes.subarray(0, twoskipMagic.length).equals(twoskipMagic) &&
      crc32(bytes.subarray(0, 60)) === bytes.readUInt32BE(60);
    if (!isWhole) {
      this.#complain("The header of the database is damaged");
      return;
    }
    const currentBytes = this.#number(48);
    const isDirty = (bytes.readUInt32BE(56) & 1) !== 0;
    if (currentBytes > this.#end)
      this.#complain(
        `The database is cut off: ${bytes.length} of its ${currentBytes} bytes are there`,
      );
    this.#end = Math.min(multipleOf8(currentBytes), this.#end);
    if (!isDirty) this.#expectedRecords = this.#number(32);
  }

  /** Along the lowest list; where it is broken, on from the next record that a higher list leads to. */
  #walk(): void {
    const tower: number[] = [];
    const visited = new Set<number>();
    let node = this.#node(headerBytes);
    let lastKey = "";
    if (node === undefined || node.type !== "=" || !node.hasHead) {
      this.#openGap(lastKey, headerBytes);
      return;
    }
    for (;;) {
      if (node.hasHead) this.#raise(tower, node);
      const nextAt = this.#lowest(node);
      let next = this.#follow(nextAt, visited);
      if (next === undefined) {
        this.#openGap(lastKey, nextAt);
        next = this.#resume(tower, visited);
      }
      if (next === undefined || next === "end") return;
      visited.add(next.offset);
      node = next;
      if (!next.hasTail) {
        this.#openGap(lastKey, next.offset);
        continue;
      }
      lastKey = this.#keyOf(next);
      this.#found.set(lastKey, next);
      const gap = this.#gaps.at(-1);
      if (this.#gapIsOpen && gap !== undefined) gap.before = lastKey;
      this.#gapIsOpen = false;
    }
  }

  #raise(tower: number[], node: Node): void {
    for (let level = 2; level < node.pointers.length; level++)
      tower[level] = node.pointers[level] as number;
  }

  #openGap(after: string, offset: number): void {
    this.#complain(`A record of the database is damaged (byte ${offset})`);
    if (!this.#gapIsOpen) this.#gaps.push({ after, before: undefined });
    this.#gapIsOpen = true;
  }

  /** The record at a pointer, or behind the deletions there; undefined where it cannot be used. */
  #follow(pointer: number, visited: Set<number>): Node | "end" | undefined {
    for (let at = pointer; ;) {
      if (at === 0) return "end";
      if (visited.has(at)) return undefined;
      const node = this.#node(at);
      if (node?.type === "+" && (node.hasHead || node.hasTail)) return node;
      if (node?.type !== "-" || !node.hasHead) return undefined;
      visited.add(at);
      at = node.pointers[0] as number;
    }
  }

  #resume(tower: readonly number[], visited: Set<number>): Node | "end" | undefined {
    for (let level = 2; level <= levelLimit; level++) {
      const pointer = tower[level];
      if (pointer === undefined || pointer === 0) continue;
      const node = this.#follow(pointer, visited);
      if (node !== undefined && node !== "end") return node;
    }
    return undefined;
  }

  /** Of two pointers the newer one counts, and one behind the end was never committed. 0 is the end, -1 is none. */
  #lowest(node: Node): number {
    if (!node.hasHead) return -1;
    const [one = -1, other = one] = node.pointers;
    if (one >= this.#end) return other >= this.#end ? -1 : other;
    if (other >= this.#end) return one;
    return Math.max(one, other);
  }

  /**
   * Between two records that the lists lead to, whatever a pass over the whole file finds. What was
   * deleted or replaced there may come up again: that is said, and better than mail that is missing.
   */
  #fillGaps(): void {
    const newest = new Map<string, Node>();
    for (let at = headerBytes; at + leastRecordBytes <= this.#end;) {
      const node = this.#node(at);
      if (node?.type === "+" && node.hasTail) newest.set(this.#keyOf(node), node);
      at = node !== undefined && (node.hasHead || node.hasTail) ? node.end : at + 8;
    }
    const reached = this.#found.size;
    for (const [key, node] of newest)
      if (!this.#found.has(key) && this.#isInGap(key)) this.#found.set(key, node);
    this.#complain(
      `${this.#found.size - reached} records of the database were found beside its lists and may be out of date`,
    );
  }

  #isInGap(key: string): boolean {
    let low = 0;
    let high = this.#gaps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#gaps[middle] as Gap).after < key) low = middle + 1;
      else high = middle;
    }
    const gap = this.#gaps[low - 1];
    return gap !== undefined && (gap.before === undefined || key < gap.before);
  }

  #node(offset: number): Node | undefined {
    const bytes = this.#bytes;
    if (offset < headerBytes || offset % 8 !== 0 || offset + leastRecordBytes > this.#end) return;
    const type = String.fromCharCode(bytes[offset] as number);
    const level = bytes[offset + 1] as number;
    if (!"=+-$".includes(type) || level > levelLimit) return;
    let at = offset + 8;
    let keyBytes = bytes.readUInt16BE(offset + 2);
    let valueBytes = bytes.readUInt32BE(offset + 4);
    if (keyBytes === 0xffff) {
      keyBytes = this.#number(at);
      at += 8;
    }
    if (valueBytes === 0xffff_ffff) {
      valueBytes = this.#number(at);
      at += 8;
    }
    const sumsAt = at + 8 * (level + 1);
    const keyAt = sumsAt + 8;
    const end = keyAt + Math.ceil((keyBytes + valueBytes) / 8) * 8;
    if (!(end <= this.#end)) return;
    const hasHead = crc32(bytes.subarray(offset, sumsAt)) === bytes.readUInt32BE(sumsAt);
    this.#budget -= end - offset;
    const hasTail =
      this.#budget > 0 && crc32(bytes.subarray(keyAt, end)) === bytes.readUInt32BE(sumsAt + 4);
    const pointers: number[] = [];
    for (let index = 0; index <= level; index++) pointers.push(this.#number(at + 8 * index));
    return { offset, end, type, pointers, keyAt, keyBytes, valueBytes, hasHead, hasTail };
  }

  #complain(problem: string): void {
    if (this.#problems.length < problemLimit) this.#problems.push(problem);
  }

  #keyOf(node: Node): string {
    return this.#bytes.toString("latin1", node.keyAt, node.keyAt + node.keyBytes);
  }

  /** 64 bits; exact up to 2^53, and beyond every file above it. */
  #number(offset: number): number {
    if (offset + 8 > this.#bytes.length) return Number.POSITIVE_INFINITY;
    return this.#bytes.readUInt32BE(offset) * 2 ** 32 + this.#bytes.readUInt32BE(offset + 4);
  }
}

function multipleOf8(bytes: number): number {
  return bytes - (bytes % 8);
}
