import { entryTypeOf, type Listing, type RawPath } from "#image";
import { fileIn, uidOfFile } from "./mailbox-folder.ts";

export type MessagePlace = {
  readonly path: RawPath;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
};

type ListedFolder = { readonly folder: RawPath; readonly listing: Listing };

/** The files of messages. 100,000 of them are numbers and not objects until one is asked for. */
export class MessageFiles {
  readonly #listings: ListedFolder[] = [];
  /** UID → listing × 2^32 + row. */
  readonly #rows = new Map<number, number>();

  add(folder: RawPath, listing: Listing): void {
    const place = this.#listings.push({ folder, listing }) - 1;
    for (let row = 0; row < listing.length; row++) {
      const uid = uidOfFile(listing.names[row] as string);
      if (uid === undefined || this.#rows.has(uid)) continue;
      if (entryTypeOf(listing.modes[row] as number) !== "file") continue;
      this.#rows.set(uid, place * 2 ** 32 + row);
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  uids(): Iterable<number> {
    return this.#rows.keys();
  }

  get(uid: number): MessagePlace | undefined {
    const at = this.#rows.get(uid);
    if (at === undefined) return undefined;
    const row = at % 2 ** 32;
    const { folder, listing } = this.#listings[(at - row) / 2 ** 32] as ListedFolder;
    return {
      path: fileIn(folder, listing.names[row] as string),
      sizeBytes: listing.sizes[row] as number,
      mtimeNs: listing.mtimesNs[row] as bigint,
    };
  }
}
