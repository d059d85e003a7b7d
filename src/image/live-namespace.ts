/*
 * Which file lies where, for an Image of a store in use.
 *
 * A pass over the folders that finds nothing changed proves that all listings held at one
 * moment: each folder stood still from its listing to that pass. A busy store never grants such
 * a pass. Then the listings are of slightly different moments, and what moved between them may
 * be in two of them or in none. Those files are known, because a move shows in a listing that is
 * taken again; each is looked up where it was seen, and looked for where it was not.
 */
import { setTimeout } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import type { Entry } from "./entry.ts";
import { maildirBase, type Place, WantedFiles } from "./file-identity.ts";
import { type FolderTracker, tickDoubtMs } from "./folder-tracker.ts";
import type { ImageProblem } from "./image.ts";
import { type ImageError, quotePath, unlistable } from "./image-error.ts";
import { describe, folderPrefix } from "./list-folder.ts";
import { type Listing, ListingBuilder } from "./listing.ts";
import type { OwnerNames } from "./owner-names.ts";
import { joinRawPath, type RawName, type RawPath, rootPath } from "./raw-path.ts";

export type NamespaceOptions = OwnerNames & {
  readonly root: RawPath;
  /** Passes over the folders after which a store that never stands still is taken as it is. */
  readonly passLimit: number;
  readonly signal?: AbortSignal | undefined;
};

export type Namespace = {
  readonly listings: ReadonlyMap<RawPath, Listing>;
  readonly errors: ReadonlyMap<RawPath, ImageError>;
  readonly problems: readonly ImageProblem[];
};

/** Everywhere a file was seen in the listings that are kept, and where it was seen last. */
type Sighting = { folder: RawPath; entry: Entry; readonly places: Place[] };

/** How often everything is looked through for files that are in no listing, while the store goes on changing. */
const searches = 4;

/** How often, `tickDoubtMs` apart, messages that are in the midst of a move are looked at again. What a crash left between two folders stays in both. */
const moveWaits = 40;

export async function takeNamespace(
  tracker: FolderTracker,
  options: NamespaceOptions,
): Promise<Namespace> {
  const moved = new WantedFiles<Sighting>();
  const changing = await settle(tracker, moved, options);
  const kept = new KeptListings(tracker, moved, options);
  if (changing.length > 0) {
    moved.findIn(kept.listings, (sighting, place) => sighting.places.push(place));
    for (const { value } of moved)
      if (value.places.length > 1) dropDoubles(kept, tracker, value, options.root);
    kept.rebuild();
    await findLost(kept, tracker, moved, options);
    kept.rebuild();
    await dropLateDoubles(kept, tracker, moved, options);
    kept.rebuild();
  }
  const problems = [...changing.map((path) => stillChanging(path)), ...kept.problems];
  return { listings: kept.listings, errors: kept.errors, problems };
}

/** Passes until one finds nothing changed. Returns the folders that never stood still. */
async function settle(
  tracker: FolderTracker,
  moved: WantedFiles<Sighting>,
  options: NamespaceOptions,
): Promise<readonly RawPath[]> {
  const { signal, passLimit } = options;
  await tracker.pass(signal);
  for (let pass = 1; ; pass++) {
    const { changed, doubtful } = await tracker.pass(signal, (folder, entry) =>
      note(moved, folder, entry),
    );
    if (changed.length === 0 && doubtful.length === 0) return [];
    if (pass >= passLimit) return [...changed, ...doubtful];
    // Nothing moves, but a time stamp is too young to prove it: let it age.
    if (changed.length === 0) await setTimeout(tickDoubtMs, undefined, { signal });
  }
}

function note(moved: WantedFiles<Sighting>, folder: RawPath, entry: Entry): void {
  const sighting = moved.get(entry, () => ({ folder, entry, places: [] }));
  sighting.folder = folder;
  sighting.entry = entry;
}

/**
 * A file that is listed more than once keeps the names that it has now. It may have several
 * (a copy within Dovecot's Maildirs is a hard link): as many are kept as it has links.
 */
function dropDoubles(
  kept: KeptListings,
  tracker: FolderTracker,
  sighting: Sighting,
  root: RawPath,
): void {
  const order = ({ folder }: Place): number => tracker.folders.get(folder)?.order ?? 0;
  const newestFirst = sighting.places.toSorted((a, b) => order(b) - order(a));
  const standing = newestFirst.filter((place) => linksNow(root, place) > 0);
  const links = standing.reduce((most, place) => Math.max(most, linksNow(root, place)), 1);
  const renamed = newestFirst.filter((place) => !standing.includes(place));
  const names = new Set(standing.map((place) => baseOf(place)));
  // A link that is unaccounted for was renamed since: more likely one whose base name is nowhere else.
  renamed.sort((a, b) => Number(names.has(baseOf(a))) - Number(names.has(baseOf(b))));
  const keep = [...standing, ...renamed].slice(0, links);
  for (const place of sighting.places)
    if (!keep.includes(place)) kept.drop(place.folder, nameOf(place));
  sighting.places.splice(0, Infinity, ...keep);
}

/**
 * Dovecot moves by making a hard link and removing the old name: what was caught in between has one name a moment
 * later. It links all messages of a command before it removes the first, which takes a busy machine its time.
 */
async function dropLateDoubles(
  kept: KeptListings,
  tracker: FolderTracker,
  moved: WantedFiles<Sighting>,
  { root, signal }: NamespaceOptions,
): Promise<void> {
  for (let wait = 0; wait < moveWaits; wait++) {
    const doubles = [...moved]
      .map(({ value }) => value)
      .filter(({ places }) => (wait === 0 ? places.length > 1 : isBeingMoved(places)));
    if (doubles.length === 0) return;
    await setTimeout(tickDoubtMs, undefined, { signal });
    for (const sighting of doubles) {
      if (sighting.places.some((place) => linksNow(root, place) > 0))
        dropDoubles(kept, tracker, sighting, root);
    }
  }
}

