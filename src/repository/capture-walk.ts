/**
 * Walks an Image from the leaves up: decides what must be read, sends it to the content store,
 * and turns each folder into a tree when its files and subfolders are known. Folders wait for
 * their content without holding up the walk; the stack of the walk is on the heap.
 */
import {
  type Image,
  type ImageProblem,
  type Listing,
  type RawName,
  type RawPath,
  Turns,
  joinRawPath,
} from "#image";
import { describeError, isRecoveryError } from "#errors";
import type { CaptureFrame } from "./capture-frame.ts";
import { CaptureTally, type WalkCounts, missingFile } from "./capture-tally.ts";
import {
  compareFolder,
  contentOf,
  isDirectoryMode,
  isFileMode,
  isRacy,
  reusableContent,
} from "./compare-folder.ts";
import type { ContentStore, StoredFile } from "./content-store.ts";
import { batchStatus } from "./file-batch.ts";
import { storeFolderTree } from "./folder-tree.ts";
import {
  type ScanCache,
  type ScanCacheWriter,
  flagAttributes,
  flagBare,
  flagIncomplete,
  flagRacy,
} from "./scan-cache.ts";
import { MovedFiles } from "./moved-files.ts";
import { TreeEncoder } from "./tree-encoder.ts";

export type WalkOptions = {
  readonly image: Image;
  readonly store: ContentStore;
  readonly scan: ScanCache | undefined;
  readonly writer: ScanCacheWriter;
  /** Whether a blob relied on is in the repository; undefined where all certainly are. */
  readonly stillThere: ((id: Uint8Array, type: "data" | "tree") => boolean) | undefined;
  readonly signal: AbortSignal;
  readonly onFolder: (counts: WalkCounts) => void;
};

export type WalkResult = {
  readonly treeId: Uint8Array;
  /** Trees of the folders at the top. */
  readonly subtrees: ReadonlyMap<RawName, Uint8Array>;
  readonly counts: WalkCounts;
  readonly problems: readonly ImageProblem[];
  /** Something that should be in the moment is missing or torn. */
  readonly partial: boolean;
};

/** A file is looked for under its new name this often before it counts as gone. */
const relocations = 5;

type FileOnItsWay = {
  readonly at: number;
  readonly path: RawPath;
  /** Where it lies now. */
  readonly readPath: RawPath;
  readonly attempt: number;
};

export async function walkAndStore(options: WalkOptions): Promise<WalkResult> {
  const walk = new Walk(options);
  return walk.run();
}

