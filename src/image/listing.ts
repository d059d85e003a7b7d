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

  constructor(builder: ListingBuilder, order: Uint32Array) {
    const length = order.length;
    this.length = length;
    const names: RawName[] = Array.from({ length });
    this.inodes = new BigUint64Array(length);
    this.sizes = new Float64Array(length);
    this.mtimesNs = new BigInt64Array(length);
    this.ctimesNs = new BigInt64Array(length);
    this.modes = new Uint32Array(length);
    this.uids = new Uint32Array(length);
    this.gids = new Uint32Array(length);
    this.links = new Uint32Array(length);
    this.deviceIds = new BigUint64Array(length);
    const extras = new Map<number, EntryExtra>();
    for (let to = 0; to < length; to++) {
      const entry = builder.entries[order[to] as number] as Entry;
      names[to] = entry.name;
      this.inodes[to] = entry.inode;
      this.sizes[to] = entry.sizeBytes;
      this.mtimesNs[to] = entry.mtimeNs;
      this.ctimesNs[to] = entry.ctimeNs;
      this.modes[to] = statModeOf(entry);
      this.uids[to] = entry.uid;
      this.gids[to] = entry.gid;
      this.links[to] = entry.links;
      this.deviceIds[to] = entry.deviceId;
      const extra = extraOf(entry);
      if (extra !== undefined) extras.set(to, extra);
    }
    this.names = names;
    this.#extras = extras;
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

/** Collects entries in any order; `build` sorts them by raw name. */
export class ListingBuilder {
  readonly entries: Entry[] = [];
  readonly problems: ImageProblem[] = [];
  readonly userOf: (uid: number) => string | undefined;
  readonly groupOf: (gid: number) => string | undefined;

  constructor(options: ListingBuilderOptions = {}) {
    this.userOf = options.userOf ?? (() => undefined);
    this.groupOf = options.groupOf ?? (() => undefined);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  build(): Listing {
    const order = new Uint32Array(this.entries.length);
    for (let index = 0; index < order.length; index++) order[index] = index;
    let sorted = true;
    for (let index = 1; index < this.entries.length && sorted; index++) {
      sorted = (this.entries[index - 1] as Entry).name < (this.entries[index] as Entry).name;
    }
    if (!sorted) {
      const entries = this.entries;
      order.sort((a, b) => compareNames((entries[a] as Entry).name, (entries[b] as Entry).name));
    }
    return new Listing(this, order);
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
