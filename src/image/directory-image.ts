import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import type { Entry, ExtendedAttribute } from "./entry.ts";
import { readExtendedAttributes } from "./extended-attributes.ts";
import type {
  Consistency,
  Image,
  ImageMoment,
  ImageProblem,
  LocalAccess,
  ReadOptions,
  Volume,
} from "./image.ts";
import { closed, ImageError, notFound, quotePath, reasonOf, unlistable } from "./image-error.ts";
import {
  absolutePath,
  checkFolder,
  describe,
  folderPrefix,
  listFolder,
  staysWithin,
} from "./list-folder.ts";
import type { Listing } from "./listing.ts";
import { type MomentOptions, MomentRecorder } from "./moment.ts";
import { type OwnerNames, readOwnerNames } from "./owner-names.ts";
import { ProblemLog } from "./problem-log.ts";
import {
  displayPath,
  rawBaseName,
  rawParent,
  rawPathFromBytes,
  rawPathToBytes,
  type RawPath,
} from "./raw-path.ts";
import { readFilePieces } from "./read-file.ts";
import { volumeIdentity } from "./volume.ts";

export type DirectoryImageOptions = MomentOptions & {
  /** How whoever made the folder stand still did so. Default "crash", the least that a still folder can be. */
  readonly consistency?: Consistency;
  /** Default: one volume with everything in it. */
  readonly volumes?: readonly Volume[];
  /** Default: read from /etc/passwd and /etc/group. */
  readonly ownerNames?: OwnerNames;
};

/**
 * A folder of this machine that stands still (an offline server's, a mounted snapshot) as an
 * Image. A file that changes all the same is noticed and refused (`image.changed`).
 */
export async function openDirectoryImage(
  folder: RawPath,
  options: DirectoryImageOptions = {},
): Promise<Image> {
  const root = await resolveFolder(folder);
  const volumes = options.volumes ?? [await wholeVolume(root)];
  return new DirectoryImage(root, {
    ...options,
    volumes,
    ownerNames: options.ownerNames ?? (await readOwnerNames()),
  });
}

/** The folder's absolute path without symbolic links. Throws `image.not-found`, `image.not-a-folder`, `image.unlistable`. */
export async function resolveFolder(folder: RawPath): Promise<RawPath> {
  let root: RawPath;
  try {
    root = rawPathFromBytes(await realpath(rawPathToBytes(folder), { encoding: "buffer" }));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw noSuchFolder(folder, error);
    throw code === undefined ? error : unlistable(folder, error);
  }
  if (!statSync(rawPathToBytes(root)).isDirectory()) throw noSuchFolder(folder);
  return root;
}

function noSuchFolder(folder: RawPath, cause?: unknown): ImageError {
  const [code, state] =
    cause === undefined
      ? (["image.not-a-folder", "it is not a folder"] as const)
      : (["image.not-found", "there is none"] as const);
  return new ImageError(code, `Cannot open folder ${quotePath(folder)}: ${state}`, {
    hint: "Check the path, and that its disk is mounted.",
    ...(cause === undefined ? {} : { cause }),
  });
}

export async function wholeVolume(root: RawPath): Promise<Volume> {
  return { id: await volumeIdentity(root), role: "mixed", root: "" as RawPath };
}

class DirectoryImage implements Image {
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly local: LocalAccess;
  readonly #root: RawPath;
  readonly #names: OwnerNames;
  readonly #moment: MomentRecorder;
  readonly #problems = new ProblemLog();
  #closed = false;

  constructor(
    root: RawPath,
    options: DirectoryImageOptions & {
      readonly volumes: readonly Volume[];
      readonly ownerNames: OwnerNames;
    },
  ) {
    this.#root = root;
    this.#names = options.ownerNames;
    this.#moment = new MomentRecorder(displayPath(root), options);
    this.consistency = options.consistency ?? "crash";
    this.volumes = options.volumes;
    this.fingerprintScope = `${options.volumes.map((volume) => volume.id).join("+")}#${randomUUID()}`;
    // The folder stands still: what is not under its name is nowhere.
    this.local = { root, relocate: async () => new Map() };
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
    const listing = await listFolder({ ...this.#names, root: this.#root, path, signal });
    for (const problem of listing.problems) this.#problems.add(problem);
    this.#moment.looked();
    return listing;
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    this.#entry(path);
    return readExtendedAttributes(absolutePath(this.#root, path), {
      onUnreadable: (name) =>
        this.#problems.add({
          path,
          code: "unreadable",
          message: `Its extended attribute "${displayPath(name as RawPath)}" cannot be read.`,
        }),
    });
  }

  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#ensureOpen();
    yield* readFilePieces({ ...options, root: this.#root, path });
    this.#moment.looked();
  }

  async fingerprint(path: RawPath): Promise<string | undefined> {
    return entryFingerprint(this.#entry(path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #entry(path: RawPath): Entry {
    this.#ensureOpen();
    return lookUp(this.#root, path);
  }

  #ensureOpen(): void {
    if (this.#closed) throw closed();
  }
}

/** What an inode says of itself; undefined for all but files. */
export function entryFingerprint(entry: Entry): string | undefined {
  if (entry.type !== "file") return undefined;
  return `${entry.inode}:${entry.sizeBytes}:${entry.mtimeNs}:${entry.ctimeNs}`;
}

/** One entry. Throws `image.not-found`, `image.not-a-folder`, `image.unlistable`. */
export function lookUp(root: RawPath, path: RawPath): Entry {
  if (!staysWithin(path)) throw notFound(path);
  const parent = path === "" ? rawParent(root) : rawParent(path);
  if (path !== "") checkFolder(root, parent);
  const prefix = path === "" ? folderPrefix(parent, "" as RawPath) : folderPrefix(root, parent);
  const name = path === "" ? rawBaseName(root) : rawBaseName(path);
  try {
    const entry = describe(prefix, name);
    if (entry !== undefined) return entry;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw unlistable(path, new Error(reasonOf(error), { cause: error }));
  }
  throw notFound(path);
}
