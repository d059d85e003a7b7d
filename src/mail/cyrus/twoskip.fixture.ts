/** Writes twoskip files as Cyrus does: appended to, with pointers changed in place. */
import { crc32 } from "node:zlib";
import { twoskipMagic } from "./twoskip.ts";

export type TwoskipChange =
  | { readonly put: string; readonly value: string }
  | { readonly remove: string };

export type TwoskipOptions = {
  /** Level of the next record, 1 to 31. Default: 1, 2, 1, 3, 1, 2, 1, 4, … */
  readonly level?: (record: number) => number;
};

/** A file after these changes, each in a transaction of its own. Text has one character per byte. */
export function twoskipFile(
  changes: readonly TwoskipChange[],
  { level = rulerLevel }: TwoskipOptions = {},
): Buffer {
  const writer = new TwoskipWriter();
  let records = 0;
  for (const change of changes) {
    if ("put" in change) writer.put(change.put, change.value, level(++records));
    else writer.remove(change.remove);
  }
  return writer.bytes();
}

type Head = {
  readonly offset: number;
  readonly type: string;
  readonly key: string;
  readonly value: string;
  readonly pointers: number[];
};

const maxLevel = 31;

class TwoskipWriter {
  #bytes: Buffer = Buffer.alloc(64);
  #currentBytes = 0;
  readonly #first: Head;
  /** Ascending by key. */
  readonly #alive: Head[] = [];

  constructor() {
    this.#first = this.#append("=", { level: maxLevel, key: "", value: "", pointers: [] });
    this.#currentBytes = this.#bytes.length;
  }

  put(key: string, value: string, level: number): void {
    const start = this.#bytes.length;
    const at = this.#alive.findIndex((head) => head.key >= key);
    const place = at < 0 ? this.#alive.length : at;
    const replaced = this.#alive[place]?.key === key ? this.#alive[place] : undefined;
    const after = this.#alive.slice(replaced === undefined ? place : place + 1);
    const pointers = Array.from({ length: level + 1 }, (_, index) =>
      index === 0 ? 0 : this.#offsetOf(after, index),
    );
    const head = this.#append("+", { level, key, value, pointers });
    const levels = Math.max(level, replaced === undefined ? 0 : replaced.pointers.length - 1);
    this.#stitch(place, {
      levels,
      to: (reached) => (reached <= level ? head.offset : this.#offsetOf(after, reached)),
    });
    this.#alive.splice(place, replaced === undefined ? 0 : 1, head);
    this.#commit(start);
  }

  remove(key: string): void {
    const start = this.#bytes.length;
    const place = this.#alive.findIndex((head) => head.key === key);
    const gone = this.#alive[place];
    if (gone === undefined) throw new Error(`no record ${key}`);
    const after = this.#alive.slice(place + 1);
    const next = after[0]?.offset ?? 0;
    const ghost = this.#append("-", { level: 0, key: "", value: "", pointers: [next] });
    this.#stitch(place, {
      levels: gone.pointers.length - 1,
      to: (reached) => (reached === 1 ? ghost.offset : this.#offsetOf(after, reached)),
    });
    this.#alive.splice(place, 1);
    this.#commit(start);
  }

  bytes(): Buffer {
    const header = Buffer.alloc(64);
    twoskipMagic.copy(header);
    header.writeUInt32BE(1, 20);
    header.writeBigUInt64BE(1n, 24);
    header.writeBigUInt64BE(BigInt(this.#alive.length), 32);
    header.writeBigUInt64BE(BigInt(this.#bytes.length), 40);
    header.writeBigUInt64BE(BigInt(this.#currentBytes), 48);
    header.writeUInt32BE(crc32(header.subarray(0, 60)), 60);
    return Buffer.concat([header, this.#bytes.subarray(64)]);
  }

  #offsetOf(after: readonly Head[], level: number): number {
    return after.find((head) => head.pointers.length > level)?.offset ?? 0;
  }

  /** Gives what is before `place` its new pointers. */
  #stitch(
    place: number,
    change: { readonly levels: number; readonly to: (level: number) => number },
  ): void {
    for (let level = 1; level <= change.levels; level++) {
      const before =
        this.#alive.slice(0, place).findLast((head) => head.pointers.length > level) ?? this.#first;
      if (level > 1) before.pointers[level] = change.to(level);
      else before.pointers[this.#olderOf(before)] = change.to(1);
      this.#bytes.set(this.#head(before), before.offset);
    }
  }

  /** Of the two lowest pointers, the one that a change takes. */
  #olderOf({ pointers: [one = 0, other = 0] }: Head): 0 | 1 {
    if (one >= this.#currentBytes) return 0;
    if (other >= this.#currentBytes) return 1;
    return other > one ? 0 : 1;
  }

  #commit(start: number): void {
    this.#append("$", { level: 0, key: "", value: "", pointers: [start] });
    this.#currentBytes = this.#bytes.length;
  }

  #append(
    type: string,
    {
      level,
      key,
      value,
      pointers,
    }: { readonly level: number } & Pick<Head, "key" | "value" | "pointers">,
  ): Head {
    const padded = Array.from({ length: level + 1 }, (_, index) => pointers[index] ?? 0);
    const long = [key.length >= 0xffff, value.length >= 0xffff_ffff].filter(Boolean).length;
    const headBytes = 8 + 8 * long + 8 * (level + 1);
    // As the server does: a head never lies across two blocks of the disk.
    while (
      headBytes <= 504 &&
      (this.#bytes.length + 8) % 512 > (this.#bytes.length + headBytes) % 512
    )
      this.#bytes = Buffer.concat([this.#bytes, Buffer.from(" BLANK\x07\xa0", "latin1")]);
    const head = { offset: this.#bytes.length, type, key, value, pointers: padded };
    const tail = Buffer.from(key + value, "latin1");
    const filled = Buffer.concat([tail, Buffer.alloc((8 - (tail.length % 8)) % 8)]);
    this.#bytes = Buffer.concat([this.#bytes, this.#head(head), filled]);
    return head;
  }

  #head({ type, key, value, pointers }: Head): Buffer {
    const isLongKey = key.length >= 0xffff;
    const head = Buffer.alloc(8 + (isLongKey ? 8 : 0) + 8 * pointers.length + 8);
    head.write(type, 0, "latin1");
    head[1] = pointers.length - 1;
    head.writeUInt16BE(Math.min(key.length, 0xffff), 2);
    head.writeUInt32BE(value.length, 4);
    let at = 8;
    if (isLongKey) at = head.writeBigUInt64BE(BigInt(key.length), at);
    for (const pointer of pointers) at = head.writeBigUInt64BE(BigInt(pointer), at);
    const tail = Buffer.from(key + value, "latin1");
    head.writeUInt32BE(crc32(head.subarray(0, at)), at);
    head.writeUInt32BE(
      crc32(Buffer.concat([tail, Buffer.alloc((8 - (tail.length % 8)) % 8)])),
      at + 4,
    );
    return head;
  }
}

function rulerLevel(record: number): number {
  return Math.min(maxLevel, 1 + Math.trunc(Math.log2(record & -record)));
}
