import { randomUUID } from "node:crypto";
import type { Entry, ExtendedAttribute } from "./entry.ts";
import { entryFingerprint, resolveFolder, wholeVolume } from "./directory-image.ts";
import { readExtendedAttributes } from "./extended-attributes.ts";
import { FileFinder } from "./file-finder.ts";
import { FolderTracker, isMaildirMessages } from "./folder-tracker.ts";
import type {
  Image,
  ImageMoment,
  ImageProblem,
  LocalAccess,
  ReadOptions,
  Volume,
} from "./image.ts";
import {
  changed,
  closed,
  ImageError,
  isImageError,
  notAFile,
  notAFolder,
  notFound,
  quotePath,
} from "./image-error.ts";
import { absolutePath, staysWithin } from "./list-folder.ts";
import type { Listing } from "./listing.ts";
import { type Namespace, takeNamespace } from "./live-namespace.ts";
import { type MomentOptions, MomentRecorder } from "./moment.ts";
import { type OwnerNames, readOwnerNames } from "./owner-names.ts";
import { ProblemLog } from "./problem-log.ts";
import { displayPath, rawBaseName, rawParent, type RawPath } from "./raw-path.ts";
import { readFilePieces } from "./read-file.ts";

export type LiveImageOptions = MomentOptions & {
  /** Default: one volume with everything in it. */
  readonly volumes?: readonly Volume[];
  /** Default: read from /etc/passwd and /etc/group. */
  readonly ownerNames?: OwnerNames;
  /** Passes over the folders after which a store that never stands still is taken as it is. Default 10. */
  readonly passLimit?: number;
  /** Called after each folder was listed and before the next thing happens: progress, and tests that change the store right then. */
  readonly onListed?: (path: RawPath) => void | Promise<void>;
  readonly signal?: AbortSignal;
};

/** How often a file is read again that changed, or was renamed, while it was read. */
const attempts = 6;

/**
 * A store in use as an Image, consistency "fuzzy": names as of one moment, or, when the store
 * never stands still, names of a few moments close together with every message that was there
 * throughout in one folder. Bytes are read later, from wherever the file has gone since; a file
 * that was expunged meanwhile is a problem `vanished`. What is in a Maildir's `tmp` is left out.
 */
export async function openLiveImage(
  folder: RawPath,
  options: LiveImageOptions = {},
): Promise<Image> {
  const root = await resolveFolder(folder);
  const { onListed, signal, passLimit = 10 } = options;
  const volumes = options.volumes ?? [await wholeVolume(root)];
  const names = options.ownerNames ?? (await readOwnerNames());
  const moment = new MomentRecorder(displayPath(root), options);
  const tracker = new FolderTracker({ ...names, root, onListed });
  const namespace = await takeNamespace(tracker, { ...names, root, signal, passLimit });
  moment.looked();
  return new LiveImage({ root, volumes, moment, tracker, namespace });
}

type LiveImageParts = {
  readonly root: RawPath;
  readonly volumes: readonly Volume[];
  readonly moment: MomentRecorder;
  readonly tracker: FolderTracker;
  readonly namespace: Namespace;
};

class LiveImage implements Image {
  readonly consistency = "fuzzy";
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly local: LocalAccess;
  readonly #root: RawPath;
  readonly #moment: MomentRecorder;
  readonly #tracker: FolderTracker;
  readonly #namespace: Namespace;
  readonly #finder: FileFinder;
  readonly #problems = new ProblemLog();
  #closed = false;

