import { closeSync, fsyncSync, lstatSync, openSync, renameSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  type Consistency,
  type Evidence,
  type ExtendedAttribute,
  type HandedOver,
  type Image,
  type ImageMoment,
  type ImageProblem,
  joinRawPath,
  type Listing,
  type LocalAccess,
  rawParent,
  type RawPath,
  rawPathToBytes,
  type ReadOptions,
  type Volume,
} from "#image";
import type { OpenSnapshotOptions, SnapshotProvider, Taken } from "#snapshots";
import { folderUnusable } from "./sweep-splits.ts";

export type HotSplitImageOptions = {
  readonly taken: Taken;
  readonly provider: SnapshotProvider;
  readonly evidence: Evidence;
  readonly consistency: Consistency;
  readonly open: OpenSnapshotOptions;
};

/** A frozen store that is removed when its Image is closed, unless it was given to a method to keep. */
export class HotSplitImage implements Image {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly evidence: Evidence;
  readonly #options: HotSplitImageOptions;
  #image: Image;
  #isGiven = false;
  #closing: Promise<void> | undefined;

  constructor(image: Image, options: HotSplitImageOptions) {
    this.#image = image;
    this.#options = options;
    this.at = image.at;
    this.consistency = options.consistency;
    this.volumes = image.volumes;
    this.fingerprintScope = image.fingerprintScope;
    this.evidence = options.evidence;
  }

  get local(): LocalAccess {
    return this.#image.local as LocalAccess;
  }

  get problems(): readonly ImageProblem[] {
    return this.#image.problems;
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    return await this.#image.list(path, signal);
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    return await this.#image.extendedAttributes(path);
  }

  read(path: RawPath, options?: ReadOptions): AsyncIterable<Uint8Array> {
    return this.#image.read(path, options);
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    return await this.#image.fingerprint(path, signal);
  }

  async handOver(to: RawPath, signal?: AbortSignal): Promise<HandedOver | undefined> {
    signal?.throwIfAborted();
    if (this.#isGiven || this.#closing !== undefined) return undefined;
    const { taken, provider, open } = this.#options;
    if (!moveFolder(taken.destination, to)) return undefined;
    this.#isGiven = true;
    for (const folder of [rawParent(to), rawParent(taken.destination)]) syncNames(folder);
    const before = this.#image;
    this.#image = await provider.open(to, withoutSignal(open));
    await before[Symbol.asyncDispose]();
    return { root: joinRawPath(to, taken.path.slice(taken.destination.length + 1) as RawPath) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#image[Symbol.asyncDispose]();
    const { taken, provider } = this.#options;
    if (!this.#isGiven) await provider.remove(taken.destination);
  }
}

/** False where the two lie on different filesystems. */
function moveFolder(from: RawPath, to: RawPath): boolean {
  try {
    // rename(2) would replace an empty folder.
    if (lstatSync(rawPathToBytes(to), { throwIfNoEntry: false }) !== undefined)
      throw folderUnusable(to, new Error("something of that name is there"));
    renameSync(rawPathToBytes(from), rawPathToBytes(to));
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EXDEV") return false;
    throw code === undefined ? error : folderUnusable(to, error);
  }
}

function withoutSignal({ signal: _signal, ...open }: OpenSnapshotOptions): OpenSnapshotOptions {
  return open;
}

/** By its bytes: a folder's name may be no text. */
function syncNames(folder: RawPath): void {
  const descriptor = openSync(rawPathToBytes(folder), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
