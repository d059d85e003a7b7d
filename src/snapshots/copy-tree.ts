/*
 * A copy of a store that may be in use, made in rounds. The first copies everything; each of the
 * next looks at every name again and repairs what differs from what was copied. A round that
 * finds nothing to repair proves that every file was, at the moment between the last copy and
 * this look, as it is in the copy: then the copy is of one moment. A store that never stands
 * still is taken as its last round left it: names of one look, bytes of slightly later.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import {
  type Entry,
  type ExtendedAttribute,
  type Image,
  type ImageProblem,
  isImageError,
  joinRawPath,
  type Listing,
  type RawName,
  rawParent,
  type RawPath,
  rawPathToBytes,
  readExtendedAttributes,
  rootPath,
} from "#image";
import { copyEntry, linkEntry } from "./copy-entry.ts";
import { type CopyBytes, isAt } from "./copy-file.ts";
import {
  compareListings,
  isFolder,
  type Listings,
  type Place,
  takeListings,
} from "./copy-listings.ts";
import { openFolder } from "./open-folder.ts";
import { removeFile, removeTree } from "./remove-tree.ts";
import { Missed, setAttributes } from "./set-attributes.ts";
import { reasonOf } from "./snapshot-error.ts";
import type { SnapshotOptions, SnapshotProgress } from "./snapshot-provider.ts";
import { ensureSameStore, type StoreIdentity, unreadable } from "./store-identity.ts";

export type CopyTreeOptions = SnapshotOptions & {
  readonly store: StoreIdentity;
  /** The copy's root; must not exist. */
  readonly to: RawPath;
  /** The store as an Image, opened anew for each round. */
  readonly openImage: () => Promise<Image>;
  readonly copyBytes: CopyBytes;
  readonly mustStandStill: boolean;
  /** Rounds after which a store that never stands still is taken as it is. */
  readonly roundLimit: number;
};

export type CopiedTree = {
  readonly settled: boolean;
  readonly files: number;
  readonly sizeBytes: number;
  readonly problems: readonly ImageProblem[];
};

const sliceEntries = 64;
/** Reports of progress: one as a round begins to copy, and one in so many files. */
const reportFiles = 256;
/** Until a time stamp of now has aged enough to prove something. */
const doubtMs = 60;

export async function copyTree(options: CopyTreeOptions): Promise<CopiedTree> {
  const copy = new TreeCopy(options);
  for (let round = 1; ; round++) {
    ensureSameStore(options.store);
    const changes = await copy.round();
    const settled = round > 1 && changes === 0 && !copy.hasDoubts && copy.stoodStill;
    if (!settled && round < options.roundLimit) {
      // What was changed this moment would be in doubt again.
      if (copy.hasDoubts) await setTimeout(doubtMs, undefined, { signal: options.signal });
      continue;
    }
    const totals = copy.totals();
    await copy.finishFolders();
    ensureSameStore(options.store);
    return { ...totals, settled: settled || options.roundLimit === 1, problems: copy.problems() };
  }
}

class TreeCopy {
  readonly #options: CopyTreeOptions;
  readonly #missed: Missed;
  #listings: Listings = { folders: new Map(), unlistable: new Map() };
  /** Paths whose copy may differ from what is listed. */
  #doubtful = new Set<RawPath>();
  #problems = new Map<RawPath, ImageProblem>();
  #imageProblems: readonly ImageProblem[] = [];
  /** Folders that could not be made. */
  #blocked = new Map<RawPath, ImageProblem>();
  /** "device:inode" of files that were listed with several names, under any of them. */
  #linked: ReadonlySet<string> = new Set();
  /** "device:inode" → the first name copied, and its entry. */
  readonly #links = new Map<string, { readonly path: RawPath; readonly entry: Entry }>();
  #progress: { files: number; sizeBytes: number } = { files: 0, sizeBytes: 0 };

  constructor(options: CopyTreeOptions) {
    this.#options = options;
    this.#missed = new Missed(options.to);
    mkdirSync(rawPathToBytes(options.to), { mode: 0o700 });
  }

  get hasDoubts(): boolean {
    return this.#doubtful.size > 0;
  }

  /** Whether the names were of one moment in the last round. */
  get stoodStill(): boolean {
    return !this.#imageProblems.some(({ code }) => code === "still-changing");
  }

