import {
  type Entry,
  type Image,
  type Listing,
  listIfThere,
  rawBaseName,
  rawParent,
  type RawPath,
} from "#image";

/** Entries of listings that are kept at a time. */
const maxKeptEntries = 200_000;
/** One name is looked up alone; whoever asks for so many of a folder gets the rest of it, too. */
const maxSingle = 2;

/** What a base copy has at a path. Folders of which much is asked are listed once. */
export class BaseFiles {
  readonly image: Image;
  readonly #listings = new Map<RawPath, Listing | undefined>();
  readonly #asked = new Map<RawPath, number>();
  #kept = 0;

  /** Of one instant, and not of a walk through the living store. */
  readonly isFrozen: boolean;

  constructor(image: Image) {
    this.image = image;
    this.isFrozen = image.consistency !== "fuzzy";
  }

  /** Undefined where there is nothing. Throws `image.unlistable`. */
  async entry(path: RawPath, signal?: AbortSignal): Promise<Entry | undefined> {
    const folder = rawParent(path);
    if (!this.#listings.has(folder) && this.image.entry !== undefined) {
      const asked = (this.#asked.get(folder) ?? 0) + 1;
      if (this.#asked.size > maxKeptEntries) this.#asked.clear();
      this.#asked.set(folder, asked);
      if (asked <= maxSingle) return await this.image.entry(path, signal);
    }
    const listing = await this.list(folder, signal);
    const index = listing?.indexOf(rawBaseName(path)) ?? -1;
    return index < 0 ? undefined : listing?.entry(index);
  }

  /** Undefined where there is no such folder. Throws `image.unlistable`. */
  async list(folder: RawPath, signal?: AbortSignal): Promise<Listing | undefined> {
    const known = this.#listings.get(folder);
    if (known !== undefined || this.#listings.has(folder)) return known;
    const listing = await listIfThere(this.image, folder, signal);
    this.#keep(folder, listing);
    return listing;
  }

  #keep(folder: RawPath, listing: Listing | undefined): void {
    this.#listings.set(folder, listing);
    this.#kept += weightOf(listing);
    for (const [path, one] of this.#listings) {
      if (this.#kept <= maxKeptEntries || path === folder) return;
      this.#listings.delete(path);
      this.#kept -= weightOf(one);
    }
  }
}

/** A folder costs something, too. */
function weightOf(listing: Listing | undefined): number {
  return (listing?.length ?? 0) + 10;
}
