/** A snapshot as an Image: any folder and any byte range, without reading what stands beside it. */
import {
  type Consistency,
  type Entry,
  type ExtendedAttribute,
  type ExtractRequest,
  type ExtractResult,
  type Image,
  ImageError,
  type ImageMoment,
  type ImageProblem,
  type Listing,
  type RawName,
  type RawPath,
  type ReadFile,
  type ReadOptions,
  type ServerFacts,
  type Volume,
  displayPath,
  rawBaseName,
  rawParent,
} from "#image";
import { isRecoveryError } from "#errors";
import type { BlobReader } from "./blob-reader.ts";
import { type BlobRanges, blobRanges, rangeText } from "./blob-ranges.ts";
import { type FoundFile, extractFiles } from "./extract.ts";
import { type FileContent, findContents, keptContents } from "./find-contents.ts";
import type { FolderCache } from "./folder-cache.ts";
import { groupByFolder } from "./group-by-folder.ts";
import { goJsonString, goQuote } from "./go-json.ts";
import { entryOfNode, findNode, parseTree } from "./parse-tree.ts";
import { lostFromImage, notAFile, notFound, staysWithin } from "./lost-from-image.ts";
import { readFiles } from "./read-files.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { consistencyOf, momentOf, volumesOf } from "./snapshot-label.ts";
import { parsedFolder, type TreeFolder } from "./tree-folder.ts";
import type { NodeRecord } from "./tree.ts";

/** Folders kept by their paths: the ones on the way to what was asked for last. */
const maxFolders = 32;
const maxFolderBytes = 16 * 1024 * 1024;

export type RepositoryImageOptions = {
  readonly core: RepositoryCore;
  readonly reader: BlobReader;
  /** Of all images of the repository. */
  readonly folders: FolderCache;
  readonly snapshot: Snapshot;
  /** Folder of the snapshot's tree that is the Image's root, without a leading slash. */
  readonly root: RawPath;
  /** A name at the top that is none of the Image's. */
  readonly hidden?: RawName;
  /** Where the server kept things, where the snapshot says so. */
  readonly serverFacts?: (signal?: AbortSignal) => Promise<ServerFacts | undefined>;
};

export class RepositoryImage implements Image {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly #core: RepositoryCore;
  readonly #reader: BlobReader;
  readonly #rootTree: string;
  readonly #root: RawPath;
  readonly #known: FolderCache;
  readonly #hidden: string | undefined;
  readonly #readFacts: RepositoryImageOptions["serverFacts"];
  #facts: Promise<ServerFacts | undefined> | undefined;
  readonly #folders = new Map<string, TreeFolder>();
  /** Folders that were listed and in which nothing has extended attributes. */
  readonly #withoutAttributes = new Set<RawPath>();
  /** Folder of the last single name looked up. */
  #searchedLast: RawPath | undefined;
  /** What was looked up last: it is asked about, and then read. */
  #lastNode: { readonly path: RawPath; readonly record: NodeRecord } | undefined;
  /** Of the file of which parts were asked about last: an mbox has thousands. */
  #lastRanges: { readonly path: RawPath; readonly ranges: BlobRanges } | undefined;
  readonly #problems: ImageProblem[] = [];
  #isClosed = false;

  constructor(options: RepositoryImageOptions) {
    const { core, reader, folders, snapshot, root, hidden, serverFacts } = options;
    this.#hidden = hidden;
    this.#readFacts = serverFacts;
    this.#core = core;
    this.#reader = reader;
    this.#known = folders;
    this.#rootTree = snapshot.tree;
    this.#root = root;
    this.at = momentOf(snapshot);
    this.consistency = consistencyOf(snapshot);
    this.volumes = volumesOf(snapshot);
    this.fingerprintScope = `restic:${core.id}`;
  }

