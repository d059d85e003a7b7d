import {
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  type RawName,
  type RawPath,
} from "#image";
import type { LookedAt } from "../layout-finder.ts";
import type { MailAccount } from "../mail-store.ts";
import { foldersIn, isMailboxFolder } from "./mailbox-folder.ts";
import { openCyrusStores } from "./open-cyrus.ts";

/** Where a Cyrus keeps what, within the Image, and how it is to be read. What is absent is looked for. */
export type CyrusPlaces = {
  /** The folder that holds mailboxes.db. */
  readonly config?: RawPath;
  /** The folders of partitions; of metadata and archive partitions too. */
  readonly spools?: readonly RawPath[];
  /** List what was deleted and waits to be removed, below "DELETED". Default false. */
  readonly withDeleted?: boolean;
  /** Whose seen state mailboxes without an owner are listed with: "cass", "cass@example.org". Default: nobody's. */
  readonly seenBy?: string;
};

/** Collects what belongs to Cyrus while all of a store is looked through; then puts it together. */
export class CyrusSearch {
  readonly #places: CyrusPlaces;
  readonly #configs = new Set<RawPath>();
  readonly #spools = new Map<RawPath, readonly RawPath[]>();

  constructor(places: CyrusPlaces = {}) {
    this.#places = places;
    if (places.config !== undefined) this.#configs.add(places.config);
    for (const spool of places.spools ?? []) this.#spools.set(spool, []);
  }

  /** A LayoutFinder. Which accounts there are turns out when everything was seen. */
  readonly look = async (folder: LookedAt): Promise<readonly MailAccount[] | undefined> => {
    const { image, path, listing, signal } = folder;
    if (this.#configs.has(path) || this.#spools.has(path)) return [];
    if (isConfigFolder(listing)) {
      this.#configs.add(path);
      // Nothing in it is mail, but for a partition that somebody put there.
      for (const name of foldersIn(listing)) {
        if (configFolders.has(name)) continue;
        const inner = joinRawPath(path, name);
        const samples = await sampleMailboxes(image, inner, { signal });
        if (samples.length > 0) this.#spools.set(inner, samples);
      }
      return [];
    }
    const samples = await sampleMailboxes(image, path, { listing, signal });
    if (samples.length === 0) return undefined;
    this.#spools.set(path, samples);
    return [];
  };

  async accounts(
    folder: Pick<LookedAt, "image" | "problems" | "signal">,
  ): Promise<readonly MailAccount[]> {
    for (const [spool, samples] of this.#spools) {
      if (samples.length > 0) continue;
      this.#spools.set(spool, await sampleMailboxes(folder.image, spool, folder));
    }
    return openCyrusStores(folder, {
      configs: [...this.#configs],
      spools: this.#spools,
      given: new Set(this.#places.spools),
      options: this.#places,
    });
  }
}

const configFolders: ReadonlySet<string> = new Set([
  "user",
  "domain",
  "quota",
  "lock",
  "proc",
  "socket",
  "db",
  "log",
  "msg",
  "sync",
  "ptclient",
]);
const sampleLimit = 4;
const listingLimit = 64;
const depthLimit = 8;

function isConfigFolder(listing: Listing): boolean {
  const isFile = (name: string): boolean => {
    const index = listing.indexOf(name as RawName);
    return index >= 0 && listing.entry(index).type === "file";
  };
  return (
    isFile("mailboxes.db") ||
    (isFile("annotations.db") && foldersIn(listing).includes("user" as RawName))
  );
}

/**
 * A few mailbox folders of a partition; none where the folder is no partition. What lies at its top
 * says whether to look further: `uuid`, `user`, `domain`, or folders with one letter.
 */
async function sampleMailboxes(
  image: Image,
  root: RawPath,
  { listing, signal }: { readonly listing?: Listing; readonly signal: AbortSignal | undefined },
): Promise<readonly RawPath[]> {
  const samples: RawPath[] = [];
  const list = async (path: RawPath): Promise<Listing | undefined> => {
    try {
      return await image.list(path, signal);
    } catch (error) {
      if (isImageError(error)) return undefined;
      throw error;
    }
  };
  const top = listing ?? (await list(root));
  if (top === undefined) return [];
  // A mailbox's folder by itself: somebody copied no more than that.
  if (top.indexOf("cyrus.index" as RawName) >= 0 || top.indexOf("cyrus.header" as RawName) >= 0)
    return [root];
  const waiting = foldersIn(top)
    .filter((name) => /^(?:uuid|user|domain|[A-Za-z])$/.test(name))
    .map((name) => ({ path: joinRawPath(root, name), depth: 1 }))
    .reverse();
  for (let listings = 0; listings < listingLimit && samples.length < sampleLimit; listings++) {
    const next = waiting.pop();
    if (next === undefined) break;
    const inner = await list(next.path);
    if (inner === undefined) continue;
    if (isMailboxFolder(inner)) samples.push(next.path);
    else if (next.depth < depthLimit)
      for (const name of foldersIn(inner).slice(0, listingLimit).reverse())
        waiting.push({ path: joinRawPath(next.path, name), depth: next.depth + 1 });
  }
  return samples;
}
