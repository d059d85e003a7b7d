/** Who decrypts and hashes the packs of a verification: this thread, or several. */
import { setImmediate } from "node:timers/promises";
import { openCompressor } from "./compression.ts";
import { type MasterKey, openSealer } from "./crypto.ts";
import { checkPack, type PackCheck, type PackCheckTask } from "./pack-check.ts";
import type { PackCheckWorkerData } from "./pack-check-worker.ts";
import { RepositoryError } from "./repository-error.ts";
import { openTaskThreads } from "./task-threads.ts";

export interface PackCheckPool extends AsyncDisposable {
  /** Packs that may be on their way at the same time. */
  readonly width: number;
  /** The task's bytes belong to the pool. */
  check(task: PackCheckTask): Promise<PackCheck>;
}

/** `workers` 0: all in this thread. */
export function openPackCheckPool(masterKey: MasterKey, workers: number): PackCheckPool {
  if (workers === 0) return inlinePool(masterKey);
  const workerData: PackCheckWorkerData = { masterKey };
  const threads = openTaskThreads<PackCheckTask, PackCheck>({
    worker: "pack-check-worker",
    workers,
    workerData,
    youngGenerationMb: 8,
    failed: threadFailed,
  });
  return {
    // While all work, the next pack is read for whichever is done first: a pack more is 17 MB more.
    width: workers + 1,
    async check(task) {
      const bytes = ownMemory(task.bytes);
      return await threads.run({ ...task, bytes }, [bytes.buffer]);
    },
    [Symbol.asyncDispose]: async () => await threads[Symbol.asyncDispose](),
  };
}

function inlinePool(masterKey: MasterKey): PackCheckPool {
  const opener = { sealer: openSealer(masterKey), compressor: openCompressor() };
  return {
    width: 2,
    async check(task) {
      // Timers and signals get their turn between packs.
      await setImmediate();
      return checkPack(task, opener);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Storage gives arrays that are the caller's own; a window on memory of others would not go over. */
function ownMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
  return isWhole ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}

function threadFailed(state: string, cause?: unknown): RepositoryError {
  return new RepositoryError(
    "repository.worker",
    `Cannot go on with the verification: a worker thread failed: ${state}`,
    {
      hint: "Nothing was changed: run it again.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
