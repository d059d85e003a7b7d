/** Who decrypts and hashes the packs of a verification: this thread, or several. */
import { extname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { openCompressor } from "./compression.ts";
import { type MasterKey, openSealer } from "./crypto.ts";
import { checkPack, type PackCheck, type PackCheckTask } from "./pack-check.ts";
import type { PackCheckReply, PackCheckWorkerData } from "./pack-check-worker.ts";
import { RepositoryError } from "./repository-error.ts";

export interface PackCheckPool extends AsyncDisposable {
  /** Packs that may be on their way at the same time. */
  readonly width: number;
  /** The task's bytes belong to the pool. */
  check(task: PackCheckTask): Promise<PackCheck>;
}

/** `workers` 0: all in this thread. */
export function openPackCheckPool(masterKey: MasterKey, workers: number): PackCheckPool {
  if (workers === 0) return inlinePool(masterKey);
  const threads = Array.from({ length: workers }, () => new CheckThread({ masterKey }));
  return {
    // While all work, the next pack is read for whichever is done first: a pack more is 17 MB more.
    width: workers + 1,
    check(task) {
      const least = threads.reduce((best, one) => (one.pending < best.pending ? one : best));
      return least.check(task);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
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

type Waiting = {
  readonly resolve: (check: PackCheck) => void;
  readonly reject: (error: Error) => void;
};

/** One worker thread, answering in order. */
class CheckThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(data: PackCheckWorkerData) {
    // The worker stands beside this file, as source or as compiled.
    const url = new URL(`./pack-check-worker${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(url, {
      workerData: data,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.on("message", (reply: PackCheckReply) => {
      const waiting = this.#waiting.shift();
      if (reply.kind === "done") waiting?.resolve(reply.check);
      else waiting?.reject(threadFailed(reply.message));
    });
    this.#worker.on("error", (error: unknown) => this.#fail(threadFailed(String(error), error)));
    this.#worker.on("exit", (code) => this.#fail(threadFailed(`it ended with code ${code}`)));
  }

  get pending(): number {
    return this.#waiting.length;
  }

  check(task: PackCheckTask): Promise<PackCheck> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      const bytes = ownMemory(task.bytes);
      this.#worker.postMessage({ ...task, bytes }, [bytes.buffer]);
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
