import { createHash } from "node:crypto";
import {
  type Consistency,
  type Evidence,
  type ExtendedAttribute,
  type Image,
  ImageError,
  type ImageMoment,
  type ImageProblem,
  joinRawPath,
  type Listing,
  type LocalAccess,
  rawParent,
  type RawName,
  rawBaseName,
  type RawPath,
  type ReadOptions,
  type ServerFacts,
  type Volume,
} from "#image";
import type { KeptEntry } from "./kept-listing.ts";
import type { MomentRecord } from "./moment-record.ts";
import { quotePath } from "./replica-error.ts";

export type ReplicaImageOptions = {
  readonly record: MomentRecord;
  /** What was kept, in the order of a walk. Read once, when the first folder is listed or file is read. */
  readonly kept: () => AsyncIterable<KeptEntry>;
  readonly onClosed: () => void;
};

type KeptFile = Pick<KeptEntry, "type" | "sizeBytes" | "mtimeNs" | "sha256">;
type KeptFolders = ReadonlyMap<RawPath, ReadonlyMap<RawName, KeptFile>>;

/**
 * A replica as an Image, held against what was kept: what is missing from a folder, or is not as it was, is
 * a problem, and bytes that are others are refused. It only reads.
 */
export class ReplicaImage implements Image {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly evidence?: Evidence;
  readonly serverFacts: () => Promise<ServerFacts | undefined>;
  /** Not where bytes have a hash to be held against: nobody is to read past it. */
  readonly local?: LocalAccess;
  readonly #inner: Image;
  readonly #options: ReplicaImageOptions;
  readonly #found = new Map<string, ImageProblem>();
  readonly #unlistable: ReadonlyMap<RawPath, ImageProblem>;
  #folders: Promise<KeptFolders> | undefined;
  #isClosed = false;

  constructor(inner: Image, options: ReplicaImageOptions) {
    const { group, sequence, generation, fromNs, atNs, consistency, ...record } = options.record;
    this.#inner = inner;
    this.#options = options;
    this.at = { group, sequence, generation, fromNs, toNs: atNs };
    this.consistency = consistency;
    this.volumes = record.volumes;
    this.fingerprintScope = inner.fingerprintScope;
    this.serverFacts = async () => record.serverFacts;
    if (record.evidence !== undefined) this.evidence = record.evidence;
    if (record.shared && inner.local !== undefined) this.local = inner.local;
    const unlistable = record.problems.filter(({ code }) => code === "unlistable");
    this.#unlistable = new Map(unlistable.map((problem) => [problem.path, problem]));
  }

  get problems(): readonly ImageProblem[] {
    const all = [
      ...this.#options.record.problems,
      ...this.#inner.problems,
      ...this.#found.values(),
    ];
    return [
      ...new Map(all.map((problem) => [`${problem.code} ${problem.path}`, problem])).values(),
    ];
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    const problem = this.#unlistable.get(path);
    if (problem !== undefined) throw unlistable(path, `it could not be copied. ${problem.message}`);
    const kept = (await this.#keptFolders()).get(path);
    let listing: Listing;
    try {
      listing = await this.#inner.list(path, signal);
    } catch (error) {
      if (kept === undefined || !isAbsent(error)) throw error;
      throw unlistable(path, "it was kept and is gone: this replica is damaged", error);
    }
    this.#compare(path, listing, kept ?? new Map<RawName, KeptFile>());
    return listing;
  }

  #compare(path: RawPath, listing: Listing, kept: ReadonlyMap<RawName, KeptFile>): void {
    for (const [name, { type, sizeBytes, mtimeNs }] of kept) {
      const index = listing.indexOf(name);
      const below = joinRawPath(path, name);
      if (index < 0) {
        this.#report(below, "vanished", "It was kept and is gone: this replica is damaged.");
        continue;
      }
      const entry = listing.bareEntry(index);
      const isSame =
        entry.type === type &&
        (type !== "file" || (entry.sizeBytes === sizeBytes && entry.mtimeNs === mtimeNs));
      if (!isSame)
        this.#report(below, "changed", "It is not as it was kept: this replica is damaged.");
    }
    if (listing.length <= kept.size) return;
    for (const name of listing.names) {
      if (!kept.has(name))
        this.#report(joinRawPath(path, name), "changed", "It came after this replica was kept.");
    }
  }

  #report(path: RawPath, code: ImageProblem["code"], message: string): void {
    this.#found.set(`${code} ${path}`, { path, code, message });
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    return await this.#inner.extendedAttributes(path);
  }

  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const folders = await this.#keptFolders();
    const kept = folders.get(rawParent(path))?.get(rawBaseName(path));
    const hash = createHash("sha256");
    let sizeBytes = 0;
    try {
      for await (const piece of this.#inner.read(path, options)) {
        hash.update(piece);
        sizeBytes += piece.length;
        yield piece;
      }
    } catch (error) {
      if (kept === undefined || !isAbsent(error)) throw error;
      throw unreadable(path, "it was kept and is gone", error);
    }
    const isWhole = (options.offset ?? 0) === 0 && options.lengthBytes === undefined;
    if (kept === undefined || !isWhole) return;
    if (sizeBytes !== kept.sizeBytes)
      throw unreadable(path, `it has ${sizeBytes} bytes, and had ${kept.sizeBytes}`);
    if (kept.sha256 !== "" && hash.digest("hex") !== kept.sha256)
      throw unreadable(path, "its bytes are not those that were kept");
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    return await this.#inner.fingerprint(path, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#inner[Symbol.asyncDispose]();
    this.#options.onClosed();
  }

  async #keptFolders(): Promise<KeptFolders> {
    // A closed Image says so by itself.
    if (this.#isClosed) return new Map();
    return await (this.#folders ??= readFolders(this.#options.kept()));
  }
}

async function readFolders(entries: AsyncIterable<KeptEntry>): Promise<KeptFolders> {
  const folders = new Map<RawPath, Map<RawName, KeptFile>>();
  for await (const { path, type, sizeBytes, mtimeNs, sha256 } of entries) {
    const parent = rawParent(path);
    let names = folders.get(parent);
    if (names === undefined) folders.set(parent, (names = new Map()));
    names.set(rawBaseName(path), { type, sizeBytes, mtimeNs, sha256 });
    if (type === "directory" && !folders.has(path)) folders.set(path, new Map());
  }
  return folders;
}

function isAbsent(error: unknown): boolean {
  return (
    error instanceof ImageError &&
    ["image.not-found", "image.not-a-folder", "image.not-a-file"].includes(error.code)
  );
}

function unlistable(path: RawPath, state: string, cause?: unknown): ImageError {
  return new ImageError("image.unlistable", `Cannot list ${quotePath(path)}: ${state}`, {
    hint: "Choose another moment; verify this one to see what is left of it.",
    cause,
  });
}

function unreadable(path: RawPath, state: string, cause?: unknown): ImageError {
  return new ImageError(
    "image.unreadable",
    `Cannot read ${quotePath(path)}: ${state}: this replica is damaged`,
    { hint: "Choose another moment; verify this one to see what is left of it.", cause },
  );
}