  get problems(): readonly ImageProblem[] {
    return this.#problems;
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    try {
      return (await this.#folder(path, signal)).listing;
    } catch (error) {
      throw lostFromImage(error, "image.unlistable", path);
    }
  }

  async entry(path: RawPath, signal?: AbortSignal): Promise<Entry | undefined> {
    try {
      return entryOfNode(await this.#node(path, signal));
    } catch (error) {
      if (error instanceof ImageError && error.code === "image.not-found") return undefined;
      throw lostFromImage(error, "image.unlistable", path);
    }
  }

  async serverFacts(signal?: AbortSignal): Promise<ServerFacts | undefined> {
    this.#facts ??= this.#readFacts?.(signal);
    // Whoever asks again may not have been told to stop.
    this.#facts?.catch(() => (this.#facts = undefined));
    return await this.#facts;
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    // A restore asks for each file, in whatever order they come: nearly no folder of mail has any.
    if (this.#withoutAttributes.has(rawParent(path))) return [];
    const node = await this.#node(path);
    return (node.attributes ?? [])
      .map(({ name, value }) => ({
        name: Buffer.from(name, "latin1").toString("utf8"),
        value: Buffer.from(value ?? "", "base64"),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#readContent(path, options);
    } catch (error) {
      throw lostFromImage(error, "image.unreadable", path);
    }
  }

  async *#readContent(
    path: RawPath,
    options: ReadOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = options;
    if (path === "") throw notAFile(path);
    const node = await this.#node(path, signal);
    if (node.type !== "file") throw notAFile(path);
    let skip = options.offset ?? 0;
    let left = options.lengthBytes ?? Number.POSITIVE_INFINITY;
    for (const hex of node.content ?? []) {
      if (left <= 0) return;
      signal?.throwIfAborted();
      const id = Buffer.from(hex, "hex");
      const wanted = { type: "data", ...(signal === undefined ? {} : { signal }) } as const;
      const length = skip > 0 ? await this.#reader.lengthOf(id, wanted) : 0;
      if (skip > 0 && skip >= length) {
        skip -= length;
        continue;
      }
      const blob = await this.#reader.read(id, wanted);
      const piece = blob.subarray(skip, Math.min(blob.length, skip + left));
      skip = 0;
      left -= piece.length;
      // A copy: the blob is kept for the next reader.
      if (piece.length > 0) yield Uint8Array.prototype.slice.call(piece);
    }
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    if (path === "") return `tree:${(await this.#folder(path, signal)).treeId}`;
    const kept = this.#folders.get(rawParent(path));
    // Without the record: a catalog asks for every message of a folder that changed.
    const text = kept?.contentText(kept.listing.indexOf(rawBaseName(path)));
    if (text !== undefined) return `blobs:${text}`;
    const node = await this.#node(path, signal);
    if (node.subtree !== undefined) return `tree:${node.subtree}`;
    return node.content === null ? undefined : `blobs:${node.content.join("+")}`;
  }

  async rangeFingerprint(
    path: RawPath,
    range: { readonly offset: number; readonly lengthBytes: number },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const kept = this.#lastRanges;
    if (kept?.path === path && !this.#isClosed) return rangeText(kept.ranges, range);
    const { content } = await this.#node(path, signal);
    if (content === null) return undefined;
    try {
      const ranges = blobRanges(content, await this.#reader.wholeIndex(signal));
      this.#lastRanges = { path, ranges };
      return rangeText(ranges, range);
    } catch (error) {
      throw lostFromImage(error, "image.unreadable", path);
    }
  }

  async *readFiles(paths: readonly RawPath[], signal?: AbortSignal): AsyncGenerator<ReadFile> {
    const [core, reader] = [this.#core, this.#reader];
    const requests = paths.map((path) => ({ path, to: "" as RawPath }));
    const files = this.#findFiles(requests, signal);
    for await (const file of readFiles({ core, reader, files, signal }))
      yield file.error === undefined
        ? file
        : {
            path: file.path,
            error: lostFromImage(file.error, "image.unreadable", file.path) as Error,
          };
  }

  extract(
    requests: Iterable<ExtractRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<ExtractResult, void, undefined> {
    // Files are found in the trees' bytes: what listings left would only be memory.
    this.#known.clear();
    const [core, reader] = [this.#core, this.#reader];
    const files = this.#findFiles(requests, signal);
    return extractFiles({ core, reader, files, ...(signal === undefined ? {} : { signal }) });
  }

  /** The blobs of many files: each folder is read once, whatever the number of its files. */
  async *#findFiles(
    requests: Iterable<ExtractRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<FoundFile, void, undefined> {
    for (const [folder, ofFolder] of groupByFolder(requests)) {
      signal?.throwIfAborted();
      const mayHaveMore = !this.#withoutAttributes.has(folder);
      let contents: Iterable<FileContent>;
      try {
        const kept = this.#folders.get(folder);
        contents =
          kept === undefined
            ? await this.#contents(folder, ofFolder.keys(), signal)
            : keptContents(kept, ofFolder.keys());
        for (const { name, ids } of contents) {
          for (const asked of ofFolder.get(name) ?? []) {
            // Extended attributes go between owner and mode, and are the caller's: with them, all are.
            const request = mayHaveMore ? { path: asked.path, to: asked.to } : asked;
            yield ids === undefined ? { request, error: notAFile(request.path) } : { request, ids };
          }
          ofFolder.delete(name);
        }
      } catch (error) {
        signal?.throwIfAborted();
        // A folder that is lost or damaged takes only its own files with it.
        if (!isRecoveryError(error)) throw error;
        for (const request of [...ofFolder.values()].flat()) yield { request, error };
        continue;
      }
      for (const request of [...ofFolder.values()].flat())
        yield { request, error: notFound(request.path) };
    }
  }

  async #contents(
    folder: RawPath,
    names: Iterable<RawName>,
    signal?: AbortSignal,
  ): Promise<Iterable<FileContent>> {
    const treeId = await this.#treeOf(folder, signal);
    return findContents(await this.#treeBytes(treeId, signal), names, treeId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#folders.clear();
  }

  #stored(path: RawPath): string[] {
    return [...this.#root.split("/"), ...path.split("/")].filter((name) => name !== "");
  }

  /** The node of one name, without parsing the folder it stands in where that can be avoided. */
  async #node(path: RawPath, signal?: AbortSignal): Promise<NodeRecord> {
    if (this.#stored(path).length === 0 || !staysWithin(path)) throw notFound(path);
    if (this.#lastNode?.path === path && !this.#isClosed) return this.#lastNode.record;
    const record = await this.#findNode(path, signal);
    this.#lastNode = { path, record };
    return record;
  }

  async #findNode(path: RawPath, signal?: AbortSignal): Promise<NodeRecord> {
    const parent = rawParent(path);
    const name = rawBaseName(path);
    const kept = this.#folders.get(parent);
    // One name is searched for in the tree's bytes; whoever asks for a second one of the same
    // folder goes through all of them, and searching for each would cost the square of their number.
    const isFirst = parent !== this.#searchedLast;
    this.#searchedLast = parent;
    if (path !== "" && kept === undefined && isFirst) {
      const treeId = await this.#treeOf(parent, signal).catch((error: unknown) => {
        throw error instanceof ImageError && error.code === "image.not-a-folder"
          ? notFound(path)
          : error;
      });
      const known = this.#known.get(treeId);
      const record =
        known?.record(known.listing.indexOf(name)) ??
        findNode(await this.#treeBytes(treeId, signal), goJsonString(goQuote(name)), treeId);
      if (record !== undefined && entryOfNode(record) !== undefined) return record;
    }
    const folder = kept ?? (await this.#folder(parent, signal));
    const record = folder.record(folder.listing.indexOf(name));
    if (record === undefined) throw notFound(path);
    return record;
  }

  async #folder(path: RawPath, signal?: AbortSignal): Promise<TreeFolder> {
    const kept = this.#folders.get(path);
    if (kept !== undefined) {
      this.#folders.delete(path);
      this.#folders.set(path, kept);
      return kept;
    }
    const treeId = await this.#treeOf(path, signal);
    const folder =
      path === "" && this.#hidden !== undefined
        ? parsedFolder(await this.#treeBytes(treeId, signal), treeId, this.#hidden)
        : (this.#known.get(treeId) ??
          this.#known.read(await this.#treeBytes(treeId, signal), treeId));
    for (const node of folder.unsafe) this.#reportUnsafe(path, node);
    if (!folder.hasAttributes) this.#withoutAttributes.add(path);
    this.#keep(path, folder);
    return folder;
  }

  #keep(path: RawPath, folder: TreeFolder): void {
    this.#folders.set(path, folder);
    let bytes = 0;
    for (const { sizeBytes } of this.#folders.values()) bytes += sizeBytes;
    for (const [oldest, { sizeBytes }] of this.#folders) {
      if (oldest === path || (this.#folders.size <= maxFolders && bytes <= maxFolderBytes)) break;
      this.#folders.delete(oldest);
      bytes -= sizeBytes;
    }
  }

  #reportUnsafe(path: RawPath, node: NodeRecord): void {
    const problem: ImageProblem = {
      path,
      code: "unsupported",
      message: `An entry with the name "${displayPath(node.quotedName as RawName)}" is left out: the name or its type is not one that may be restored.`,
    };
    if (!this.#problems.some(({ message }) => message === problem.message))
      this.#problems.push(problem);
  }

  /** ID of a folder's tree, found from the snapshot's root name by name. */
  async #treeOf(path: RawPath, signal?: AbortSignal): Promise<string> {
    if (this.#isClosed)
      throw new ImageError("image.closed", "Cannot use the image: it was closed", {
        hint: "Open it again.",
      });
    if (!staysWithin(path)) throw notFound(path);
    let treeId = this.#rootTree;
    for (const name of this.#stored(path)) {
      const bytes = await this.#treeBytes(treeId, signal);
      const node =
        findNode(bytes, goJsonString(goQuote(name)), treeId) ??
        parseTree(bytes, treeId).find((record) => entryOfNode(record)?.name === name);
      if (node === undefined) throw notFound(path);
      if (node.subtree === undefined) {
        throw new ImageError(
          "image.not-a-folder",
          `Cannot list "${displayPath(path)}": it is not a folder`,
        );
      }
      treeId = node.subtree;
    }
    return treeId;
  }

  #treeBytes(treeId: string, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#reader.read(Buffer.from(treeId, "hex"), {
      type: "tree",
      ...(signal === undefined ? {} : { signal }),
    });
  }
}
