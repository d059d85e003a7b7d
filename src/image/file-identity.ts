import type { Entry } from "./entry.ts";
import type { Listing } from "./listing.ts";
import type { RawName, RawPath } from "./raw-path.ts";

/** What stays with a file when it gets another name: enough to know it again, and to tell it from a later file with its inode number. */
export type FileIdentity = Pick<Entry, "inode" | "deviceId" | "sizeBytes" | "mtimeNs" | "name">;

/** A file at its place in a listing. */
export type Place = { readonly folder: RawPath; readonly listing: Listing; readonly index: number };

export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.inode === b.inode &&
    a.deviceId === b.deviceId &&
    a.sizeBytes === b.sizeBytes &&
    // Expunge and delivery reuse an inode number, but not within the same nanosecond.
    (a.mtimeNs === b.mtimeNs || maildirBase(a.name) === maildirBase(b.name))
  );
}

/** The part of a Maildir name that flags do not change (Maildir: `unique:2,flags`). */
export function maildirBase(name: RawName): string {
  const colon = name.indexOf(":2,");
  return colon < 0 ? name : name.slice(0, colon);
}

/** Files that are looked for, each once, by inode number. */
export class WantedFiles<Value> {
  readonly #byInode = new Map<bigint, { readonly file: FileIdentity; value: Value }[]>();

  /** Returns the value that is kept for the file, after `make` when there was none. */
  get(file: FileIdentity, make: () => Value): Value {
    const known = this.#byInode.get(file.inode) ?? [];
    const found = known.find((one) => isSameFile(one.file, file));
    if (found !== undefined) return found.value;
    const value = make();
    known.push({ file, value });
    this.#byInode.set(file.inode, known);
    return value;
  }

  get size(): number {
    return this.#byInode.size;
  }

  *[Symbol.iterator](): IterableIterator<{ readonly file: FileIdentity; readonly value: Value }> {
    for (const known of this.#byInode.values()) yield* known;
  }

  /** Calls back for every place at which one of the files is listed. One pass over the inode columns. */
  findIn(
    listings: Iterable<readonly [RawPath, Listing]>,
    found: (value: Value, place: Place) => void,
  ): void {
    if (this.size === 0) return;
    for (const [folder, listing] of listings) {
      for (let index = 0; index < listing.length; index++) {
        const known = this.#byInode.get(listing.inodes[index] as bigint);
        if (known === undefined) continue;
        const entry = listing.bareEntry(index);
        for (const one of known)
          if (isSameFile(one.file, entry)) found(one.value, { folder, listing, index });
      }
    }
  }
}
