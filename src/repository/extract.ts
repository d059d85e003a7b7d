/**
 * Many files' content to local files, in the order of the packs it lies in, on all processors.
 * This thread alone touches storage; threads verify, decrypt, decompress, write and read back.
 * Memory is bounded by a slice of files, whatever their number.
 */
import { availableParallelism } from "node:os";
import { type ExtractRequest, type ExtractResult, type RawPath, displayPath } from "#image";
import type { BlobReader } from "./blob-reader.ts";
import { TaskMemory } from "./extract-load.ts";
import { type ExtractPlan, type FileToExtract, planExtract } from "./extract-plan.ts";
import { type ExtractPool, openExtractPool, openInlineExtractPool } from "./extract-pool.ts";
import { ExtractSlice } from "./extract-slice.ts";
import { PackRuns } from "./pack-runs.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { RepositoryError } from "./repository-error.ts";

/** A file with its blobs, or why it has none. */
export type FoundFile = FileToExtract | { readonly request: ExtractRequest; readonly error: Error };

export type ExtractFilesOptions = {
  readonly core: RepositoryCore;
  readonly reader: BlobReader;
  readonly files: AsyncIterable<FoundFile>;
  /** Threads; 0 does all in this one. Default: number of processors, at most 4, where it is worth their start. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
};

/** The first slice is small, so that there is something to do while the next one is looked up. */
const firstSliceFiles = 4096;
const sliceFiles = 16_384;
const sliceBlobs = 131_072;
/** A thread costs about 60 ms to start: so many tasks are worth it. */
const worthThreadsTasks = 3;
const maxWorkers = 4;

export async function* extractFiles(
  options: ExtractFilesOptions,
): AsyncGenerator<ExtractResult, void, undefined> {
  await using pool = new LazyPool(options);
  const found = options.files[Symbol.asyncIterator]();
  let next: Promise<Slice> | undefined = nextSlice(found, firstSliceFiles);
  try {
    while (next !== undefined) {
      const slice: Slice = await next;
      options.signal?.throwIfAborted();
      next = slice.isLast ? undefined : nextSlice(found, sliceFiles);
      // It is awaited in its turn; until then its failure must not count as unhandled.
      next?.catch(() => undefined);
      yield* slice.refused;
      if (slice.files.length > 0) yield* extractSlice(slice.files, pool, options);
    }
  } finally {
    await next?.catch(() => undefined);
    await found.return?.();
  }
}

type Slice = {
  readonly files: readonly FileToExtract[];
  readonly refused: readonly ExtractResult[];
  readonly isLast: boolean;
};

async function nextSlice(found: AsyncIterator<FoundFile>, limitFiles: number): Promise<Slice> {
  const files: FileToExtract[] = [];
  const refused: ExtractResult[] = [];
  let blobs = 0;
  while (files.length + refused.length < limitFiles && blobs < sliceBlobs) {
    const { done, value } = await found.next();
    if (done === true) return { files, refused, isLast: true };
    if ("error" in value) {
      refused.push({ ...value.request, sizeBytes: 0, error: value.error });
      continue;
    }
    if (value.request.to.includes("\0")) {
      // The system would refuse it; and NUL parts the names on their way to a thread.
      refused.push({ ...value.request, sizeBytes: 0, error: notAName(value.request.to) });
      continue;
    }
    files.push(value);
    blobs += value.ids.length / 32;
  }
  return { files, refused, isLast: false };
}

function notAName(to: RawPath): RepositoryError {
  return new RepositoryError(
    "repository.write-failed",
    `Cannot restore to "${displayPath(to)}": no file can have that name`,
    { hint: "Restore it under another name." },
  );
}

async function* extractSlice(
  files: readonly FileToExtract[],
  pool: LazyPool,
  options: ExtractFilesOptions,
): AsyncGenerator<ExtractResult, void, undefined> {
  const { core, reader, signal } = options;
  const optional = signal === undefined ? {} : { signal };
  const start = async (
    some: readonly FileToExtract[],
    mayTryAgain: boolean,
  ): Promise<ExtractSlice> => {
    const plan = planExtract(some, await reader.wholeIndex(signal));
    const runs = new PackRuns({ context: core.context, plan, ...optional });
    return new ExtractSlice({
      plan,
      runs,
      pool: pool.for(plan),
      memory: pool.memory,
      mayTryAgain,
      ...optional,
    });
  };
  const first = await start(files, true);
  yield* first.results();
  if (first.again.length === 0) return;
  // Somebody pruned since the index was loaded: what is still wanted lies elsewhere now.
  await reader.reload(signal);
  yield* (await start(first.again, false)).results();
}

/** Threads are started by the first plan that is worth it. */
class LazyPool implements AsyncDisposable {
  readonly memory: TaskMemory = new TaskMemory();
  readonly #options: ExtractFilesOptions;
  #inline: ExtractPool | undefined;
  #threads: ExtractPool | undefined;

  constructor(options: ExtractFilesOptions) {
    this.#options = options;
  }

  for({ taskEnds }: ExtractPlan): ExtractPool {
    const { core, workers } = this.#options;
    const count =
      workers ??
      (taskEnds.length < worthThreadsTasks ? 0 : Math.min(availableParallelism(), maxWorkers));
    if (this.#threads === undefined && count === 0) {
      this.#inline ??= openInlineExtractPool(core.masterKey);
      return this.#inline;
    }
    this.#threads ??= openExtractPool(core.masterKey, count);
    return this.#threads;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads?.[Symbol.asyncDispose]();
  }
}