  /** Looks at everything once and copies what is new or different. Returns how much that was. */
  async round(): Promise<number> {
    const { store, signal } = this.#options;
    await using image = await this.#try(this.#options.openImage);
    const after = await this.#try(() => takeListings(image, signal));
    // Before anything is removed from the copy: what is listed must be the store.
    ensureSameStore(store);
    const { gone, newFolders, changed, kept } = compareListings(
      this.#listings,
      after,
      this.#doubtful,
    );
    const problems = this.#problems;
    this.#listings = after;
    this.#linked = linkedFiles(after);
    this.#doubtful = new Set();
    this.#problems = new Map();
    this.#links.clear();
    for (const path of gone) await this.#remove(path);
    for (const path of newFolders) this.#makeFolder(path);
    for (const [path, entry] of kept.map((place) => this.#at(place))) {
      const problem = problems.get(path);
      if (problem === undefined) this.#noteLink(path, entry);
      else this.#problems.set(path, problem);
    }
    if (changed.length > 0) this.#tell();
    let seen = 0;
    for (const place of changed) {
      if (++seen % sliceEntries === 0) await setImmediate();
      signal?.throwIfAborted();
      await this.#copy(image, ...this.#at(place));
    }
    // Reading may have added to them.
    this.#imageProblems = image.problems;
    return gone.length + newFolders.length + changed.length;
  }

  async #try<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      if (!isImageError(error)) throw error;
      const { store } = this.#options;
      ensureSameStore(store);
      throw unreadable(store.root, error.message, error);
    }
  }

  #at({ folder, index }: Place): [RawPath, Entry] {
    const listing = this.#listings.folders.get(folder) as Listing;
    return [joinRawPath(folder, listing.names[index] as RawName), listing.bareEntry(index)];
  }

  async #remove(path: RawPath): Promise<void> {
    const target = joinRawPath(this.#options.to, path);
    const stats = lstatSync(rawPathToBytes(target), { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) await removeTree(target, { signal: this.#options.signal });
    else if (stats !== undefined) removeFile(target);
  }

  #makeFolder(path: RawPath): void {
    if (this.#isBlocked(path)) return;
    try {
      mkdirSync(rawPathToBytes(joinRawPath(this.#options.to, path)), { mode: 0o700 });
    } catch (error) {
      const code = systemErrorCode(error);
      if (code !== "ENAMETOOLONG" && code !== "EILSEQ" && code !== "EINVAL") throw error;
      const message = `The destination cannot hold this folder: ${reasonOf(error)}.`;
      this.#blocked.set(path, { path, code: "unlistable", message });
    }
  }

  #isBlocked(path: RawPath): boolean {
    for (let above = rawParent(path); this.#blocked.size > 0 && above !== rootPath;) {
      if (this.#blocked.has(above)) return true;
      above = rawParent(above);
    }
    return false;
  }

  #noteLink(path: RawPath, entry: Entry): void {
    // Listed before it had its second name, it says that it has one: a move that was caught half done.
    if (this.#linked.size === 0 || entry.type !== "file") return;
    const key = `${entry.deviceId}:${entry.inode}`;
    if (this.#linked.has(key) && !this.#links.has(key)) this.#links.set(key, { path, entry });
  }

  async #copy(image: Image, path: RawPath, entry: Entry): Promise<void> {
    if (this.#isBlocked(path)) return;
    const { store, to, copyBytes, mustStandStill, signal } = this.#options;
    this.#report(entry);
    const first = this.#links.get(`${entry.deviceId}:${entry.inode}`);
    const isAnotherName =
      first !== undefined &&
      first.entry.sizeBytes === entry.sizeBytes &&
      first.entry.mtimeNs === entry.mtimeNs;
    if (isAnotherName && linkEntry(path, first.path, to)) {
      if (this.#doubtful.has(first.path)) this.#doubtful.add(path);
      return;
    }
    const copied = await copyEntry(path, entry, {
      image,
      store: store.root,
      to,
      copyBytes,
      mustStandStill,
      missed: this.#missed,
      signal,
    });
    if (copied.outcome === "copied") {
      this.#noteLink(path, entry);
      if (!copied.exact) this.#doubtful.add(path);
      return;
    }
    this.#problems.set(path, copied.problem);
    // What may not be read, or has no place there, is so until it is another file.
    const { code } = copied.problem;
    if (code !== "unreadable" && code !== "unsupported") this.#doubtful.add(path);
  }

  #report({ sizeBytes, type }: Entry): void {
    if (type !== "file") return;
    this.#progress = {
      files: this.#progress.files + 1,
      sizeBytes: this.#progress.sizeBytes + sizeBytes,
    };
    if (this.#progress.files % reportFiles === 0) this.#tell();
  }

  #tell(): void {
    const progress: SnapshotProgress = { phase: "copying", ...this.#progress };
    this.#options.onProgress?.(progress);
  }

  /** Owner, mode and times of the folders, from the leaves up: filling a folder changes its time. */
  async finishFolders(): Promise<void> {
    const paths = [...this.#listings.folders.keys(), ...this.#listings.unlistable.keys()];
    paths.sort((a, b) => b.length - a.length);
    let seen = 0;
    for (const path of paths) {
      if (++seen % sliceEntries === 0) await setImmediate();
      if (path !== rootPath && !this.#blocked.has(path) && !this.#isBlocked(path))
        this.#finishFolder(path, this.#folderEntry(path));
    }
    const { root } = this.#options.store;
    const stats = lstatSync(rawPathToBytes(root), { bigint: true });
    this.#finishFolder(rootPath, {
      mode: Number(stats.mode) & 0o7777,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      mtimeNs: stats.mtimeNs,
    });
  }

  #folderEntry(path: RawPath): Entry {
    const listing = this.#listings.folders.get(rawParent(path)) as Listing;
    return listing.bareEntry(listing.indexOf(path.slice(path.lastIndexOf("/") + 1) as RawName));
  }

  #finishFolder(path: RawPath, entry: Pick<Entry, "mode" | "uid" | "gid" | "mtimeNs">): void {
    const { store, to } = this.#options;
    const target = path === rootPath ? to : joinRawPath(to, path);
    const source = path === rootPath ? store.root : joinRawPath(store.root, path);
    const { uid, gid, mode, mtimeNs } = entry;
    const extended = readFolderAttributes(source);
    // One that may not be opened is among the unlistable already.
    if (extended === undefined && !this.#listings.unlistable.has(path)) {
      const message = "Its extended attributes are missing: it was moved or removed meanwhile.";
      this.#problems.set(path, { path, code: "changed", message });
    }
    setAttributes(target, { uid, gid, mode, mtimeNs, extended: extended ?? [] }, this.#missed);
  }

  totals(): { files: number; sizeBytes: number } {
    let files = 0;
    let sizeBytes = 0;
    const seen = new Set<string>();
    for (const [folder, listing] of this.#listings.folders) {
      if (this.#blocked.has(folder) || this.#isBlocked(folder)) continue;
      for (let index = 0; index < listing.length; index++) {
        if (((listing.modes[index] as number) & 0o170000) !== 0o100000) continue;
        if (this.#problems.has(joinRawPath(folder, listing.names[index] as RawName))) continue;
        files++;
        if ((listing.links[index] as number) > 1) {
          const key = `${listing.deviceIds[index]}:${listing.inodes[index]}`;
          if (seen.has(key)) continue;
          seen.add(key);
        }
        sizeBytes += listing.sizes[index] as number;
      }
    }
    return { files, sizeBytes };
  }

  problems(): ImageProblem[] {
    const own = [
      ...this.#listings.unlistable.values(),
      ...this.#blocked.values(),
      ...this.#problems.values(),
      ...this.#missed.problems(),
    ];
    const known = new Set(own.map(({ path, code }) => `${code} ${path}`));
    return [
      ...own,
      ...this.#imageProblems.filter(({ path, code }) => !known.has(`${code} ${path}`)),
    ];
  }
}

function linkedFiles({ folders }: Listings): ReadonlySet<string> {
  const linked = new Set<string>();
  for (const listing of folders.values())
    for (let index = 0; index < listing.length; index++)
      if ((listing.links[index] as number) > 1 && !isFolder(listing, index))
        linked.add(`${listing.deviceIds[index]}:${listing.inodes[index]}`);
  return linked;
}

/** Attributes of the folder that lies there now, and not where a link leads; undefined when there is none that can be opened. */
function readFolderAttributes(path: RawPath): readonly ExtendedAttribute[] | undefined {
  try {
    using open = openFolder(path);
    return isAt(open.descriptor, path)
      ? readExtendedAttributes(`${open.place}/.` as RawPath)
      : undefined;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