  constructor({ root, volumes, moment, tracker, namespace }: LiveImageParts) {
    this.#root = root;
    this.#moment = moment;
    this.#tracker = tracker;
    this.#namespace = namespace;
    this.#finder = new FileFinder(root, tracker);
    this.volumes = volumes;
    this.fingerprintScope = `${volumes.map((volume) => volume.id).join("+")}#${randomUUID()}`;
    this.local = { root, relocate: (paths, signal) => this.#relocate(paths, signal) };
    for (const problem of namespace.problems) this.#problems.add(problem);
    for (const listing of namespace.listings.values()) {
      for (const problem of listing.problems) this.#problems.add(problem);
    }
    for (const [path, error] of namespace.errors) {
      this.#problems.add({ path, code: "unlistable", message: `${error.message}.` });
    }
  }

  get at(): ImageMoment {
    return this.#moment.moment;
  }

  get problems(): readonly ImageProblem[] {
    return this.#problems.all();
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    this.#ensureOpen();
    signal?.throwIfAborted();
    const error = this.#namespace.errors.get(path);
    if (error !== undefined) throw error;
    const listing = this.#namespace.listings.get(path);
    if (listing !== undefined) return listing;
    throw this.#find(path) === undefined ? notFound(path) : notAFolder(path);
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    const entry = this.#entry(path);
    const found = entry?.type === "file" ? (await this.#relocate([path])).get(path) : path;
    const place = found ?? path;
    if (found === undefined && this.#isMessage(path)) throw this.#expunged(path);
    return readExtendedAttributes(absolutePath(this.#root, place), {
      onUnreadable: (name) => {
        const message = `Its extended attribute "${displayPath(name as RawPath)}" cannot be read.`;
        this.#problems.add({ path, code: "unreadable", message });
      },
    });
  }

  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const entry = this.#entry(path);
    if (entry?.type !== "file") throw notAFile(path);
    let place = path;
    let expected: Entry | undefined = entry;
    for (let attempt = 1; ; attempt++) {
      let pieces = 0;
      try {
        for await (const piece of this.#readAt(place, expected, options)) {
          pieces++;
          yield piece;
        }
        this.#moment.looked();
        return;
      } catch (error) {
        const isMoved = isImageError(error, "image.not-found");
        if (!isMoved && !isImageError(error, "image.changed")) throw error;
        if (attempt === attempts || pieces > 0) throw this.#unsteady(path, error);
        if (!isMoved) continue;
        const found = (await this.#relocate([path], options.signal)).get(path);
        if (found !== undefined) [place, expected] = [found, entry];
        // A message's name is its own. An index is replaced by a new file of the same name.
        else if (expected !== undefined && !this.#isMessage(path))
          [place, expected] = [path, undefined];
        else throw this.#expunged(path);
      }
    }
  }

  async fingerprint(path: RawPath): Promise<string | undefined> {
    const entry = this.#entry(path);
    return entry === undefined ? undefined : entryFingerprint(entry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #readAt(
    place: RawPath,
    entry: Entry | undefined,
    options: ReadOptions,
  ): AsyncIterable<Uint8Array> {
    return readFilePieces({
      ...options,
      root: this.#root,
      path: place,
      ignoreCtime: true,
      onOpened: (stats) => {
        const isListed =
          entry === undefined || (stats.ino === entry.inode && stats.dev === entry.deviceId);
        if (!isListed) throw notFound(place);
      },
    });
  }

  async #relocate(
    paths: readonly RawPath[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<RawPath, RawPath>> {
    this.#ensureOpen();
    const files = new Map<RawPath, Entry>();
    for (const path of paths) {
      const entry = this.#find(path);
      if (entry?.type === "file") files.set(path, entry);
    }
    return this.#finder.find(files, signal);
  }

  /** The listed entry; undefined for the top folder. */
  #entry(path: RawPath): Entry | undefined {
    this.#ensureOpen();
    if (path === "") return undefined;
    const entry = this.#find(path);
    if (entry === undefined) throw notFound(path);
    return entry;
  }

  #find(path: RawPath): Entry | undefined {
    if (!staysWithin(path) || path === "") return undefined;
    const listing = this.#namespace.listings.get(rawParent(path));
    const index = listing?.indexOf(rawBaseName(path)) ?? -1;
    return index < 0 ? undefined : listing?.entry(index);
  }

  #isMessage(path: RawPath): boolean {
    return isMaildirMessages(this.#tracker.folders, rawParent(path));
  }

  #expunged(path: RawPath): ImageError {
    const state = "it was removed after it was listed";
    this.#problems.add({ path, code: "vanished", message: "It was removed after it was listed." });
    return new ImageError("image.not-found", `Cannot read ${quotePath(path)}: ${state}`, {
      hint: "It was expunged while the store was being captured; an earlier copy may have it.",
    });
  }

  #unsteady(path: RawPath, error: unknown): Error {
    this.#problems.add({
      path,
      code: "changed",
      message: "It changed or moved at every attempt to read it.",
    });
    return isImageError(error, "image.changed") ? error : changed(path);
  }

  #ensureOpen(): void {
    if (this.#closed) throw closed();
  }
}
