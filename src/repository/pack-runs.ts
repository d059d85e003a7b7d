/** Runs of pack bytes on their way to several tasks: each is loaded once while it is remembered. */
import { type ExtractPlan, type PackRun, runOfBlob } from "./extract-plan.ts";
import type { UnpackedContext } from "./unpacked-file.ts";

const limitBytes = 64 * 1024 * 1024;

export type PackRunsOptions = {
  readonly context: UnpackedContext;
  readonly plan: ExtractPlan;
  readonly signal?: AbortSignal;
};

export class PackRuns {
  readonly #options: PackRunsOptions;
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  readonly #kept = new Map<number, Promise<Uint8Array>>();
  #keptBytes = 0;
  /** How often a blob of each run is still wanted. */
  readonly #usesLeft: Uint32Array;

  constructor(options: PackRunsOptions) {
    this.#options = options;
    const { plan } = options;
    this.#usesLeft = new Uint32Array(plan.runs.length);
    for (const blob of plan.blobs) {
      const run = runOfBlob(plan, blob);
      this.#usesLeft[run] = (this.#usesLeft[run] as number) + 1;
    }
  }

  /** Blobs of a run have been taken: after the last one it is not kept any longer. */
  release(run: number, uses: number): void {
    const left = (this.#usesLeft[run] as number) - uses;
    this.#usesLeft[run] = Math.max(0, left);
    if (left <= 0) this.#forget(run);
  }

  load(run: number): Promise<Uint8Array> {
    const kept = this.#kept.get(run);
    if (kept !== undefined) {
      this.#kept.delete(run);
      this.#kept.set(run, kept);
      return kept;
    }
    const range = this.#options.plan.runs[run] as PackRun;
    const loading = this.#load(range);
    this.#kept.set(run, loading);
    this.#keptBytes += range.lengthBytes;
    // Whoever awaits it gets the failure; only that it is remembered must end.
    loading.catch(() => this.#forget(run));
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= limitBytes || oldest === run) break;
      this.#forget(oldest);
    }
    return loading;
  }

  /** One blob alone, where the run around it cannot be had. */
  loadBlob(blob: number): Promise<Uint8Array> {
    const { index } = this.#options.plan;
    return this.#load({
      packNumber: index.packNumberOf(blob),
      offset: index.offsetOf(blob),
      lengthBytes: index.lengthOf(blob),
    });
  }

  #forget(run: number): void {
    if (!this.#kept.delete(run)) return;
    this.#keptBytes -= (this.#options.plan.runs[run] as PackRun).lengthBytes;
  }

  #load({ packNumber, offset, lengthBytes }: PackRun): Promise<Uint8Array> {
    const { context, plan, signal } = this.#options;
    const name = plan.index.packs[packNumber] as string;
    const optional = signal === undefined ? {} : { signal };
    return context.storage.load({ type: "data", name }, { offset, lengthBytes, ...optional });
  }
}
