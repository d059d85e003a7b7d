import type { BigIntStats } from "node:fs";
import { systemErrorCode } from "#errors";
import type { Entry } from "./entry.ts";
import { ImageError, isImageError } from "./image-error.ts";
import { absolutePath, checkFolder, listFolder, statsOf, systemPath } from "./list-folder.ts";
import { type Listing, ListingBuilder } from "./listing.ts";
import type { OwnerNames } from "./owner-names.ts";
import {
  joinRawPath,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
  rootPath,
} from "./raw-path.ts";
import { Turns } from "./turns.ts";

/**
 * The kernel stamps times from a clock that ticks every 1 to 10 ms: a second change within the
 * tick of the first leaves no trace. A folder that changed this recently is listed once more.
 */
export const tickDoubtMs = 50;

export type FolderTrackerOptions = OwnerNames & {
  /** Absolute, with symbolic links resolved. */
  readonly root: RawPath;
  /** Called after each folder was listed and before the next thing happens. */
  readonly onListed?: ((path: RawPath) => void | Promise<void>) | undefined;
};

export type TrackedFolder = {
  readonly listing: Listing;
  /** Set when the folder is there and cannot be listed; `listing` is empty then. */
  readonly error?: ImageError;
  /** The folder itself just before it was listed. */
  readonly stamp: Stamp | undefined;
  /** A change may hide behind the same time stamp. */
  readonly doubtful: boolean;
  /** 1, 2, 3, … over all listings that were taken. */
  readonly order: number;
};

type Stamp = Pick<Entry, "inode" | "deviceId" | "mtimeNs" | "ctimeNs">;

export type PassResult = {
  /** Folders that came, went, or whose names are others than before. */
  readonly changed: readonly RawPath[];
  /** Folders that did not change, so far as their time stamps can tell yet. */
  readonly doubtful: readonly RawPath[];
};

/** Told of every file that left a folder or came into one, in a listing after the first. */
export type MovementListener = (folder: RawPath, entry: Entry) => void;

/** The folders of a store in use, and their newest listings. Each pass lists again what changed. */
export class FolderTracker {
  readonly #options: FolderTrackerOptions;
  readonly #folders = new Map<RawPath, TrackedFolder>();
  #order = 0;
  /** Passes go to and fro, so that what moves in step with them does not stay ahead of every one. */
  #isBackwards = false;
  #onMoved: MovementListener | undefined;
  readonly #turns = new Turns();

  constructor(options: FolderTrackerOptions) {
    this.#options = options;
  }

  get folders(): ReadonlyMap<RawPath, TrackedFolder> {
    return this.#folders;
  }

