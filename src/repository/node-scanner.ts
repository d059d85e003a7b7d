/**
 * The nodes of files as restic, rustic and we write them, read straight from a tree's bytes into the
 * columns of a listing: a folder of 100,000 messages is 44 MB of JSON, and an object and a dozen texts
 * for each of them take five times as long as reading the bytes.
 *
 * It takes only what it understands to the last byte, which is nearly all of a store of mail:
 *
 *     {"name":"<plain>","type":"file","mode":N,"mtime":"<time>","atime":"<plain>","ctime":"<time>",
 *     "uid":N,"gid":N,"user":"<plain>","group":"<plain>","inode":N,"device_id":N,"size":N,"links":N,
 *     "content":["<64 hexadecimal digits>",…]}
 *
 * without spaces, in this order; mode, user, group and the numbers after them may be absent. Every
 * other node is for `parseTree`'s way, which decides what each means.
 */
import type { Entry, ListingBuilder, ListingColumns, RawName } from "#image";
import { isPlain, JsonCursor } from "./json-cursor.ts";
import { high, type LastDay, low, TimeScanner } from "./time-scanner.ts";
import { posixMode } from "./tree.ts";

const formatFile = 0o100000;
const quote = 0x22;
const comma = 0x2c;
const idTextBytes = 64;
/** More digits would be no exact number. */
const mostDigits = 15;
/** Owners are 32 bits wide. */
const ownerDigits = 9;
const largestOwner = 0xffff_ffff;

/** A filesystem's, and so no message has a longer one. */
const longestName = 255;
const namesTogether = 1024;

/** 1 for the digits of an ID. */
const isHex = Uint8Array.from({ length: 256 }, (_, code) =>
  "0123456789abcdef".includes(String.fromCharCode(code)) ? 1 : 0,
);

const nameStart = bytesOf(`{"name":"`);
const typeFile = bytesOf(`","type":"file",`);
const modeStart = bytesOf(`"mode":`);
const mtimeStart = bytesOf(`"mtime":"`);
const atimeStart = bytesOf(`","atime":"`);
const ctimeStart = bytesOf(`","ctime":"`);
const uidStart = bytesOf(`","uid":`);
const gidStart = bytesOf(`,"gid":`);
const userStart = bytesOf(`,"user":"`);
const groupStart = bytesOf(`,"group":"`);
const inodeStart = bytesOf(`,"inode":`);
const deviceStart = bytesOf(`,"device_id":`);
const sizeStart = bytesOf(`,"size":`);
const linksStart = bytesOf(`,"links":`);
const contentStart = bytesOf(`,"content":[`);
const contentEnd = bytesOf(`]}`);

/** A 64-bit column as two of 32 bits: a BigInt for each number would be garbage. */
type Halves = {
  readonly columns: ListingColumns;
  readonly mtimes: Uint32Array;
  readonly ctimes: Uint32Array;
  readonly inodes: Uint32Array;
  readonly deviceIds: Uint32Array;
};

/** From one node to the next these are nearly always the same bytes. */
type Repeated = { from: number; to: number };

/** Names of owners by number, for a listing's look-up. */
export type OwnerNames = Map<number, string | undefined>;

export class NodeScanner {
  readonly #json: JsonCursor;
  readonly #time: TimeScanner;
  readonly #builder: ListingBuilder;
  readonly #users: OwnerNames;
  readonly #groups: OwnerNames;
  /** Names that the builder has not been given, one after the other. */
  readonly #names: Buffer;
  readonly #nameEnds: Uint32Array = new Uint32Array(namesTogether);
  #nameEnd = 0;
  /** Where the IDs of the node that was scanned last begin. */
  contentAt = 0;
  #waiting = 0;
  #halves: Halves;
  readonly #head: Repeated & { mode: number } = { from: 0, to: 0, mode: 0 };
  readonly #owner: Repeated & { uid: number; gid: number } = { from: 0, to: 0, uid: 0, gid: 0 };
  readonly #mtime: LastDay = { key: -1, day: -1 };
  readonly #ctime: LastDay = { key: -1, day: -1 };

