import { type Entry, entryTypeOf, statModeOf } from "./entry.ts";
import type { ImageProblem } from "./image.ts";
import type { RawName, RawPath } from "./raw-path.ts";

/** What few entries have. */
export type EntryExtra = {
  readonly user?: string;
  readonly group?: string;
  readonly linkTarget?: RawPath;
  readonly device?: bigint;
};

/** Bytes of one entry in the columns: five of 8 bytes, four of 4. */
const rowBytes = 5 * 8 + 4 * 4;

/** One memory for all columns: ten for each of a thousand folders would keep the garbage collector busy. */
export type ListingColumns = {
  readonly inodes: BigUint64Array;
  readonly sizes: Float64Array;
  readonly mtimesNs: BigInt64Array;
  readonly ctimesNs: BigInt64Array;
  readonly deviceIds: BigUint64Array;
  readonly modes: Uint32Array;
  readonly uids: Uint32Array;
  readonly gids: Uint32Array;
  readonly links: Uint32Array;
};

function allocateColumns(rows: number): ListingColumns {
  const memory = new ArrayBuffer(rows * rowBytes);
  const narrow = rows * 40;
  return {
    inodes: new BigUint64Array(memory, 0, rows),
    sizes: new Float64Array(memory, rows * 8, rows),
    mtimesNs: new BigInt64Array(memory, rows * 16, rows),
    ctimesNs: new BigInt64Array(memory, rows * 24, rows),
    deviceIds: new BigUint64Array(memory, rows * 32, rows),
    modes: new Uint32Array(memory, narrow, rows),
    uids: new Uint32Array(memory, narrow + rows * 4, rows),
    gids: new Uint32Array(memory, narrow + rows * 8, rows),
    links: new Uint32Array(memory, narrow + rows * 12, rows),
  };
}

function copyRow(
  from: ListingColumns,
  row: number,
  { to, at }: { readonly to: ListingColumns; readonly at: number },
): void {
  to.inodes[at] = from.inodes[row] as bigint;
  to.sizes[at] = from.sizes[row] as number;
  to.mtimesNs[at] = from.mtimesNs[row] as bigint;
  to.ctimesNs[at] = from.ctimesNs[row] as bigint;
  to.deviceIds[at] = from.deviceIds[row] as bigint;
  to.modes[at] = from.modes[row] as number;
  to.uids[at] = from.uids[row] as number;
  to.gids[at] = from.gids[row] as number;
  to.links[at] = from.links[row] as number;
}

/** The first rows of all columns, in the same memory. */
function firstOf(columns: ListingColumns, rows: number): ListingColumns {
  return {
    inodes: columns.inodes.subarray(0, rows),
    sizes: columns.sizes.subarray(0, rows),
    mtimesNs: columns.mtimesNs.subarray(0, rows),
    ctimesNs: columns.ctimesNs.subarray(0, rows),
    deviceIds: columns.deviceIds.subarray(0, rows),
    modes: columns.modes.subarray(0, rows),
    uids: columns.uids.subarray(0, rows),
    gids: columns.gids.subarray(0, rows),
    links: columns.links.subarray(0, rows),
  };
}

/** As many rows as both have. */
function copyColumns(all: ListingColumns, to: ListingColumns): void {
  const from = firstOf(all, Math.min(all.inodes.length, to.inodes.length));
  to.inodes.set(from.inodes);
  to.sizes.set(from.sizes);
  to.mtimesNs.set(from.mtimesNs);
  to.ctimesNs.set(from.ctimesNs);
  to.deviceIds.set(from.deviceIds);
  to.modes.set(from.modes);
  to.uids.set(from.uids);
  to.gids.set(from.gids);
  to.links.set(from.links);
}

/**
 * One folder's entries in columns: about 60 bytes an entry beside its name, so that a folder of
 * 100,000 messages costs megabytes, and comparing two listings allocates nothing.
 * Ascending by raw name bytes.
 */
export class Listing {
  readonly length: number;
  readonly names: readonly RawName[];
  readonly inodes: BigUint64Array;
  readonly sizes: Float64Array;
  readonly mtimesNs: BigInt64Array;
  readonly ctimesNs: BigInt64Array;
  /** st_mode: format and permission bits. */
  readonly modes: Uint32Array;
  readonly uids: Uint32Array;
  readonly gids: Uint32Array;
  readonly links: Uint32Array;
  readonly deviceIds: BigUint64Array;
  readonly #extras: ReadonlyMap<number, EntryExtra>;
  readonly #userOf: (uid: number) => string | undefined;
  readonly #groupOf: (gid: number) => string | undefined;
  /** Names that were seen but could not be described. */
  readonly problems: readonly ImageProblem[];

  constructor(
    builder: Pick<ListingBuilder, "userOf" | "groupOf" | "problems">,
    rows: {
      readonly names: readonly RawName[];
      readonly columns: ListingColumns;
      readonly extras: ReadonlyMap<number, EntryExtra>;
    },
  ) {
    const { names, columns } = rows;
    this.length = names.length;
    this.names = names;
    this.inodes = columns.inodes;
    this.sizes = columns.sizes;
    this.mtimesNs = columns.mtimesNs;
    this.ctimesNs = columns.ctimesNs;
    this.modes = columns.modes;
    this.uids = columns.uids;
    this.gids = columns.gids;
    this.links = columns.links;
    this.deviceIds = columns.deviceIds;
    this.#extras = rows.extras;
    this.#userOf = builder.userOf;
    this.#groupOf = builder.groupOf;
    this.problems = builder.problems;
  }

