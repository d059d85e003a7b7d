/**
 * Many blobs out of packs, in the order in which they lie there: neighbours are read together, the
 * next run is on its way while one is worked on, and memory holds two runs.
 */
import type { RecoveryError } from "#errors";
import type { BlobIndex } from "./blob-index.ts";
import { openBlob, openBlobView } from "./blob-reader.ts";
import { openCompressor } from "./compression.ts";
import { assertStillThere, isDamage } from "./is-damage.ts";
import type { RepositoryCore } from "./repository-core.ts";

export type BlobFromPack = {
  /** In the index. */
  readonly blob: number;
  /** Encrypted, as it was read. */
  readonly lengthBytes: number;
} & (
  | {
      readonly bytes: Uint8Array;
      /** The same as it lies in its pack. A view, good until the next blob. */
      readonly sealed: Uint8Array;
      readonly error?: undefined;
    }
  /** Its bytes cannot be had. */
  | { readonly bytes?: undefined; readonly sealed?: undefined; readonly error: RecoveryError }
);

export type PackOrderOptions = {
  readonly index: BlobIndex;
  /** Sorted here, in place. */
  readonly blobs: Uint32Array;
  /** Whether `bytes` are looked at and not kept: a view, too, good until the next blob. */
  readonly asViews?: boolean;
  readonly signal: AbortSignal;
};

/** More is not quicker, and it is held in memory twice. A single blob may be larger. */
const runBytes = 4 * 1024 * 1024;
/** Reading this much for nothing is cheaper than asking once more. */
const gapBytes = 64 * 1024;

type Run = {
  readonly packId: string;
  readonly offset: number;
  readonly lengthBytes: number;
  /** A part of the sorted numbers. */
  readonly blobs: Uint32Array;
};

export async function* readInPackOrder(
  core: RepositoryCore,
  options: PackOrderOptions,
): AsyncGenerator<BlobFromPack> {
  const { index, signal } = options;
  const { sealer } = core.context;
  const open = options.asViews === true ? openBlobView : openBlob;
  const compressor = openCompressor();
  const runs = runsOf(options);
  let next = loadNext(core, { runs, signal });
  for (;;) {
    const loaded = await next;
    if (loaded === undefined) return;
    next = loadNext(core, { runs, signal });
    const { run } = loaded;
    for (const blob of run.blobs) {
      const location = index.location(blob);
      const { lengthBytes } = location;
      try {
        const start = location.offset - run.offset;
        const sealed =
          loaded.bytes?.subarray(start, start + lengthBytes) ??
          (await loadRange(core, { range: { ...location, packId: run.packId }, signal }));
        const bytes = open(sealed, { id: index.idOf(blob), location, sealer, compressor });
        yield { blob, lengthBytes, bytes, sealed };
      } catch (error) {
        signal.throwIfAborted();
        if (!isDamage(error)) throw error;
        yield { blob, lengthBytes, error };
      }
    }
  }
}

type Range = Pick<Run, "packId" | "offset" | "lengthBytes">;

async function loadRange(
  { context }: RepositoryCore,
  { range, signal }: { readonly range: Range; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { packId: name, offset, lengthBytes } = range;
  return await context.storage.load({ type: "data", name }, { offset, lengthBytes, signal });
}

/** Without bytes where the run cannot be had as a whole: some of its blobs may be, in a pack that was cut short. */
type LoadedRun = { readonly run: Run; readonly bytes: Uint8Array | undefined };

function loadNext(
  core: RepositoryCore,
  { runs, signal }: { readonly runs: Iterator<Run>; readonly signal: AbortSignal },
): Promise<LoadedRun | undefined> {
  const { done, value: run } = runs.next();
  if (done === true) return Promise.resolve(undefined);
  const loading = loadRange(core, { range: run, signal }).then(
    (bytes): LoadedRun => ({ run, bytes }),
    async (error: unknown): Promise<LoadedRun> => {
      signal.throwIfAborted();
      if (!isDamage(error)) throw error;
      await assertStillThere(core, signal);
      return { run, bytes: undefined };
    },
  );
  // Awaited a run later: until then a failure is nobody's.
  loading.catch(() => undefined);
  return loading;
}

function* runsOf({ index, blobs }: PackOrderOptions): Generator<Run, undefined> {
  const packOf = (blob: number): number => index.packNumberOf(blob);
  blobs.sort((a, b) => packOf(a) - packOf(b) || index.offsetOf(a) - index.offsetOf(b));
  let first = 0;
  while (first < blobs.length) {
    const start = blobs[first] as number;
    const offset = index.offsetOf(start);
    let end = offset + index.lengthOf(start);
    let last = first + 1;
    for (; last < blobs.length; last++) {
      const blob = blobs[last] as number;
      const blobEnd = index.offsetOf(blob) + index.lengthOf(blob);
      if (packOf(blob) !== packOf(start)) break;
      if (index.offsetOf(blob) - end > gapBytes || blobEnd - offset > runBytes) break;
      end = Math.max(end, blobEnd);
    }
    const packId = index.packs[packOf(start)] as string;
    yield { packId, offset, lengthBytes: end - offset, blobs: blobs.subarray(first, last) };
    first = last;
  }
  return undefined;
}