  constructor(
    bytes: Buffer,
    builder: ListingBuilder,
    { users, groups }: { readonly users: OwnerNames; readonly groups: OwnerNames },
  ) {
    this.#users = users;
    this.#groups = groups;
    this.#json = new JsonCursor(bytes);
    this.#time = new TimeScanner(this.#json);
    this.#builder = builder;
    this.#names = Buffer.allocUnsafeSlow(Math.min(namesTogether * longestName, bytes.length));
    this.#halves = viewsOf(builder.room().columns);
  }

  /** Entries so far. */
  get length(): number {
    return this.#builder.length + this.#waiting;
  }

  /** Adds the node that starts at a place; returns where it ends, or -1 where it is not such a node. */
  scan(start: number): number {
    if (this.#waiting === namesTogether) this.flush();
    const { columns, row } = this.#builder.room(this.#waiting);
    const halves = this.#halvesOf(columns);
    this.#json.at = start;
    const isKnown =
      this.#name() &&
      this.#headFields(columns, row) &&
      this.#times(halves, row) &&
      this.#ownerFields(columns, row) &&
      this.#numbers(halves, row) &&
      this.#content();
    if (!isKnown) return -1;
    this.#nameEnds[this.#waiting++] = this.#nameEnd;
    return this.#json.at;
  }

  /** Adds an entry that was not scanned; false where the names of its owners are others than in the rest. */
  add(entry: Entry): boolean {
    const { user, group, ...bare } = entry;
    if (Math.max(bare.uid, bare.gid) > largestOwner) return false;
    if (!agrees(this.#users, bare.uid, user) || !agrees(this.#groups, bare.gid, group))
      return false;
    this.flush();
    this.#builder.add(bare);
    return true;
  }

  /** Gives the builder the names that it still waits for: a text for each by itself takes three times as long. */
  flush(): void {
    const all = this.#names.toString("latin1", 0, this.#startOf(this.#waiting));
    for (let n = 0; n < this.#waiting; n++)
      this.#builder.addFilled(all.slice(this.#startOf(n), this.#nameEnds[n]) as RawName);
    this.#waiting = 0;
  }

  #startOf(waiting: number): number {
    return waiting === 0 ? 0 : (this.#nameEnds[waiting - 1] as number);
  }

  #name(): boolean {
    if (!this.#json.take(nameStart)) return false;
    const bytes = this.#json.bytes;
    const names = this.#names;
    const from = this.#json.at;
    const start = this.#startOf(this.#waiting);
    const most = Math.min(bytes.length - from, longestName);
    let length = 0;
    for (; length < most && isPlain[bytes[from + length] as number] === 1; length++)
      names[start + length] = bytes[from + length] as number;
    this.#json.at = from + length;
    this.#nameEnd = start + length;
    return bytes[this.#json.at] === quote && isOrdinary(bytes, from, this.#json.at);
  }

  #halvesOf(columns: ListingColumns): Halves {
    if (this.#halves.columns !== columns) this.#halves = viewsOf(columns);
    return this.#halves;
  }

  /** From the end of the name to the start of mtime. */
  #headFields(columns: ListingColumns, row: number): boolean {
    const head = this.#head;
    if (!this.#again(head)) {
      const from = this.#json.at;
      if (!this.#json.take(typeFile)) return false;
      let bits = 0;
      if (this.#json.take(modeStart)) {
        bits = this.#json.number(mostDigits);
        if (bits < 0 || this.#json.bytes[this.#json.at++] !== comma) return false;
      }
      if (!this.#json.take(mtimeStart)) return false;
      head.from = from;
      head.to = this.#json.at;
      head.mode = formatFile | posixMode(bits);
    }
    columns.modes[row] = head.mode;
    return true;
  }

  #times({ mtimes, ctimes }: Halves, row: number): boolean {
    const from = this.#json.at;
    if (!this.#time.scan(mtimes, row, this.#mtime)) return false;
    const lengthBytes = this.#json.at - from;
    if (!this.#json.take(atimeStart)) return false;
    // Nobody asks for it, and ours is mtime's.
    const atime = this.#json.at;
    if (this.#json.isSame(from, atime, lengthBytes)) this.#json.at = atime + lengthBytes;
    else if (!this.#json.plain()) return false;
    return this.#json.take(ctimeStart) && this.#time.scan(ctimes, row, this.#ctime);
  }

  /** From the end of ctime to the end of the group's name, and what comes first after it. */
  #ownerFields(columns: ListingColumns, row: number): boolean {
    const owner = this.#owner;
    if (!this.#again(owner)) {
      const from = this.#json.at;
      if (!this.#json.take(uidStart)) return false;
      const uid = this.#json.number(ownerDigits);
      if (uid < 0 || !this.#json.take(gidStart)) return false;
      const gid = this.#json.number(ownerDigits);
      if (gid < 0) return false;
      const user = this.#ownerName(userStart);
      const group = this.#ownerName(groupStart);
      if (user === null || group === null || this.#json.bytes[this.#json.at] !== comma)
        return false;
      // One number with two names in one folder is not for columns.
      if (!agrees(this.#users, uid, user) || !agrees(this.#groups, gid, group)) return false;
      Object.assign(owner, { from, to: this.#json.at + 1, uid, gid });
    } else this.#json.at--;
    columns.uids[row] = owner.uid;
    columns.gids[row] = owner.gid;
    return true;
  }

  /** Null where there is one that is not plain. */
  #ownerName(start: Uint8Array): string | undefined | null {
    if (!this.#json.take(start)) return undefined;
    const from = this.#json.at;
    if (!this.#json.plain() || this.#json.at === from) return null;
    const name = this.#json.bytes.toString("latin1", from, this.#json.at);
    this.#json.at++;
    return name;
  }

  #numbers(halves: Halves, row: number): boolean {
    const { columns } = halves;
    const inode = this.#field(inodeStart);
    const deviceId = this.#field(deviceStart);
    const size = this.#field(sizeStart);
    const links = this.#field(linksStart);
    if (inode < 0 || deviceId < 0 || size < 0 || links < 0) return false;
    putHalves(halves.inodes, row, inode);
    putHalves(halves.deviceIds, row, deviceId);
    columns.sizes[row] = size;
    columns.links[row] = links;
    return true;
  }

  #content(): boolean {
    if (!this.#json.take(contentStart)) return false;
    this.contentAt = this.#json.at;
    const bytes = this.#json.bytes;
    if (bytes[this.#json.at] === quote) {
      let at = this.#json.at;
      do {
        if (bytes[at++] !== quote) return false;
        for (const end = at + idTextBytes; at < end; at++)
          if (isHex[bytes[at] as number] !== 1) return false;
        if (bytes[at++] !== quote) return false;
      } while (bytes[at++] === comma);
      this.#json.at = at - 1;
    }
    return this.#json.take(contentEnd);
  }

  /** 0 where the field is not there. */
  #field(start: Uint8Array): number {
    return this.#json.take(start) ? this.#json.number(mostDigits) : 0;
  }

  /** Whether what stood in an earlier node stands here too. */
  #again({ from, to }: Repeated): boolean {
    const lengthBytes = to - from;
    if (lengthBytes === 0 || !this.#json.isSame(from, this.#json.at, lengthBytes)) return false;
    this.#json.at += lengthBytes;
    return true;
  }
}

function isOrdinary(bytes: Uint8Array, from: number, to: number): boolean {
  const dot = 0x2e;
  if (bytes[from] !== dot) return to > from;
  return to - from > 2 || (to - from === 2 && bytes[from + 1] !== dot);
}

function agrees(names: OwnerNames, id: number, name: string | undefined): boolean {
  if (!names.has(id)) names.set(id, name);
  return names.get(id) === name;
}

function putHalves(column: Uint32Array, row: number, value: number): void {
  column[row * 2 + low] = value;
  column[row * 2 + high] = value / 0x1_0000_0000;
}

function viewsOf(columns: ListingColumns): Halves {
  return {
    columns,
    mtimes: halvesOf(columns.mtimesNs),
    ctimes: halvesOf(columns.ctimesNs),
    inodes: halvesOf(columns.inodes),
    deviceIds: halvesOf(columns.deviceIds),
  };
}

function halvesOf(column: BigUint64Array | BigInt64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
}

function bytesOf(raw: string): Uint8Array {
  return Buffer.from(raw, "latin1");
}