/** A copy gets a base name of its own, a move keeps it. */
function isBeingMoved(places: readonly Place[]): boolean {
  return new Set(places.map((place) => baseOf(place))).size < places.length;
}

/** Hard links of the listed file, 0 when it is not there any more. */
function linksNow(root: RawPath, place: Place): number {
  const now = lookNow(root, place.folder, nameOf(place));
  return now !== undefined && now.inode === place.listing.inodes[place.index] ? now.links : 0;
}

function nameOf({ listing, index }: Place): RawName {
  return listing.names[index] as RawName;
}

function baseOf(place: Place): string {
  return maildirBase(nameOf(place));
}

function lookNow(root: RawPath, folder: RawPath, name: RawName): Entry | undefined {
  try {
    return describe(folderPrefix(root, folder), name);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Files that were seen and are in no listing: expunged, or moved to a folder that had been listed before. */
async function findLost(
  kept: KeptListings,
  tracker: FolderTracker,
  moved: WantedFiles<Sighting>,
  options: NamespaceOptions,
): Promise<void> {
  const isLost = ({ places }: Sighting): boolean => {
    const links = places.reduce((most, place) => Math.max(most, linksNow(options.root, place)), 1);
    return places.length < links;
  };
  for (let search = 0; search < searches; search++) {
    const lost = new WantedFiles<Sighting>();
    for (const { file, value } of moved) if (isLost(value)) lost.get(file, () => value);
    if (lost.size === 0) return;
    const { changed, doubtful } = await tracker.pass(options.signal);
    lost.findIn(tracker.listings(), (sighting, place) => {
      const links = linksNow(options.root, place);
      if (links <= sighting.places.length) return;
      if (sighting.places.some((known) => baseOf(known) === baseOf(place))) return;
      sighting.places.push(place);
      kept.putBack(sighting, place);
    });
    if (changed.length === 0 && doubtful.length === 0) return;
  }
}

function stillChanging(path: RawPath): ImageProblem {
  return {
    path,
    code: "still-changing",
    message: `The names in ${quotePath(path)} changed at every look; what moved meanwhile was followed file by file.`,
  };
}

/** The listings as they were when passing ended, with corrections. */
class KeptListings {
  readonly listings = new Map<RawPath, Listing>();
  readonly errors = new Map<RawPath, ImageError>();
  readonly problems: ImageProblem[] = [];
  readonly #names: OwnerNames;
  readonly #dropped = new Map<RawPath, Set<RawName>>();
  readonly #added = new Map<RawPath, Entry[]>();

  constructor(tracker: FolderTracker, moved: WantedFiles<Sighting>, names: OwnerNames) {
    this.#names = names;
    const waiting: RawPath[] = [rootPath];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const tracked = tracker.folders.get(path);
      if (tracked === undefined)
        throw unlistable(path, new Error("ENOENT: it went away while it was listed"));
      this.listings.set(path, tracked.listing);
      if (tracked.error !== undefined) this.errors.set(path, tracked.error);
      for (const [below, name] of foldersIn(path, tracked.listing)) {
        if (tracker.folders.has(below)) waiting.push(below);
        // Removed between its parent's listing and its own.
        else this.drop(path, name);
      }
    }
    // Renamed or removed with the folder above: what was in it is looked for like any other file.
    for (const [path, { listing }] of tracker.folders) {
      if (this.listings.has(path)) continue;
      for (const entry of listing) if (entry.type === "file") note(moved, path, entry);
    }
    this.rebuild();
  }

  drop(folder: RawPath, name: RawName): void {
    const names = this.#dropped.get(folder) ?? new Set();
    this.#dropped.set(folder, names.add(name));
  }

  add(folder: RawPath, entry: Entry): void {
    const entries = this.#added.get(folder) ?? [];
    entries.push(entry);
    this.#added.set(folder, entries);
  }

  /** A file that was found again: where it is now, or in its old place when that folder came after the listings were kept. */
  putBack(sighting: Sighting, place: Place): void {
    if (this.listings.has(place.folder))
      return this.add(place.folder, place.listing.bareEntry(place.index));
    if (this.listings.has(sighting.folder)) return this.add(sighting.folder, sighting.entry);
    this.problems.push({
      path: joinRawPath(place.folder, place.listing.names[place.index] as RawName),
      code: "vanished",
      message: "It was moved with its folder while the store was listed, and is left out.",
    });
  }

  rebuild(): void {
    for (const folder of new Set([...this.#dropped.keys(), ...this.#added.keys()])) {
      const before = this.listings.get(folder);
      if (before === undefined) continue;
      const dropped = this.#dropped.get(folder);
      const builder = new ListingBuilder(this.#names);
      for (let index = 0; index < before.length; index++) {
        if (dropped?.has(before.names[index] as RawName) !== true)
          builder.add(before.bareEntry(index));
      }
      for (const entry of this.#added.get(folder) ?? []) {
        if (before.indexOf(entry.name) < 0 || dropped?.has(entry.name) === true) builder.add(entry);
      }
      builder.problems.push(...before.problems);
      this.listings.set(folder, builder.build());
    }
    this.#dropped.clear();
    this.#added.clear();
  }
}

function* foldersIn(path: RawPath, listing: Listing): IterableIterator<[RawPath, RawName]> {
  for (let index = 0; index < listing.length; index++) {
    if (((listing.modes[index] as number) & 0o170000) !== 0o040000) continue;
    const name = listing.names[index] as RawName;
    yield [joinRawPath(path, name), name];
  }
}