  *listings(): IterableIterator<readonly [RawPath, Listing]> {
    for (const [path, { listing }] of this.#folders) yield [path, listing];
  }

  /** Looks at every folder once; the first pass lists them all. Not to be called while it runs. */
  async pass(signal?: AbortSignal, onMoved?: MovementListener): Promise<PassResult> {
    this.#onMoved = onMoved;
    const changed: RawPath[] = [];
    const doubtful: RawPath[] = [];
    if (this.#folders.size === 0) await this.#listTree(rootPath, changed, signal);
    else {
      this.#isBackwards = !this.#isBackwards;
      const folders = [...this.#folders];
      for (const [path, tracked] of this.#isBackwards ? folders.reverse() : folders) {
        if (this.#turns.isDue) await this.#turns.give();
        signal?.throwIfAborted();
        if (this.#isUnchanged(path, tracked)) continue;
        const before = changed.length;
        await this.#listTree(path, changed, signal);
        if (changed.length === before && this.#folders.get(path)?.doubtful === true)
          doubtful.push(path);
      }
    }
    return { changed, doubtful };
  }

  #isUnchanged(path: RawPath, { stamp, doubtful }: TrackedFolder): boolean {
    if (doubtful || stamp === undefined) return false;
    const now = statsOrNothing(systemPath(absolutePath(this.#options.root, path)));
    if (now === undefined || now.ino !== stamp.inode || now.dev !== stamp.deviceId) return false;
    return (
      isMaildirTemporary(this.#folders, path) ||
      (now.mtimeNs === stamp.mtimeNs && now.ctimeNs === stamp.ctimeNs)
    );
  }

  /** Lists a folder, and all below it that are not known yet. */
  async #listTree(top: RawPath, changed: RawPath[], signal?: AbortSignal): Promise<void> {
    const waiting = [top];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (this.#turns.isDue) await this.#turns.give();
      signal?.throwIfAborted();
      const before = this.#folders.get(path);
      const after = await this.#list(path, before, signal);
      if (after === undefined) this.#folders.delete(path);
      else this.#folders.set(path, after);
      if (this.#compare(path, before, after)) changed.push(path);
      await this.#options.onListed?.(path);
      if (after === undefined) continue;
      for (let index = after.listing.length - 1; index >= 0; index--) {
        if (((after.listing.modes[index] as number) & 0o170000) !== 0o040000) continue;
        const below = joinRawPath(path, after.listing.names[index] as RawName);
        if (!this.#folders.has(below)) waiting.push(below);
      }
    }
  }

  async #list(
    path: RawPath,
    before: TrackedFolder | undefined,
    signal: AbortSignal | undefined,
  ): Promise<TrackedFolder | undefined> {
    const { root } = this.#options;
    const order = ++this.#order;
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    let stamp: Stamp | undefined;
    try {
      const stats = checkFolder(root, path);
      stamp = {
        inode: stats.ino,
        deviceId: stats.dev,
        mtimeNs: stats.mtimeNs,
        ctimeNs: stats.ctimeNs,
      };
      if (isMaildirTemporary(this.#folders, path)) {
        return { listing: this.#empty(), stamp, doubtful: false, order };
      }
      // A name in cur or new is given to one file only; elsewhere another file may have taken a name over.
      const isSameFolder =
        before?.stamp?.inode === stamp.inode && before.stamp.deviceId === stamp.deviceId;
      const known =
        isSameFolder && isMaildirMessages(this.#folders, path) ? before?.listing : undefined;
      const listing = await listFolder({ ...this.#options, path, signal, known, inUse: true });
      return { listing, stamp, doubtful: isYoung(stamp, nowNs), order };
    } catch (error) {
      if (!isImageError(error)) throw error;
      if (path === rootPath && before === undefined) throw error;
      if (error.code !== "image.unlistable") return undefined;
      return { listing: this.#empty(), error, stamp: undefined, doubtful: false, order };
    }
  }

  #empty(): Listing {
    return new ListingBuilder(this.#options).build();
  }

  /** Whether anything differs; tells the listener of files that left or came. */
  #compare(
    path: RawPath,
    before: TrackedFolder | undefined,
    after: TrackedFolder | undefined,
  ): boolean {
    if (before === undefined && this.#onMoved === undefined) return true;
    const [a, b] = [before?.listing, after?.listing];
    let differs =
      before === undefined || after === undefined || before.error?.code !== after.error?.code;
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (one === undefined) continue;
      for (let index = 0; index < one.length; index++) {
        const there = other?.indexOf(one.names[index] as RawName) ?? -1;
        if (there >= 0 && one.inodes[index] === other?.inodes[there]) continue;
        differs = true;
        if (this.#onMoved === undefined) continue;
        const entry = one.bareEntry(index);
        if (entry.type === "file") this.#onMoved(path, entry);
      }
    }
    return differs;
  }
}

/** cur and new of a Maildir, where a file has a name of its own and never changes. */
export function isMaildirMessages(
  folders: ReadonlyMap<RawPath, TrackedFolder>,
  path: RawPath,
): boolean {
  const name = rawBaseName(path);
  return (name === "cur" || name === "new") && isMaildir(folders, rawParent(path));
}

/** tmp of a Maildir holds deliveries that are not mail yet; nobody reads them from there. */
function isMaildirTemporary(folders: ReadonlyMap<RawPath, TrackedFolder>, path: RawPath): boolean {
  return rawBaseName(path) === "tmp" && isMaildir(folders, rawParent(path));
}

function isMaildir(folders: ReadonlyMap<RawPath, TrackedFolder>, path: RawPath): boolean {
  const listing = folders.get(path)?.listing;
  if (listing === undefined) return false;
  return ["cur", "new", "tmp"].every((name) => {
    const index = listing.indexOf(name as RawName);
    return index >= 0 && ((listing.modes[index] as number) & 0o170000) === 0o040000;
  });
}

/** A folder whose attributes cannot be had is listed, and the listing says what is wrong. */
function statsOrNothing(path: string | Buffer): BigIntStats | undefined {
  try {
    return statsOf(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** A time stamp from the future is none that a change of now would get. */
function isYoung({ mtimeNs, ctimeNs }: Stamp, nowNs: bigint): boolean {
  const ageNs = nowNs - (mtimeNs > ctimeNs ? mtimeNs : ctimeNs);
  const doubtNs = BigInt(tickDoubtMs) * 1_000_000n;
  return ageNs < doubtNs && ageNs > -doubtNs;
}
