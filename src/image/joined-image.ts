import { randomUUID } from "node:crypto";
import type { Entry, ExtendedAttribute } from "./entry.ts";
import type {
  Image,
  ImageMoment,
  ImageProblem,
  LocalAccess,
  ReadOptions,
  Volume,
} from "./image.ts";
import { consistencies, type Consistency } from "./image.ts";
import { lookUp } from "./directory-image.ts";
import { closed, isImageError, notAFile, notFound } from "./image-error.ts";
import { type Listing, ListingBuilder } from "./listing.ts";
import {
  joinRawPath,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
  rootPath,
} from "./raw-path.ts";

/** One folder of a machine, as an Image of its own. */
export type ImagePart = {
  /** Absolute. */
  readonly folder: RawPath;
  readonly image: Image;
};

export type JoinedImageOptions = {
  /** Whose moment it is. Default: that of the first part. */
  readonly group?: string;
  /** Default: those of the parts. */
  readonly volumes?: readonly Volume[];
};

/**
 * Several folders of one machine as one Image, whose root is that of the machine: of what stands above
 * the folders it has the way to them and nothing else. No part may lie in another. Closing it closes
 * the parts.
 */
export function joinImages(parts: readonly ImagePart[], options: JoinedImageOptions = {}): Image {
  return new JoinedImage(parts, options);
}

type Placed = { readonly at: RawPath; readonly image: Image };

class JoinedImage implements Image {
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly local?: LocalAccess;
  readonly #parts: readonly Placed[];
  readonly #group: string | undefined;
  /** Folders above the parts → names in them. */
  readonly #above: ReadonlyMap<RawPath, ReadonlySet<RawName>>;
  #isClosed = false;

  constructor(parts: readonly ImagePart[], { group, volumes }: JoinedImageOptions) {
    if (parts.length === 0) throw new RangeError("an Image of no folder");
    this.#parts = parts.map(({ folder, image }) => ({
      at: folder.replace(/^\/+/, "") as RawPath,
      image,
    }));
    this.#group = group;
    this.#above = foldersAbove(this.#parts);
    this.consistency = worst(parts.map(({ image }) => image.consistency));
    const ofParts = this.#parts.flatMap(({ at, image }) =>
      image.volumes.map((volume) => ({
        ...volume,
        root: volume.root === rootPath ? at : joinRawPath(at, volume.root),
      })),
    );
    this.volumes = volumes ?? ofParts;
    this.fingerprintScope = `joined#${randomUUID()}`;
    const isLocal = parts.every(({ folder, image }) => image.local?.root === folder);
    if (isLocal)
      this.local = {
        root: "/" as RawPath,
        holdsMore: true,
        relocate: (paths, signal) => this.#relocate(paths, signal),
      };
  }

  get at(): ImageMoment {
    const moments = this.#parts.map(({ image }) => image.at);
    const first = moments[0] as ImageMoment;
    return {
      ...first,
      ...(this.#group === undefined ? {} : { group: this.#group }),
      fromNs: moments.reduce(
        (least, { fromNs }) => (fromNs < least ? fromNs : least),
        first.fromNs,
      ),
      toNs: moments.reduce((most, { toNs }) => (toNs > most ? toNs : most), first.toNs),
    };
  }

  get problems(): readonly ImageProblem[] {
    return this.#parts.flatMap(({ at, image }) =>
      image.problems.map((problem) => ({
        ...problem,
        path: problem.path === rootPath ? at : joinRawPath(at, problem.path),
      })),
    );
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    this.#ensureOpen();
    const names = this.#above.get(path);
    if (names === undefined) {
      const { image, within } = this.#partOf(path);
      return await image.list(within, signal);
    }
    signal?.throwIfAborted();
    const builder = new ListingBuilder();
    for (const name of names)
      builder.add(joinedFolder(joinRawPath(path, name), this.local !== undefined));
    return builder.build();
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    this.#ensureOpen();
    if (this.#above.has(path)) return [];
    const { image, within } = this.#partOf(path);
    return within === rootPath ? [] : await image.extendedAttributes(within);
  }

  async *read(path: RawPath, options?: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    this.#ensureOpen();
    if (this.#above.has(path)) throw notAFile(path);
    const { image, within } = this.#partOf(path);
    if (within === rootPath) throw notAFile(path);
    yield* image.read(within, options);
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    this.#ensureOpen();
    if (this.#above.has(path)) return undefined;
    const { image, within } = this.#partOf(path);
    const found = await image.fingerprint(within, signal);
    return found === undefined ? undefined : `${image.fingerprintScope} ${found}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await using stack = new AsyncDisposableStack();
    for (const { image } of this.#parts) stack.use(image);
  }

  #partOf(path: RawPath): {
    readonly at: RawPath;
    readonly image: Image;
    readonly within: RawPath;
  } {
    for (const { at, image } of this.#parts) {
      if (path === at) return { at, image, within: rootPath };
      if (path.startsWith(`${at}/`))
        return { at, image, within: path.slice(at.length + 1) as RawPath };
    }
    throw notFound(path);
  }

  async #relocate(
    paths: readonly RawPath[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<RawPath, RawPath>> {
    const found = new Map<RawPath, RawPath>();
    for (const { at, image } of this.#parts) {
      const own = paths.filter((path) => path.startsWith(`${at}/`));
      if (own.length === 0) continue;
      const within = own.map((path) => path.slice(at.length + 1) as RawPath);
      for (const [from, to] of (await image.local?.relocate(within, signal)) ?? [])
        found.set(joinRawPath(at, from), joinRawPath(at, to));
    }
    return found;
  }

  #ensureOpen(): void {
    if (this.#isClosed) throw closed();
  }
}

/** Folders above parts of a joined Image → the names in them. Throws RangeError where one part lies in another. */
export function foldersAbove(
  parts: readonly { readonly at: RawPath }[],
): ReadonlyMap<RawPath, ReadonlySet<RawName>> {
  const above = new Map<RawPath, Set<RawName>>();
  for (const { at } of parts) {
    const inside = parts.filter((other) => other.at === at || other.at.startsWith(`${at}/`));
    if (at === rootPath || inside.length > 1)
      throw new RangeError("a folder of a joined Image lies in another one");
    for (let path = at; path !== rootPath; path = rawParent(path)) {
      const names = above.get(rawParent(path)) ?? new Set();
      above.set(rawParent(path), names.add(rawBaseName(path)));
    }
  }
  return above;
}

/**
 * A part's own folder, or one on the way there, as a joined Image lists it: as the machine has it, where the
 * parts are folders of this one that no symbolic link leads to.
 */
export function joinedFolder(path: RawPath, isLocal: boolean): Entry {
  try {
    if (isLocal) return lookUp("/" as RawPath, path);
  } catch (error) {
    if (!isImageError(error)) throw error;
  }
  return plainFolder(rawBaseName(path));
}

/** Of a folder that stands elsewhere the name alone is known. */
function plainFolder(name: RawName): Entry {
  return {
    name,
    type: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtimeNs: 0n,
    ctimeNs: 0n,
    inode: 0n,
    deviceId: 0n,
    links: 1,
  };
}

function worst(all: readonly Consistency[]): Consistency {
  const ranks = all.map((one) => consistencies.indexOf(one));
  return consistencies[Math.max(...ranks)] as Consistency;
}
