/**
 * One slice of a restore: its tasks run in lanes, its files are reported as they settle, and what
 * was made and never reported is removed.
 */
import { closeSync, constants, openSync, rmSync } from "node:fs";
import type { RecoveryError } from "#errors";
import { type ExtractResult, type RawPath, rawPathToBytes } from "#image";
import { type TaskMemory, loadTask } from "./extract-load.ts";
import type { ExtractPlan, FileToExtract } from "./extract-plan.ts";
import type { ExtractPool } from "./extract-pool.ts";
import { type ExtractOutcome, type ExtractTask, partStatus } from "./extract-task.ts";
import { errorOf, failureOf } from "./extract-writer.ts";
import { createMode } from "./file-maker.ts";
import { blobMissing } from "./missing-blob.ts";
import type { PackRuns } from "./pack-runs.ts";

const createFlags =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Lanes wait while the caller leaves this many results lying. */
const maxWaitingResults = 4096;

export type ExtractSliceOptions = {
  readonly plan: ExtractPlan;
  readonly runs: PackRuns;
  readonly pool: ExtractPool;
  readonly memory: TaskMemory;
  /** Files that lack a blob or pack are left to be tried with a newer index. */
  readonly mayTryAgain: boolean;
  readonly signal?: AbortSignal;
};

type Finished = { readonly file: number; readonly result: ExtractResult };

