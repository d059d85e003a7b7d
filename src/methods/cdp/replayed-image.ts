import { RecoveryError } from "#errors";
import {
  type Consistency,
  type Entry,
  type ExtendedAttribute,
  type Image,
  type ImageError,
  type ImageMoment,
  type ImageProblem,
  isImageError,
  joinRawPath,
  type Listing,
  ListingBuilder,
  rawBaseName,
  type RawName,
  type RawPath,
  type ReadFile,
  type ReadOptions,
  type Volume,
  type ServerFacts,
} from "#image";
import type { JournalReader } from "#journal";
import { BaseFiles } from "./base-files.ts";
import { FileStretches } from "./file-stretches.ts";
import { Fingerprints } from "./fingerprints.ts";
import { type Found, NodeFinder } from "./found-node.ts";
import type { Overlay } from "./overlay.ts";
import type { OverlayNode } from "./overlay-node.ts";
import { OwnersOfBase } from "./owners-of-base.ts";
import { readExtents } from "./read-extents.ts";
import {
  closed,
  movedEarlyMessage,
  notAFile,
  notAFolder,
  notFound,
  renamed,
  unreadable,
  unseenMessage,
} from "./replay-error.ts";

export type ReplayedImageParts = {
  /** Closed with the image. */
  readonly base: Image;
  /** The caller's: it stays open as long as the image is. */
  readonly journal: JournalReader;
  readonly overlay: Overlay;
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  /** Of the replay. */
  readonly problems: readonly ImageProblem[];
};

/** A base copy with the events since laid over it. Whatever no event told of is read from the base, when it is asked for. */
export class ReplayedImage implements Image {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  /** The base's: what no event touched compares with other moments of the same copy. */
  readonly fingerprintScope: string;
  readonly #parts: ReplayedImageParts;
  readonly #files: BaseFiles;
  readonly #nodes: NodeFinder;
  readonly #own = new Map<string, ImageProblem>();
  readonly #stretches: FileStretches;
  readonly #fingerprints: Fingerprints;
  #owners: Promise<OwnersOfBase> | undefined;
  #isClosed = false;

