import {
  type Consistency,
  displayPath,
  type ExtendedAttribute,
  type Image,
  ImageError,
  type ImageMoment,
  type ImageProblem,
  type Listing,
  type LocalAccess,
  openDirectoryImage,
  type RawPath,
  type ReadOptions,
  rootPath,
  type Volume,
} from "#image";
import { quotePath } from "./snapshot-error.ts";
import type { OpenSnapshotOptions, Taken } from "./snapshot-provider.ts";

/** A frozen store as an Image: of the moment, the volume and with the problems of when it was taken. */
export async function openFrozenImage(
  taken: Taken,
  options: OpenSnapshotOptions = {},
): Promise<Image> {
  options.signal?.throwIfAborted();
  const { group, sequence, generation } = options;
  const volumes = options.volumes ?? [{ id: taken.volumeId, role: "mixed", root: rootPath }];
  const inner = await openDirectoryImage(taken.path, {
    ...(group === undefined ? {} : { group }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(generation === undefined ? {} : { generation }),
    consistency: taken.consistency,
    volumes,
  });
  return new FrozenImage(inner, taken, group);
}

class FrozenImage implements Image {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly #inner: Image;
  readonly #problems: readonly ImageProblem[];
  /** Folders that are empty here because they could not be had. */
  readonly #unlistable: ReadonlyMap<RawPath, ImageProblem>;

  constructor(inner: Image, taken: Taken, group: string | undefined) {
    this.#inner = inner;
    this.#problems = taken.problems;
    this.#unlistable = new Map(
      taken.problems
        .filter(({ code }) => code === "unlistable")
        .map((problem) => [problem.path, problem]),
    );
    const { fromNs, toNs } = taken;
    this.at = {
      ...inner.at,
      fromNs,
      toNs,
      ...(group === undefined ? { group: displayPath(taken.store) } : {}),
    };
    this.consistency = inner.consistency;
    this.volumes = inner.volumes;
    this.fingerprintScope = inner.fingerprintScope;
  }

  get local(): LocalAccess {
    return this.#inner.local as LocalAccess;
  }

  get problems(): readonly ImageProblem[] {
    return [...this.#problems, ...this.#inner.problems];
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    const problem = this.#unlistable.get(path);
    if (problem === undefined) return await this.#inner.list(path, signal);
    throw new ImageError(
      "image.unlistable",
      `Cannot list ${quotePath(path)}: it could not be frozen. ${problem.message}`,
      {
        hint: "Another snapshot may have it; look at what stood in the way when this one was taken.",
      },
    );
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    return await this.#inner.extendedAttributes(path);
  }

  read(path: RawPath, options?: ReadOptions): AsyncIterable<Uint8Array> {
    return this.#inner.read(path, options);
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    return await this.#inner.fingerprint(path, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
