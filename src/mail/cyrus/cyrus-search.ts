import {
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  type RawName,
  rawParent,
  type RawPath,
} from "#image";
import type { LookedAt } from "../layout-finder.ts";
import type { MailAccount } from "../mail-store.ts";
import { fileIn, foldersIn, isMailboxFolder, readIfThere } from "./mailbox-folder.ts";
import { openCyrusStores } from "./open-cyrus.ts";

/** Where a Cyrus keeps what, within the Image, and how it is to be read. What is absent is looked for. */
export type CyrusPlaces = {
  /** The folder that holds mailboxes.db. */
  readonly config?: RawPath;
  /** The folders of partitions; of metadata and archive partitions too. */
  readonly spools?: readonly RawPath[];
  /** Only the account that has a mailbox at this path or around it; all where none has. */
  readonly around?: RawPath;
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

  /** Whether a part of a Cyrus is among what was shown, or was named. */
  get hasFound(): boolean {
    return this.#configs.size > 0 || this.#spools.size > 0;
  }

  async accounts(
    folder: Pick<LookedAt, "image" | "problems" | "signal">,
  ): Promise<readonly MailAccount[]> {
    for (const [spool, samples] of this.#spools) {
      if (samples.length > 0) continue;
      this.#spools.set(spool, await sampleMailboxes(folder.image, spool, folder));
    }
    // Where no more than partitions was looked through, what names their mailboxes lies outside.
    if (this.#configs.size === 0)
      for (const spool of this.#spools.keys()) {
        const config = await usualConfig(folder.image, spool, folder.signal);
        if (config !== undefined) this.#configs.add(config);
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

/** Seen from a partition: beside it, or where Debian, Red Hat and Cyrus itself put it. */
async function usualConfig(
  image: Image,
  spool: RawPath,
  signal: AbortSignal | undefined,
): Promise<RawPath | undefined> {
  const parent = rawParent(spool);
  const beside = spool === "" ? undefined : await listOrNothing(image, parent, signal);
  const prefix = /^(?:(.*)\/)?var\/(?:spool|imap)(?:\/|$)/.exec(spool);
  const usual = prefix === null ? [] : ["var/lib/cyrus", "var/lib/imap", "var/imap"];
  const folders = [
    ...(beside === undefined ? [] : foldersIn(beside).slice(0, listingLimit)).map((name) =>
      joinRawPath(parent, name),
    ),
    ...usual.map((path) => joinRawPath((prefix?.[1] ?? "") as RawPath, path as RawPath)),
  ];
  for (const folder of folders) {
    const listing = folder === spool ? undefined : await listOrNothing(image, folder, signal);
    if (listing !== undefined && isConfigFolder(listing)) return folder;
  }
  return undefined;
}

async function listOrNothing(
  image: Image,
  path: RawPath,
  signal: AbortSignal | undefined,
): Promise<Listing | undefined> {
  try {
    return await image.list(path, signal);
  } catch (error) {
    if (isImageError(error)) return undefined;
    throw error;
  }
}

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
  const top = listing ?? (await listOrNothing(image, root, signal));
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
    // A large mailbox is not listed for this.
    if (await hasHeader(image, next.path, signal)) {
      samples.push(next.path);
      continue;
    }
    const inner = await listOrNothing(image, next.path, signal);
    if (inner === undefined) continue;
    if (isMailboxFolder(inner)) samples.push(next.path);
    else if (next.depth < depthLimit)
      for (const name of foldersIn(inner).slice(0, listingLimit).reverse())
        waiting.push({ path: joinRawPath(next.path, name), depth: next.depth + 1 });
  }
  return samples;
}

async function hasHeader(
  image: Image,
  folder: RawPath,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const options = { limitBytes: 1, lengthBytes: 1, signal };
    return (await readIfThere(image, fileIn(folder, "cyrus.header"), options)) !== undefined;
  } catch (error) {
    if (isImageError(error)) return false;
    throw error;
  }
}