  /** The entry at a position, as an object. */
  entry(index: number): Entry {
    const entry = this.bareEntry(index);
    const user = this.#userOf(entry.uid);
    const group = this.#groupOf(entry.gid);
    if (user === undefined && group === undefined) return entry;
    return {
      ...(user === undefined ? {} : { user }),
      ...(group === undefined ? {} : { group }),
      ...entry,
    };
  }

  /** The entry without owner names that are looked up: what a builder with the same look-up is given. */
  bareEntry(index: number): Entry {
    const name = this.names[index];
    if (name === undefined)
      throw new RangeError(`no entry ${index} in a listing of ${this.length}`);
    const mode = this.modes[index] as number;
    return {
      name,
      type: entryTypeOf(mode),
      mode: mode & 0o7777,
      uid: this.uids[index] as number,
      gid: this.gids[index] as number,
      sizeBytes: this.sizes[index] as number,
      mtimeNs: this.mtimesNs[index] as bigint,
      ctimeNs: this.ctimesNs[index] as bigint,
      inode: this.inodes[index] as bigint,
      deviceId: this.deviceIds[index] as bigint,
      links: this.links[index] as number,
      ...this.#extras.get(index),
    };
  }

  /** Whether an entry is more than its columns and the names of its owners. */
  hasExtra(index: number): boolean {
    return this.#extras.has(index);
  }

  *[Symbol.iterator](): IterableIterator<Entry> {
    for (let index = 0; index < this.length; index++) yield this.entry(index);
  }

  /** Position of a name, or -1. Binary search. */
  indexOf(name: RawName): number {
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.names[middle] as RawName;
      if (found === name) return middle;
      if (found < name) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

export type ListingBuilderOptions = {
  /** Owner and group names; by default whatever the entries carry. */
  readonly userOf?: (uid: number) => string | undefined;
  readonly groupOf?: (gid: number) => string | undefined;
};

const firstRows = 16;

/** Collects entries in any order; `build` sorts them by raw name. */
export class ListingBuilder {
  readonly problems: ImageProblem[] = [];
  readonly userOf: (uid: number) => string | undefined;
  readonly groupOf: (gid: number) => string | undefined;
  readonly #names: RawName[] = [];
  readonly #extras = new Map<number, EntryExtra>();
  #columns: ListingColumns;

  /** `expected`: entries there will be, if that is known. */
  constructor(options: ListingBuilderOptions & { readonly expected?: number } = {}) {
    this.userOf = options.userOf ?? (() => undefined);
    this.groupOf = options.groupOf ?? (() => undefined);
    this.#columns = allocateColumns(options.expected ?? firstRows);
  }

  get length(): number {
    return this.#names.length;
  }

  add(entry: Entry): void {
    const { columns, row } = this.room();
    columns.inodes[row] = entry.inode;
    columns.sizes[row] = entry.sizeBytes;
    columns.mtimesNs[row] = entry.mtimeNs;
    columns.ctimesNs[row] = entry.ctimeNs;
    columns.deviceIds[row] = entry.deviceId;
    columns.modes[row] = statModeOf(entry);
    columns.uids[row] = entry.uid;
    columns.gids[row] = entry.gid;
    columns.links[row] = entry.links;
    const extra = extraOf(entry);
    if (extra !== undefined) this.#extras.set(row, extra);
    this.#names.push(entry.name);
  }

  /** Where the next entry's columns go, or those of one after it; `addFilled` then gives each its name. */
  room(ahead = 0): { readonly columns: ListingColumns; readonly row: number } {
    const row = this.#names.length + ahead;
    if (row >= this.#columns.inodes.length) this.#resize(Math.max(firstRows, row * 2));
    return { columns: this.#columns, row };
  }

  /** An entry whose columns were filled in at `room`, and that has nothing beside them. */
  addFilled(name: RawName): void {
    this.#names.push(name);
  }

  build(): Listing {
    return this.buildAscending() ?? this.#buildSorted();
  }

  /** Undefined where what was added is not in order, or a name is there twice. */
  buildAscending(): Listing | undefined {
    const names = this.#names;
    for (let index = 1; index < names.length; index++)
      if ((names[index - 1] as RawName) >= (names[index] as RawName)) return undefined;
    this.#trim();
    return new Listing(this, { names, columns: this.#columns, extras: this.#extras });
  }

  #buildSorted(): Listing {
    const names = this.#names;
    const length = names.length;
    const order = Uint32Array.from(names, (_, index) => index);
    order.sort((a, b) => compareNames(names[a] as RawName, names[b] as RawName));
    const columns = allocateColumns(length);
    const extras = new Map<number, EntryExtra>();
    for (let to = 0; to < length; to++) {
      const row = order[to] as number;
      copyRow(this.#columns, row, { to: columns, at: to });
      const extra = this.#extras.get(row);
      if (extra !== undefined) extras.set(to, extra);
    }
    return new Listing(this, {
      names: Array.from(order, (row) => names[row] as RawName),
      columns,
      extras,
    });
  }

  #resize(rows: number): void {
    const columns = allocateColumns(rows);
    copyColumns(this.#columns, columns);
    this.#columns = columns;
  }

  /** To as many rows as there are names; a little that is too much costs less than a copy of all. */
  #trim(): void {
    const rows = this.#names.length;
    const { length } = this.#columns.inodes;
    if (length === rows) return;
    if (length - rows > rows / 4) this.#resize(rows);
    else this.#columns = firstOf(this.#columns, rows);
  }
}

function compareNames(a: RawName, b: RawName): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function extraOf(entry: Entry): EntryExtra | undefined {
  const { user, group, linkTarget, device } = entry;
  if (
    user === undefined &&
    group === undefined &&
    linkTarget === undefined &&
    device === undefined
  ) {
    return undefined;
  }
  return {
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device }),
  };
}
