/** Worker threads that each answer one task after another, in order. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** What a worker of this kind posts for each task. */
export type TaskReply<Result> =
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly message: string };

export type TaskThreadsOptions = {
  /** Name of the worker's module, which stands beside this file: "extract-worker". */
  readonly worker: string;
  readonly workers: number;
  readonly workerData: unknown;
  /** Of each thread. Its garbage is small and short-lived: a large one would only be touched memory. */
  readonly youngGenerationMb: number;
  /** The error of a task that was under way when a thread failed. */
  readonly failed: (state: string, cause?: unknown) => Error;
};

export interface TaskThreads<Task, Result> extends AsyncDisposable {
  /** To the thread with the least to do. What is transferred belongs to the thread from then on. */
  run(task: Task, transfer: readonly ArrayBuffer[]): Promise<Result>;
}

export function openTaskThreads<Task, Result>(
  options: TaskThreadsOptions,
): TaskThreads<Task, Result> {
  const threads = Array.from(
    { length: options.workers },
    () => new TaskThread<Task, Result>(options),
  );
  return {
    run(task, transfer) {
      const least = threads.reduce((best, one) => (one.pending < best.pending ? one : best));
      return least.run(task, transfer);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

type Waiting<Result> = {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
};

class TaskThread<Task, Result> {
  readonly #worker: Worker;
  readonly #waiting: Waiting<Result>[] = [];
  readonly #failed: TaskThreadsOptions["failed"];
  #failure: Error | undefined;

  constructor({ worker, workerData, youngGenerationMb, failed }: TaskThreadsOptions) {
    this.#failed = failed;
    // As source or as compiled.
    const url = new URL(`./${worker}${extname(import.meta.url)}`, import.meta.url);
    const resourceLimits = { maxYoungGenerationSizeMb: youngGenerationMb };
    this.#worker = new Worker(url, { workerData, resourceLimits });
    this.#worker.on("message", (reply: TaskReply<Result>) => {
      const waiting = this.#waiting.shift();
      if (reply.kind === "done") waiting?.resolve(reply.result);
      else waiting?.reject(failed(reply.message));
    });
    this.#worker.on("error", (error: unknown) => this.#fail(failed(String(error), error)));
    this.#worker.on("exit", (code) => this.#fail(failed(`it ended with code ${code}`)));
  }

  get pending(): number {
    return this.#waiting.length;
  }

  run(task: Task, transfer: readonly ArrayBuffer[]): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(task, transfer);
    });
  }

  async end(): Promise<void> {
    this.#failure ??= this.#failed("it was ended");
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }
}