class Walk {
  readonly #options: WalkOptions;
  readonly #moved: MovedFiles;
  readonly #tally: CaptureTally;
  readonly #counts: WalkCounts;
  readonly #encoder = new TreeEncoder();

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#moved = new MovedFiles(options.scan);
    this.#tally = new CaptureTally(options.image.consistency);
    this.#counts = this.#tally.counts;
  }

  async run(): Promise<WalkResult> {
    const { image, store, signal } = this.#options;
    const root = await this.#openFrame("" as RawPath, await image.list("" as RawPath, signal));
    const stack: CaptureFrame[] = [root];
    let rootTree: Promise<Uint8Array | undefined> | undefined;
    const turns = new Turns();
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      // The lock settles meanwhile.
      if (turns.isDue) await turns.give();
      signal.throwIfAborted();
      const child = await this.#nextSubfolder(frame);
      if (child !== undefined) {
        stack.push(child.frame);
        continue;
      }
      stack.pop();
      const tree = this.#finishFolder(frame);
      // A failure shows where the tree is awaited; until then it must not count as unhandled.
      tree.catch(() => undefined);
      const parent = stack.at(-1);
      if (parent === undefined) rootTree = tree;
      else parent.subfolders.push({ at: parent.nextChild - 1, tree });
    }
    await store.drain();
    const treeId = (await rootTree) as Uint8Array;
    // Folders store their trees after their last file has come: those are still under way.
    await store.drain();
    const subtrees = new Map<RawName, Uint8Array>();
    for (const { at, tree } of root.subfolders)
      subtrees.set(root.listing.names[at] as RawName, (await tree) as Uint8Array);
    const { counts, problems, partial } = this.#tally;
    return { treeId, subtrees, counts, problems, partial };
  }

  async #nextSubfolder(frame: CaptureFrame): Promise<{ frame: CaptureFrame } | undefined> {
    const { listing } = frame;
    while (frame.nextChild < listing.length) {
      const at = frame.nextChild++;
      if (!isDirectoryMode(listing.modes[at] as number)) continue;
      const path = joinRawPath(frame.path, listing.names[at] as RawName);
      const inner = await this.#listSubfolder(path);
      if (inner !== undefined) return { frame: await this.#openFrame(path, inner) };
      frame.dropped.add(at);
    }
    return undefined;
  }

  async #listSubfolder(path: RawPath): Promise<Listing | undefined> {
    const { image, signal } = this.#options;
    try {
      return await image.list(path, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isRecoveryError(error) || !error.code.startsWith("image.")) throw error;
      const gone = error.code === "image.not-found" || error.code === "image.not-a-folder";
      this.#tally.report({
        path,
        code: gone ? "vanished" : "unlistable",
        message: describeError(error).split("\n", 1)[0] as string,
      });
      return undefined;
    }
  }

  async #openFrame(path: RawPath, listing: Listing): Promise<CaptureFrame> {
    const earlier = this.#options.scan?.folder(path);
    const comparison = compareFolder(listing, earlier);
    const frame: CaptureFrame = {
      path,
      listing,
      earlier,
      comparison,
      contents: Array.from({ length: comparison.allSame ? 0 : listing.length }),
      flags: new Uint8Array(listing.length),
      dropped: new Set(),
      subfolders: [],
      pending: 0,
      onSettled: undefined,
      nextChild: 0,
    };
    for (const problem of listing.problems) this.#tally.report(problem);
    for (let at = 0; at < listing.length; at++) {
      if (isFileMode(listing.modes[at] as number)) {
        // A promise for each file costs more than comparing it: only one that is sent is awaited.
        const sending = this.#classify(frame, at);
        if (sending !== undefined) await sending;
      } else if (frame.comparison.same[at] === 1 && earlier !== undefined)
        this.#keepFlags(frame, at);
    }
    this.#options.onFolder(this.#counts);
    return frame;
  }

  #keepFlags(frame: CaptureFrame, at: number): void {
    const { earlier, comparison } = frame;
    frame.flags[at] = (earlier?.flags[comparison.earlier[at] as number] as number) & flagAttributes;
  }

  /** Decides what becomes of a file: kept, taken over from another path, or read. */
  #classify(frame: CaptureFrame, at: number): Promise<void> | undefined {
    const { listing, earlier, comparison } = frame;
    this.#counts.filesTotal++;
    this.#counts.bytesTotal += listing.sizes[at] as number;
    const there = comparison.earlier[at] as number;
    if (comparison.same[at] === 1 && earlier !== undefined) {
      const content = contentOf(earlier, there);
      if (this.#areStillThere(content)) {
        this.#counts.filesUnmodified++;
        this.#keepFlags(frame, at);
        return undefined;
      }
    }
    frame.flags[at] = this.#racyFlag(frame, at);
    if (there >= 0 && earlier !== undefined) {
      // Another owner or mode, the same bytes: ctime differs then, so this is only for equal ctime.
      const content = reusableContent(listing, at, { earlier, there });
      if (content !== undefined && this.#areStillThere(content)) {
        this.#counts.filesUnmodified++;
        frame.contents[at] = content;
        return undefined;
      }
    }
    const found = this.#moved.find({ path: frame.path, listing, here: at, earlier });
    if (found !== undefined && this.#areStillThere(found.ids)) {
      this.#counts.filesRenamed++;
      frame.contents[at] = found.ids;
      return undefined;
    }
    if (there >= 0) this.#counts.filesChanged++;
    else this.#counts.filesNew++;
    return this.#read(frame, at);
  }

  // The Image may have been listed at any time since it was opened: its first instant is the safe one.
  #racyFlag(frame: CaptureFrame, at: number): number {
    const { listing } = frame;
    return isRacy(
      listing.ctimesNs[at] as bigint,
      listing.mtimesNs[at] as bigint,
      this.#options.image.at.fromNs,
    )
      ? flagRacy
      : 0;
  }

  #areStillThere(ids: Uint8Array): boolean {
    const { stillThere } = this.#options;
    if (stillThere === undefined) return true;
    for (let at = 0; at < ids.length; at += 32) {
      if (!stillThere(ids.subarray(at, at + 32), "data")) return false;
    }
    return true;
  }

  #read(frame: CaptureFrame, at: number): Promise<void> | undefined {
    const { image } = this.#options;
    const path = joinRawPath(frame.path, frame.listing.names[at] as RawName);
    if (image.local !== undefined) {
      frame.pending++;
      return this.#sendFile(frame, { at, path, readPath: path, attempt: 1 });
    }
    if (frame.listing.sizes[at] !== 0) return this.#readStream(frame, { at, path });
    frame.contents[at] = new Uint8Array(0);
    return undefined;
  }

  /** Undefined where the store has room at once. */
  #sendFile(frame: CaptureFrame, file: FileOnItsWay): Promise<void> | undefined {
    const { image, store } = this.#options;
    const root = image.local?.root as RawPath;
    return store.addFile({
      absolutePath: joinRawPath(root, file.readPath),
      sizeBytes: frame.listing.sizes[file.at] as number,
      inode: frame.listing.inodes[file.at] as bigint,
      onResult: (result) => {
        const isGone = result.status === batchStatus.vanished && file.attempt <= relocations;
        if (isGone) return this.#lookAgain(frame, file, result);
        this.#settle(frame, file, result);
        return undefined;
      },
    });
  }

  async #lookAgain(frame: CaptureFrame, file: FileOnItsWay, result: StoredFile): Promise<void> {
    const { image, signal } = this.#options;
    const moved = await image.local?.relocate([file.path], signal);
    const readPath = moved?.get(file.path);
    // Not awaited: the store hands out results and must not wait for itself.
    if (readPath === undefined) this.#settle(frame, file, result);
    else this.#again(frame, { ...file, readPath, attempt: file.attempt + 1 });
  }

  #again(frame: CaptureFrame, file: FileOnItsWay): void {
    this.#options.store.addLater(async () => this.#sendFile(frame, file));
  }

  #settle(
    frame: CaptureFrame,
    file: { readonly at: number; readonly path: RawPath },
    result: StoredFile,
  ): void {
    const { at, path } = file;
    const { listing } = frame;
    if (result.status === batchStatus.stored || result.status === batchStatus.torn) {
      // The node says what was read, not what was listed a moment before.
      this.#counts.bytesTotal += result.sizeBytes - (listing.sizes[at] as number);
      listing.inodes[at] = result.inode;
      listing.sizes[at] = result.sizeBytes;
      listing.mtimesNs[at] = result.mtimeNs;
      listing.ctimesNs[at] = result.ctimeNs;
      frame.contents[at] = result.ids.slice();
      if (isRacy(result.ctimeNs, result.mtimeNs, result.lookedAtNs)) frame.flags[at] = flagRacy;
      frame.flags[at] =
        (frame.flags[at] as number) | (result.hasAttributes ? flagAttributes : flagBare);
      if (result.status === batchStatus.torn) {
        frame.flags[at] = frame.flags[at] | flagIncomplete;
        this.#tally.report({
          path,
          code: "changed",
          message: "It kept changing while it was read; what was read last is stored.",
        });
      }
    } else {
      frame.dropped.add(at);
      this.#counts.filesTotal--;
      this.#counts.bytesTotal -= listing.sizes[at] as number;
      this.#tally.report(missingFile(path, result));
    }
    frame.pending--;
    if (frame.pending === 0) frame.onSettled?.();
  }

  async #readStream(
    frame: CaptureFrame,
    { at, path }: { readonly at: number; readonly path: RawPath },
  ): Promise<void> {
    const { image, store, signal } = this.#options;
    try {
      const { ids, sizeBytes } = await store.addStream(path, image.read(path, { signal }));
      frame.contents[at] = ids;
      frame.listing.sizes[at] = sizeBytes;
    } catch (error) {
      signal.throwIfAborted();
      if (!isRecoveryError(error) || !error.code.startsWith("image.")) throw error;
      frame.dropped.add(at);
      this.#counts.filesTotal--;
      this.#counts.bytesTotal -= frame.listing.sizes[at] as number;
      const code =
        error.code === "image.not-found"
          ? "vanished"
          : error.code === "image.changed"
            ? "changed"
            : "unreadable";
      this.#tally.report({ path, code, message: error.message });
    }
  }

  /** The folder's tree, once all it needs is known. */
  async #finishFolder(frame: CaptureFrame): Promise<Uint8Array> {
    if (frame.pending > 0) await new Promise<void>((resolve) => (frame.onSettled = resolve));
    const { earlier, comparison } = frame;
    const subtrees = new Map<number, Uint8Array>();
    let unchanged = comparison.allSame && earlier !== undefined && frame.dropped.size === 0;
    for (const { at, tree } of frame.subfolders) {
      const treeId = (await tree) as Uint8Array;
      subtrees.set(at, treeId);
      if (unchanged && earlier !== undefined) {
        unchanged =
          Buffer.compare(contentOf(earlier, comparison.earlier[at] as number), treeId) === 0;
      }
    }
    if (
      unchanged &&
      earlier !== undefined &&
      this.#treeIsThere(earlier.treeId) &&
      this.#allKept(frame)
    ) {
      this.#counts.dirsUnmodified++;
      this.#options.writer.keep(frame.path, earlier.place);
      return earlier.treeId;
    }
    if (earlier === undefined) this.#counts.dirsNew++;
    else this.#counts.dirsChanged++;
    const { image, store, writer } = this.#options;
    const state = await storeFolderTree(frame, { image, store, encoder: this.#encoder, subtrees });
    writer.add(frame.path, state);
    return state.treeId;
  }

  #treeIsThere(treeId: Uint8Array): boolean {
    return this.#options.stillThere?.(treeId, "tree") ?? true;
  }

  /** No file of an otherwise unchanged folder had to be read again. */
  #allKept(frame: CaptureFrame): boolean {
    return !frame.contents.some((content) => content !== undefined);
  }
}
