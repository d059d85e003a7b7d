/**
 * The threads of one capture. The main thread walks, keeps order and alone touches storage;
 * whole packs come back to it.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import { extname } from "node:path";
import { BlobWriter, type BlobWriterOptions } from "./blob-writer.ts";
import type {
  BlobTotals,
  CaptureReply,
  CaptureRequest,
  CaptureWorkerData,
} from "./capture-worker.ts";
import type { BatchResult, FileBatch } from "./file-batch.ts";
import { FileReader } from "./file-reader.ts";
import type { FinishedPack } from "./packer.ts";
import { openPieceSplitter, type PieceSplitter } from "./piece-splitter.ts";
import { RepositoryError } from "./repository-error.ts";

export interface CapturePool extends AsyncDisposable {
  /** Requests that may run at the same time without waiting for each other. */
  readonly width: number;
  storeFiles(batch: FileBatch): Promise<BatchResult>;
  storeTree(tree: { readonly id: Uint8Array; readonly bytes: Uint8Array }): Promise<void>;
  useKnownBlobs(memory: SharedArrayBuffer): Promise<void>;
  /** Hands over all open packs. */
  flush(): Promise<void>;
  totals(): BlobTotals;
}

export type CapturePoolOptions = CaptureWorkerData & {
  /** Called in this thread; order among packs does not matter. The pack's memory is its own until the promise ends. */
  readonly onPack: (pack: FinishedPack) => Promise<void>;
};

/** Everything in the calling thread: small captures, and Images that are not local files. */
export function openInlinePool(
  options: CapturePoolOptions & Pick<BlobWriterOptions, "stored">,
): CapturePool & { readonly writer: BlobWriter; readonly splitter: PieceSplitter } {
  const { onPack, ...fixed } = options;
  const writer = new BlobWriter({
    ...fixed,
    onPack: (pack) =>
      void onPack(pack).then(() => writer.slabs.giveBack(pack.bytes.buffer as ArrayBuffer)),
  });
  const splitter = openPieceSplitter(options.polynomial);
  const reader = new FileReader(writer, splitter);
  return {
    width: 1,
    writer,
    splitter,
    storeFiles: async (batch) => reader.storeBatch(batch),
    storeTree: async ({ id, bytes }) => writer.store(bytes, { id, type: "tree" }),
    useKnownBlobs: async (memory) => writer.useKnownBlobs(memory),
    flush: async () => writer.flush(),
    totals: () => ({ ...writer.counts }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function openWorkerPool(options: CapturePoolOptions, workers: number): CapturePool {
  const threads = Array.from({ length: workers }, () => new Thread(options));

  const leastBusy = (): Thread =>
    threads.reduce((best, thread) => (thread.pending < best.pending ? thread : best));

  const all = async (request: CaptureRequest): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.ask(request)));
  };

  return {
    width: workers,
    async storeFiles(batch) {
      const result = await leastBusy().ask({ kind: "files", batch });
      if (result === undefined) throw workerFailed("it answered without a result");
      return result;
    },
    // All to one: each thread that has trees keeps a pack open for them.
    async storeTree(tree) {
      await (threads[0] as Thread).ask({ kind: "tree", ...tree });
    },
    useKnownBlobs: (memory) => all({ kind: "known-blobs", memory }),
    flush: () => all({ kind: "flush" }),
    totals: () => sumTotals(threads.map((thread) => thread.totals)),
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.stop()));
    },
  };
}

const noTotals: BlobTotals = { addedBytes: 0, storedBytes: 0, dataBlobs: 0, treeBlobs: 0 };

export function sumTotals(all: readonly BlobTotals[]): BlobTotals {
  return all.reduce(
    (sum, one) => ({
      addedBytes: sum.addedBytes + one.addedBytes,
      storedBytes: sum.storedBytes + one.storedBytes,
      dataBlobs: sum.dataBlobs + one.dataBlobs,
      treeBlobs: sum.treeBlobs + one.treeBlobs,
    }),
    noTotals,
  );
}

type Waiting = {
  readonly resolve: (result: BatchResult | undefined) => void;
  readonly reject: (error: Error) => void;
};

/** One worker thread, answering in order. */
class Thread {
  totals: BlobTotals = noTotals;
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  readonly #packsUnderWay: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));
  readonly #memory = new MessageChannel();
  #failure: Error | undefined;

  constructor(options: CapturePoolOptions) {
    const { onPack, ...workerData } = options;
    // The worker stands beside this file, as source or as compiled.
    const url = new URL(`./capture-worker${extname(import.meta.url)}`, import.meta.url);
    const packReturn = { underWay: this.#packsUnderWay.buffer, memory: this.#memory.port2 };
    this.#worker = new Worker(url, {
      workerData: { ...workerData, packReturn },
      transferList: [packReturn.memory],
      // Hardly anything that a thread makes outlives its batch: a larger young heap is only memory.
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
    });
    this.#worker.on("message", (reply: CaptureReply) => {
      if (reply.kind === "pack") void onPack(reply.pack).then(() => this.#giveBack(reply.pack));
      else this.#answer(reply);
    });
    this.#worker.on("error", (error: unknown) => this.#fail(workerFailed(String(error), error)));
    this.#worker.on("exit", (code) => this.#fail(workerFailed(`it ended with code ${code}`)));
  }

  get pending(): number {
    return this.#waiting.length;
  }

  ask(request: CaptureRequest): Promise<BatchResult | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  #giveBack(pack: FinishedPack): void {
    const memory = pack.bytes.buffer as ArrayBuffer;
    this.#memory.port1.postMessage(memory, [memory]);
    Atomics.sub(this.#packsUnderWay, 0, 1);
    Atomics.notify(this.#packsUnderWay, 0);
  }

  #answer(reply: Exclude<CaptureReply, { kind: "pack" }>): void {
    const waiting = this.#waiting.shift();
    if (reply.kind === "failed") {
      const { code, message, hint } = reply;
      waiting?.reject(new RepositoryError(code, message, hint === undefined ? {} : { hint }));
      return;
    }
    this.totals = reply.totals;
    waiting?.resolve(reply.result);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }

  async stop(): Promise<void> {
    this.#failure ??= workerFailed("it was stopped");
    await this.#worker.terminate();
    this.#memory.port1.close();
  }
}

function workerFailed(state: string, cause?: unknown): RepositoryError {
  return new RepositoryError(
    "repository.worker",
    `Cannot go on with the capture: a worker thread failed: ${state}`,
    {
      hint: "Nothing is lost: run the capture again; with --workers 0 it does without threads.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
