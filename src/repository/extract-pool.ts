/** Who writes the files of a restore: this thread, or several that have nothing else to do. */
import { setImmediate } from "node:timers/promises";
import type { MasterKey } from "./crypto.ts";
import { type ExtractOutcome, type ExtractTask, transferOf } from "./extract-task.ts";
import type { ExtractWorkerData } from "./extract-worker.ts";
import { ExtractWriter } from "./extract-writer.ts";
import { RepositoryError } from "./repository-error.ts";
import { openTaskThreads } from "./task-threads.ts";

export interface ExtractPool extends AsyncDisposable {
  /** Tasks that may be prepared and run at the same time. */
  readonly width: number;
  run(task: ExtractTask): Promise<ExtractOutcome>;
  /** Lets every task end after the file that it is at. */
  stop(): void;
}

export function openInlineExtractPool(masterKey: MasterKey): ExtractPool {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const writer = new ExtractWriter(masterKey, stop);
  return {
    width: 1,
    async run(task) {
      // Timers and signals get their turn between tasks.
      await setImmediate();
      return writer.run(task);
    },
    stop: () => void Atomics.store(stop, 0, 1),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function openExtractPool(masterKey: MasterKey, workers: number): ExtractPool {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ExtractWorkerData = { masterKey, stop };
  const threads = openTaskThreads<ExtractTask, ExtractOutcome>({
    worker: "extract-worker",
    workers,
    workerData,
    youngGenerationMb: 4,
    failed: threadFailed,
  });
  return {
    // While a thread works on one task its next one is made ready.
    width: workers * 2,
    run: (task) => threads.run(task, transferOf(task)),
    stop: () => void Atomics.store(stop, 0, 1),
    [Symbol.asyncDispose]: async () => await threads[Symbol.asyncDispose](),
  };
}

function threadFailed(state: string, cause?: unknown): RepositoryError {
  return new RepositoryError(
    "repository.worker",
    `Cannot go on with the restore: a worker thread failed: ${state}`,
    {
      hint: "What was reported as restored is whole; run the restore again for the rest.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
