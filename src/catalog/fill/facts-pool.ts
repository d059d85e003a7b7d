/** Who reads messages: this thread for a few, several threads for many. */
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { CatalogError } from "../catalog-error.ts";
import { type MessageFacts, messageFactsOf } from "../message-facts.ts";

export type FactsTask = {
  /** Whole messages. */
  readonly messages: readonly Uint8Array[];
};
export type FactsReply = { readonly facts: readonly MessageFacts[] } | { readonly failure: string };
export type FactsWorkerData = { readonly textLimit: number };

/** A thread costs some 60 ms to start. */
const worthThreadMessages = 1_000;
const maxWorkers = 4;

export type FactsPoolOptions = {
  /** Characters of text that are kept of each message. */
  readonly textLimit: number;
  /** Threads; 0 does all in this one. Default: two less than processors, at most 4. */
  readonly workers?: number | undefined;
};

type Waiting = {
  readonly resolve: (facts: readonly MessageFacts[]) => void;
  readonly reject: (error: Error) => void;
};

export class FactsPool implements AsyncDisposable {
  readonly #options: FactsPoolOptions;
  readonly #threads: FactsThread[] = [];
  #seen = 0;

  constructor(options: FactsPoolOptions) {
    this.#options = options;
  }

  async run(task: FactsTask): Promise<readonly MessageFacts[]> {
    this.#seen += task.messages.length;
    const { textLimit, workers = defaultWorkers() } = this.#options;
    if (workers === 0 || this.#seen < worthThreadMessages)
      return task.messages.map((bytes) => messageFactsOf(bytes, { textLimit }));
    while (this.#threads.length < workers) this.#threads.push(new FactsThread({ textLimit }));
    const least = this.#threads.reduce((best, one) => (one.pending < best.pending ? one : best));
    return await least.run(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }
}

/** Beside this thread, which reads, and the one that writes. */
function defaultWorkers(): number {
  return Math.min(Math.max(availableParallelism() - 2, 0), maxWorkers);
}

class FactsThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(workerData: FactsWorkerData) {
    // As source or as compiled.
    const url = new URL(`./facts-worker${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(url, { workerData });
    this.#worker.on("message", (reply: FactsReply) => {
      const waiting = this.#waiting.shift();
      if ("facts" in reply) waiting?.resolve(reply.facts);
      else waiting?.reject(threadFailed(reply.failure));
    });
    this.#worker.on("error", (error: unknown) => this.#fail(threadFailed(String(error), error)));
    this.#worker.on("exit", (code) => this.#fail(threadFailed(`it ended with code ${code}`)));
  }

  get pending(): number {
    return this.#waiting.length;
  }

  run(task: FactsTask): Promise<readonly MessageFacts[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      // Copies, which are given away: they may lie in memory with others.
      const messages = task.messages.map((bytes) => Uint8Array.from(bytes));
      this.#worker.postMessage(
        { messages } satisfies FactsTask,
        messages.map(({ buffer }) => buffer),
      );
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

function threadFailed(state: string, cause?: unknown): CatalogError {
  return new CatalogError("catalog.worker", `Cannot fill the catalog: a thread failed: ${state}`, {
    hint: "Run it again: it goes on where it was.",
    ...(cause === undefined ? {} : { cause }),
  });
}