  constructor(parts: ReplayedImageParts) {
    const { base, overlay, at, consistency, volumes, problems } = parts;
    this.#parts = parts;
    this.at = at;
    this.consistency = consistency;
    this.volumes = volumes;
    this.fingerprintScope = base.fingerprintScope;
    this.#files = new BaseFiles(base);
    this.#nodes = new NodeFinder(overlay, this.#files);
    this.#stretches = new FileStretches(overlay, this.#nodes);
    this.#fingerprints = new Fingerprints({
      ...parts,
      nodes: this.#nodes,
      stretches: this.#stretches,
    });
    for (const problem of problems) this.#tell(problem);
  }

  get problems(): readonly ImageProblem[] {
    const { base, overlay } = this.#parts;
    // What the base could not get hold of while it was in motion, events have seen.
    const ofBase = base.problems.filter(
      ({ path, code }) =>
        !(code === "vanished" || code === "changed" || code === "still-changing") ||
        !overlay.isReplaced(path),
    );
    return [...ofBase, ...this.#own.values()];
  }

  /** No event tells of the server's configuration: it is as the base has it. */
  async serverFacts(signal?: AbortSignal): Promise<ServerFacts | undefined> {
    return await this.#parts.base.serverFacts?.(signal);
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    const found = await this.#find(path, signal);
    if (found.base !== undefined) return await this.#baseListing(path, found.base, signal);
    const { node } = found;
    if (!(await this.#nodes.isFolder(node, signal))) throw await this.#notListable(found, path);
    const base = await this.#nodes.baseOf(node, signal);
    const below = base === undefined ? undefined : await this.#listBase(path, base, signal);
    if (below === undefined ? !node.isWhole : node.isMovedEarly)
      this.#tell({ path, code: "changed", message: movedEarlyMessage });
    return await this.#merged(path, { node, base, below }, signal);
  }

  async entry(path: RawPath, signal?: AbortSignal): Promise<Entry | undefined> {
    this.#ensureOpen();
    signal?.throwIfAborted();
    if (path === "") return undefined;
    const found = await this.#nodes.find(path, signal);
    const entry = found === undefined ? undefined : await this.#entryOf(found, path, signal);
    return entry === undefined ? undefined : (await this.#names()).named(entry);
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    const found = await this.#find(path);
    const { base: image } = this.#parts;
    if (found.base !== undefined) return await image.extendedAttributes(found.base);
    const { node } = found;
    if (node.row >= 0) return this.#parts.overlay.states.attributes(node.row);
    const base = await this.#nodes.baseThere(node);
    return base === undefined ? [] : await image.extendedAttributes(base);
  }

  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = options;
    if (path === "") throw notAFile(path);
    const found = await this.#find(path, signal);
    const node = found.node;
    if (node === undefined) {
      yield* this.#readBase(path, found.base, options);
      return;
    }
    const entry = await this.#entryOf(found, path, signal);
    if (entry === undefined) throw notFound(path);
    if (entry.type !== "file") throw notAFile(path);
    if (node.edit < 0) {
      const base = await this.#nodes.baseThere(node, signal);
      if (base === undefined) throw this.#unseen(path);
      yield* this.#readBase(path, base, options);
      return;
    }
    yield* this.#readStretches(path, node, options);
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    return await this.#fingerprints.whole(await this.#find(path, signal), signal);
  }

  async rangeFingerprint(
    path: RawPath,
    range: { readonly offset: number; readonly lengthBytes: number },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    return await this.#fingerprints.part(await this.#find(path, signal), range, signal);
  }

  async *readFiles(paths: readonly RawPath[], signal?: AbortSignal): AsyncGenerator<ReadFile> {
    this.#ensureOpen();
    const { base: image } = this.#parts;
    const inBase = new Map<RawPath, RawPath[]>();
    const others: RawPath[] = [];
    for (const path of new Set(paths)) {
      const base =
        image.readFiles === undefined ? undefined : await this.#wholeInBase(path, signal);
      if (base === undefined) others.push(path);
      else inBase.set(base, [...(inBase.get(base) ?? []), path]);
    }
    if (inBase.size > 0)
      for await (const { path: base, bytes, error } of image.readFiles?.(
        [...inBase.keys()],
        signal,
      ) ?? [])
        for (const path of inBase.get(base) ?? [])
          yield error === undefined
            ? { path, bytes: Uint8Array.from(bytes) }
            : { path, error: renamed(error, path) };
    for (const path of others) yield await this.#readWhole(path, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#parts.base[Symbol.asyncDispose]();
  }

  /** Where the base has all bytes of a file as they are. */
  async #wholeInBase(path: RawPath, signal?: AbortSignal): Promise<RawPath | undefined> {
    try {
      const found = await this.#find(path, signal);
      if (found.base !== undefined) return found.base;
      if (found.node.edit >= 0 || found.node.children !== undefined) return undefined;
      if ((await this.#entryOf(found, path, signal))?.type !== "file") return undefined;
      return await this.#nodes.baseThere(found.node, signal);
    } catch (error) {
      // `read` says it again.
      if (isImageError(error)) return undefined;
      throw error;
    }
  }

  async #readWhole(path: RawPath, signal?: AbortSignal): Promise<ReadFile> {
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of this.read(path, signal === undefined ? {} : { signal }))
        pieces.push(piece);
      return { path, bytes: Uint8Array.from(Buffer.concat(pieces)) };
    } catch (error) {
      if (error instanceof RecoveryError) return { path, error };
      throw error;
    }
  }

  async *#readBase(
    path: RawPath,
    base: RawPath,
    options: ReadOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#parts.base.read(base, options);
    } catch (error) {
      throw renamed(error, path);
    }
  }

  async *#readStretches(
    path: RawPath,
    node: OverlayNode,
    options: ReadOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { journal } = this.#parts;
    const base = await this.#nodes.baseOf(node, options.signal);
    const extents = await this.#stretches.of(node, options.signal);
    const readBase = (range: ReadOptions): AsyncIterable<Uint8Array> =>
      this.#readBase(path, base as RawPath, range);
    try {
      yield* readExtents(extents, { journal, readBase, ...options });
    } catch (error) {
      if (!(error instanceof RecoveryError) || isImageError(error)) throw error;
      this.#tell({ path, code: "unreadable", message: error.message });
      throw unreadable(path, error);
    }
  }

  async #find(path: RawPath, signal?: AbortSignal): Promise<Found> {
    this.#ensureOpen();
    signal?.throwIfAborted();
    const found = await this.#nodes.find(path, signal);
    if (found === undefined) throw notFound(path);
    if (found.base !== undefined && (await this.#files.entry(found.base, signal)) === undefined)
      throw notFound(path);
    return found;
  }

  async #entryOf(found: Found, path: RawPath, signal?: AbortSignal): Promise<Entry | undefined> {
    if (found.base !== undefined) return await this.#files.entry(found.base, signal);
    const described = await this.#nodes.entryOf(
      found.node,
      { name: rawBaseName(path), path },
      signal,
    );
    if (described?.unseen === "file") this.#unseen(path);
    if (described?.unseen === "directory")
      this.#tell({
        path,
        code: "changed",
        message: "Nobody saw how this folder was made: its owner and mode are not known.",
      });
    return described?.entry;
  }

  /** Tells of a file that is there, and of which nobody has the bytes; for whoever reads it. */
  #unseen(path: RawPath): ImageError {
    this.#tell({ path, code: "unreadable", message: unseenMessage });
    return unreadable(path, unseenMessage);
  }

  async #notListable(found: Found, path: RawPath): Promise<ImageError> {
    const isThere = path === "" || (await this.#entryOf(found, path)) !== undefined;
    return isThere ? notAFolder(path) : notFound(path);
  }

  async #listBase(
    path: RawPath,
    base: RawPath,
    signal?: AbortSignal,
  ): Promise<Listing | undefined> {
    try {
      return await this.#files.list(base, signal);
    } catch (error) {
      throw renamed(error, path);
    }
  }

  async #baseListing(path: RawPath, base: RawPath, signal?: AbortSignal): Promise<Listing> {
    const { overlay, base: image } = this.#parts;
    try {
      const listing = await image.list(base, signal);
      if (overlay.linked.size === 0 || !listing.links.some((links) => links > 1)) return listing;
      return await this.#merged(path, { node: undefined, base, below: listing }, signal);
    } catch (error) {
      throw renamed(error, path);
    }
  }

  /** What the base has in a folder, without what events took, with what they brought. */
  async #merged(
    path: RawPath,
    {
      node,
      base,
      below,
    }: { node: OverlayNode | undefined; base: RawPath | undefined; below: Listing | undefined },
    signal?: AbortSignal,
  ): Promise<Listing> {
    const children = node?.children ?? new Map<RawName, OverlayNode | null>();
    const names = await this.#names();
    const builder = new ListingBuilder({ expected: (below?.length ?? 0) + children.size });
    for (let index = 0; index < (below?.length ?? 0); index++) {
      signal?.throwIfAborted();
      const name = below?.names[index] as RawName;
      if (children.has(name)) continue;
      const entry = below?.entry(index) as Entry;
      const linked = await this.#linkedEntry(joinRawPath(base as RawPath, name), entry, signal);
      builder.add(names.named(linked ?? entry));
    }
    for (const [name, child] of children) {
      signal?.throwIfAborted();
      if (child === null) continue;
      const entry = await this.#entryOf({ node: child }, joinRawPath(path, name), signal);
      if (entry !== undefined) builder.add(names.named(entry));
    }
    builder.problems.push(...(below?.problems ?? []));
    return builder.build();
  }

  async #linkedEntry(
    base: RawPath,
    entry: Entry,
    signal?: AbortSignal,
  ): Promise<Entry | undefined> {
    if (entry.links < 2) return undefined;
    const node = await this.#nodes.linkedTo(base, entry, signal);
    return node === undefined ? undefined : await this.#entryOf({ node }, base, signal);
  }

  #names(): Promise<OwnersOfBase> {
    this.#owners ??= OwnersOfBase.of(this.#files);
    return this.#owners;
  }

  #tell(problem: ImageProblem): void {
    const key = `${problem.code} ${problem.path}`;
    if (!this.#own.has(key)) this.#own.set(key, problem);
  }

  #ensureOpen(): void {
    if (this.#isClosed) throw closed();
  }
}