export class ExtractSlice {
  /** Files to try once more with a newer index; complete when the results have ended. */
  readonly again: FileToExtract[] = [];
  readonly #options: ExtractSliceOptions;
  /** Parts of each file that have not come back. */
  readonly #partsLeft: Uint32Array;
  /** 1 for each file that has the attributes that were asked for. */
  readonly #dressed: Uint8Array;
  readonly #errors = new Map<number, Error>();
  readonly #lacking = new Set<number>();
  /** Files made here and not yet reported. */
  readonly #made = new Set<number>();
  readonly #finished: Finished[] = [];
  #nextTask = 0;
  #stopped = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: ExtractSliceOptions) {
    this.#options = options;
    const { files, parts, missing } = options.plan;
    this.#partsLeft = new Uint32Array(files.length);
    this.#dressed = new Uint8Array(files.length);
    for (const file of parts.file) this.#partsLeft[file] = (this.#partsLeft[file] as number) + 1;
    for (const [file, id] of missing) {
      this.#lack(file, blobMissing(id, "data"));
      this.#settle(file);
    }
  }

  async *results(): AsyncGenerator<ExtractResult, void, undefined> {
    const { pool, signal } = this.#options;
    let running = pool.width;
    const lanes = Array.from({ length: pool.width }, async () => {
      await this.#lane().catch((error: unknown) => (this.#failure ??= { error }));
      running--;
      this.#wake();
    });
    const onAbort = (): void => this.#wake();
    signal?.addEventListener("abort", onAbort);
    let ended = false;
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (this.#failure !== undefined) throw this.#failure.error;
        for (const { file, result } of this.#finished.splice(0, maxWaitingResults / 8)) {
          signal?.throwIfAborted();
          this.#made.delete(file);
          this.#wake();
          yield result;
        }
        if (this.#finished.length > 0) continue;
        if (running === 0) break;
        await this.#change();
      }
      ended = true;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#stopped = true;
      if (!ended) pool.stop();
      this.#wake();
      await Promise.all(lanes);
      this.#removeUnreported();
    }
  }

  async #lane(): Promise<void> {
    const { plan } = this.#options;
    while (this.#nextTask < plan.taskEnds.length) {
      while (this.#finished.length >= maxWaitingResults && !this.#isStopped()) await this.#change();
      if (this.#isStopped()) return;
      const task = this.#nextTask++;
      const start = task === 0 ? 0 : (plan.taskEnds[task - 1] as number);
      await this.#runTask(plan.order.subarray(start, plan.taskEnds[task]));
    }
  }

  #isStopped(): boolean {
    return this.#stopped || this.#failure !== undefined || this.#options.signal?.aborted === true;
  }

  async #runTask(all: Uint32Array): Promise<void> {
    const { plan, pool, memory } = this.#options;
    const loaded = await this.#load(all);
    if (this.#isStopped()) return;
    if (loaded !== undefined) {
      const { task, parts } = loaded;
      let outcome: ExtractOutcome;
      try {
        outcome = await pool.run(task);
      } finally {
        this.#noteMade(task, parts);
      }
      memory.give(outcome.sealed);
      for (const [position, part] of parts.entries()) {
        const file = plan.parts.file[part] as number;
        const failure = outcome.failures.get(position);
        if (failure !== undefined)
          this.#errors.set(file, this.#errors.get(file) ?? errorOf(failure));
        // Stopped before it got to this part: the file counts as not restored.
        if (outcome.statuses[position] === partStatus.skipped) return;
        if (outcome.statuses[position] === partStatus.dressed) this.#dressed[file] = 1;
      }
    }
    for (const part of all) {
      const file = plan.parts.file[part] as number;
      if (--(this.#partsLeft[file] as number) === 0) this.#settle(file);
    }
    this.#wake();
  }

  /** The task without parts whose file has failed; undefined where none is left. */
  async #load(
    all: Uint32Array,
  ): Promise<{ readonly task: ExtractTask; readonly parts: readonly number[] } | undefined> {
    const { plan, runs, memory } = this.#options;
    for (;;) {
      const parts = [...all].filter((part) => this.#isWanted(part));
      if (parts.length === 0) return undefined;
      const { task, failures } = await loadTask({ plan, runs, parts, memory });
      if (failures.size === 0 || this.#isStopped()) return { task, parts };
      memory.give(task.sealed);
      for (const part of parts) this.#failLacking(part, failures);
    }
  }

  #isWanted(part: number): boolean {
    const { fileOffset, file: fileOf } = this.#options.plan.parts;
    const file = fileOf[part] as number;
    if (this.#errors.has(file)) return false;
    const isWhole = (fileOffset[part] as number) < 0;
    if (isWhole || this.#made.has(file)) return true;
    // Several threads write its parts: it is made before any of them.
    const { to } = (this.#options.plan.files[file] as FileToExtract).request;
    try {
      closeSync(openSync(rawPathToBytes(to), createFlags, createMode));
      this.#made.add(file);
      return true;
    } catch (error) {
      this.#errors.set(file, errorOf(failureOf(error, to)));
      return false;
    }
  }

  #failLacking(part: number, failures: ReadonlyMap<number, RecoveryError>): void {
    const { plan } = this.#options;
    const file = plan.parts.file[part] as number;
    const first = plan.parts.firstBlob[part] as number;
    for (let at = first; at < first + (plan.parts.blobCount[part] as number); at++) {
      const error = failures.get(plan.blobs[at] as number);
      if (error === undefined) continue;
      if (error.code === "storage.not-found") {
        this.#lack(file, blobMissing(plan.index.idOf(plan.blobs[at] as number), "data"));
      } else this.#errors.set(file, error);
      return;
    }
  }

  #lack(file: number, error: Error): void {
    this.#errors.set(file, error);
    if (this.#options.mayTryAgain) this.#lacking.add(file);
  }

  #noteMade({ created }: ExtractTask, parts: readonly number[]): void {
    for (const [position, part] of parts.entries()) {
      if (created[position] === 1) this.#made.add(this.#options.plan.parts.file[part] as number);
    }
  }

  /** All of a file's parts have come back. */
  #settle(file: number): void {
    const { plan } = this.#options;
    const { request } = plan.files[file] as FileToExtract;
    const error = this.#errors.get(file);
    if (error !== undefined) this.#remove(file);
    if (this.#lacking.has(file)) {
      this.again.push(plan.files[file] as FileToExtract);
      return;
    }
    const result: ExtractResult =
      error === undefined
        ? {
            ...request,
            sizeBytes: plan.sizes[file] as number,
            ...(this.#dressed[file] === 1 ? { hasAttributes: true } : {}),
          }
        : { ...request, sizeBytes: 0, error };
    this.#finished.push({ file, result });
  }

  #remove(file: number): void {
    if (!this.#made.delete(file)) return;
    const to: RawPath = (this.#options.plan.files[file] as FileToExtract).request.to;
    rmSync(rawPathToBytes(to), { force: true });
  }

  #removeUnreported(): void {
    for (const file of this.#made) this.#remove(file);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
