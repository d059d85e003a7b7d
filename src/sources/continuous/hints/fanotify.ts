/** Hints of the kernel about whole filesystems (fanotify(7)): nothing to set up for each folder. */
import { closeSync, writeSync } from "node:fs";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { systemErrorCode } from "#errors";
import type { RawName, RawPath } from "#image";
import type {
  ChangeHint,
  ChangeHints,
  HintListener,
  HintsUnavailable,
  OpenHintsRequest,
} from "./change-hints.ts";
import type { FanotifyReport, FanotifyRequest, FanotifyThreadData } from "./fanotify-messages.ts";
import { foldersOfFilesystems, placesThere } from "./filesystems-of-places.ts";

export type FanotifyOptions = {
  /** Names that wait while the program is busy; one more is an overflow. Default 200,000. */
  readonly waitingLimit?: number;
};

/** Needs Node 26, Linux, and the rights CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH. */
export async function openFanotify(
  request: OpenHintsRequest,
  options: FanotifyOptions = {},
): Promise<ChangeHints | HintsUnavailable> {
  if (process.platform !== "linux") return { unavailable: "it is Linux alone that has it" };
  const places = placesThere(request);
  const workerData: FanotifyThreadData = {
    places,
    mounts: foldersOfFilesystems(places),
    taken: new Int32Array(new SharedArrayBuffer(4)),
    waitingLimit: options.waitingLimit ?? 200_000,
  };
  const url = new URL(`./fanotify-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(url, { workerData });
  const first = await firstReport(worker);
  if (first.type === "ready")
    return new FanotifyHints(worker, { workerData, wake: first.wakeDescriptor, ...request });
  await worker.terminate();
  return { unavailable: first.type === "unavailable" ? first.why : "its thread is confused" };
}

async function firstReport(worker: Worker): Promise<FanotifyReport> {
  const { promise, resolve } = Promise.withResolvers<FanotifyReport>();
  const failed = (error: unknown): void =>
    resolve({ type: "unavailable", why: `its thread failed: ${String(error)}` });
  const ended = (): void => resolve({ type: "unavailable", why: "its thread ended" });
  worker.once("message", resolve).once("error", failed).once("exit", ended);
  const report = await promise;
  worker.off("message", resolve).off("error", failed).off("exit", ended);
  return report;
}

class FanotifyHints implements ChangeHints {
  readonly way = "fanotify";
  readonly #worker: Worker;
  readonly #listener: HintListener;
  readonly #taken: Int32Array<SharedArrayBuffer>;
  readonly #wake: number;
  readonly #settling = new Map<number, () => void>();
  readonly #ended: Promise<void>;
  #requests = 0;
  #isOver = false;
  #hasEnded = false;
  #closed: Promise<void> | undefined;

  constructor(
    worker: Worker,
    options: { readonly workerData: FanotifyThreadData; readonly wake: number } & OpenHintsRequest,
  ) {
    this.#worker = worker;
    this.#listener = options.listener;
    this.#taken = options.workerData.taken;
    this.#wake = options.wake;
    worker.on("message", (report: FanotifyReport) => this.#take(report));
    worker.on("error", (error: unknown) => this.#end(String(error)));
    this.#ended = new Promise((resolve) =>
      worker.on("exit", () => {
        this.#hasEnded = true;
        this.#end("it ended");
        resolve();
      }),
    );
  }

  settle(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const request = ++this.#requests;
      this.#settling.set(request, resolve);
      this.#tell({ type: "settle", request });
    });
  }

  watchFolder(): void {
    // Every folder of the filesystem is watched.
  }

  forgetFolder(): void {
    // Where a folder lies is asked of the kernel.
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isOver = true;
    this.#release();
    this.#tell({ type: "end" });
    await this.#ended;
    await this.#worker.terminate();
    // The thread opened it; its number must not be written to once it may be another file's.
    closeSync(this.#wake);
  }

  #tell(request: FanotifyRequest): void {
    if (this.#hasEnded) return;
    this.#worker.postMessage(request);
    try {
      writeSync(this.#wake, "!");
    } catch (error) {
      // The pipe is full, so the thread wakes anyway; or it is gone, which is told elsewhere.
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  #take(report: FanotifyReport): void {
    if (report.type === "hints") {
      Atomics.add(this.#taken, 0, 1);
      if (!this.#isOver) this.#listener.onHints(report.hints.map(hintOf));
    } else if (report.type === "overflow") {
      if (!this.#isOver) this.#listener.onLoss({ why: "overflow", message: report.message });
    } else if (report.type === "settled") {
      this.#settling.get(report.request)?.();
      this.#settling.delete(report.request);
    }
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    const message = `The thread that watches the filesystem failed: ${reason}.`;
    this.#listener.onLoss({ why: "lost", isFinal: true, message });
  }

  #release(): void {
    for (const resolve of this.#settling.values()) resolve();
    this.#settling.clear();
  }
}

function hintOf([folder, name, below]: readonly [string, string, boolean]): ChangeHint {
  return {
    folder: folder as RawPath,
    ...(name === "" ? {} : { name: name as RawName }),
    ...(below ? { below } : {}),
  };
}
