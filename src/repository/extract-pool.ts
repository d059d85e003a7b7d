/** Who writes the files of a restore: this thread, or several that have nothing else to do. */
import { extname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { MasterKey } from "./crypto.ts";
import { type ExtractOutcome, type ExtractTask, transferOf } from "./extract-task.ts";
import type { ExtractReply, ExtractWorkerData } from "./extract-worker.ts";
import { ExtractWriter } from "./extract-writer.ts";
import { RepositoryError } from "./repository-error.ts";

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
  const threads = Array.from({ length: workers }, () => new ExtractThread({ masterKey, stop }));
  return {
    // While a thread works on one task its next one is made ready.
    width: workers * 2,
    run(task) {
      const least = threads.reduce((best, one) => (one.pending < best.pending ? one : best));
      return least.run(task);
    },
    stop: () => void Atomics.store(stop, 0, 1),
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

type Waiting = {
  readonly resolve: (outcome: ExtractOutcome) => void;
  readonly reject: (error: Error) => void;
};

/** One worker thread, answering in order. */
class ExtractThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(data: ExtractWorkerData) {
    // The worker stands beside this file, as source or as compiled.
    const url = new URL(`./extract-worker${extname(import.meta.url)}`, import.meta.url);
    // Its garbage is small and short-lived: a large young generation would only be touched memory.
    const resourceLimits = { maxYoungGenerationSizeMb: 4 };
    this.#worker = new Worker(url, { workerData: data, resourceLimits });
    this.#worker.on("message", (reply: ExtractReply) => {
      const waiting = this.#waiting.shift();
      if (reply.kind === "done") waiting?.resolve(reply.outcome);
      else waiting?.reject(threadFailed(reply.message));
    });
    this.#worker.on("error", (error: unknown) => this.#fail(threadFailed(String(error), error)));
    this.#worker.on("exit", (code) => this.#fail(threadFailed(`it ended with code ${code}`)));
  }

  get pending(): number {
    return this.#waiting.length;
  }

  run(task: ExtractTask): Promise<ExtractOutcome> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(task, transferOf(task));
    });
  }

  async end(): Promise<void> {
    this.#failure ??= threadFailed("it was ended");
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }
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
