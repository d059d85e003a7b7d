import { hash } from "node:crypto";
import { type Entry, type RawPath, rawPathToBytes } from "#image";

export type SampleFile = {
  readonly path: RawPath;
  /** How much of it is read, from its beginning. */
  readonly takeBytes: number;
};

export type SampleChooserOptions = {
  readonly sampleBytes: number;
  /** Default 100,000. */
  readonly mostFiles?: number;
};

/** Of one large file (an mbox) no more than this part of the sample is taken, and never more than is held in memory. */
const largestShare = 1 / 8;
const largestTakeBytes = 64 * 1024 ** 2;
const mostFiles = 100_000;

type Candidate = SampleFile & { readonly order: string };

/**
 * Chooses files spread over the whole of a store while it is walked: those with the smallest hash of their
 * path, as many as fit. The same store gives the same sample, in whatever order it is walked.
 */
export class SampleChooser {
  readonly #sampleBytes: number;
  readonly #mostFiles: number;
  readonly #largestTakeBytes: number;
  #candidates: Candidate[] = [];
  #bytes = 0;
  /** Nothing from this hash on can be in the sample: before it there is more than fits. */
  #limit: string | undefined;

  constructor(options: SampleChooserOptions) {
    this.#sampleBytes = options.sampleBytes;
    this.#mostFiles = options.mostFiles ?? mostFiles;
    this.#largestTakeBytes = Math.min(
      largestTakeBytes,
      Math.max(1024 ** 2, Math.ceil(options.sampleBytes * largestShare)),
    );
  }

  add(path: RawPath, { sizeBytes }: Pick<Entry, "sizeBytes">): void {
    const takeBytes = Math.min(sizeBytes, this.#largestTakeBytes);
    const order = hash("sha1", rawPathToBytes(path));
    if (this.#limit !== undefined && order >= this.#limit) return;
    this.#candidates.push({ path, takeBytes, order });
    this.#bytes += takeBytes;
    const isMany = this.#candidates.length > 2 * this.#mostFiles;
    if (this.#bytes > 2 * this.#sampleBytes + this.#largestTakeBytes || isMany) this.#prune();
  }

  /** In the order of their hashes: each part of the list is spread over the store too. */
  files(): readonly SampleFile[] {
    this.#prune();
    return this.#candidates.map(({ path, takeBytes }) => ({ path, takeBytes }));
  }

  /** What is left out could not come back: files that are still to come only make less room. */
  #prune(): void {
    this.#candidates.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    const kept: Candidate[] = [];
    let bytes = 0;
    for (const candidate of this.#candidates) {
      const isFull = bytes + candidate.takeBytes > this.#sampleBytes;
      if ((kept.length > 0 && isFull) || kept.length >= this.#mostFiles) {
        this.#limit = candidate.order;
        break;
      }
      kept.push(candidate);
      bytes += candidate.takeBytes;
    }
    this.#candidates = kept;
    this.#bytes = bytes;
  }
}

/** The sample in as many parts of about the same size, each in the order of its paths, as a walk would read it. */
export function slicesOf(
  files: readonly SampleFile[],
  count: number,
): readonly (readonly SampleFile[])[] {
  const totalBytes = files.reduce((total, { takeBytes }) => total + takeBytes, 0);
  const slices: SampleFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const slice = Math.min(count - 1, Math.floor((bytes / Math.max(1, totalBytes)) * count));
    (slices[slice] ??= []).push(file);
    bytes += file.takeBytes;
  }
  return slices
    .filter((slice) => slice !== undefined)
    .map((slice) => slice.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)));
}
