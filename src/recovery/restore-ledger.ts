import { RecoveryError, systemErrorCode } from "#errors";
import { displayPath, type RawPath } from "#image";
import { countSteps } from "./new-files.ts";
import { RestoreError } from "./restore-error.ts";
import {
  type MutableCounts,
  noCounts,
  type RestoreCounts,
  type RestoreFailure,
  type RestorePlan,
  type RestoreProgress,
} from "./restore-plan.ts";

/** Failures that are told one by one; more are counted. */
const tellFailures = 10_000;

/** What a restore did, kept while it goes on. */
export class RestoreLedger {
  readonly counts: MutableCounts;
  readonly failures: RestoreFailure[] = [];
  readonly incomplete: RestoreFailure[] = [];
  /** Paths that something of ours should have and has not. */
  readonly notPlaced: Set<RawPath> = new Set();
  filesVerified = 0;
  bytes = 0;
  #done = 0;
  readonly #total: number;
  readonly #plan: RestorePlan;
  readonly #onProgress: ((progress: RestoreProgress) => void) | undefined;
  readonly #onCreated: ((path: RawPath) => void) | undefined;

  constructor(
    plan: RestorePlan,
    {
      onProgress,
      onCreated,
    }: {
      readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
      readonly onCreated?: ((path: RawPath) => void) | undefined;
    },
  ) {
    this.#plan = plan;
    this.#total = countSteps(plan);
    this.#onProgress = onProgress;
    this.#onCreated = onCreated;
    this.counts = { ...noCounts(), skipped: plan.counts.skipped };
  }

  count(kind: keyof RestoreCounts, times: number = 1): void {
    this.counts[kind] += times;
  }

  /** Does one step; what the system refuses is that step's failure and no other's. */
  async attempt(to: RawPath, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failWith(to, error);
    }
    this.#done++;
  }

  /** Something is there now under this name. */
  created(path: RawPath): void {
    this.counts.created++;
    this.#onCreated?.(path);
  }

  /** Steps that were done together. */
  createdAll(paths: readonly RawPath[]): void {
    for (const path of paths) this.created(path);
    this.#done += paths.length;
  }

  /** Something else has the name. */
  conflict(path: RawPath): void {
    this.counts.conflict++;
    this.notPlaced.add(path);
  }

  fail(path: RawPath, message: string): void {
    this.counts.failed++;
    this.notPlaced.add(path);
    if (this.failures.length < tellFailures) this.failures.push({ path, message });
  }

  /** An error that is one file's own; any other ends the restore: a bug, an abort, a full disk. */
  failWith(path: RawPath, error: unknown): void {
    const code = systemErrorCode(error);
    if (code === "ENOSPC" || code === "EDQUOT") throw full(this.#plan.root, error);
    if (code === undefined && !(error instanceof RecoveryError)) throw error;
    this.fail(path, (error as Error).message);
  }

  /** It is there with all its bytes, and lacks something else. */
  lacks(path: RawPath, message: string): void {
    if (this.incomplete.length < tellFailures) this.incomplete.push({ path, message });
  }

  report(phase: "write" | "finish"): void {
    const total = this.#total;
    const done = Math.min(this.#done, total);
    this.#onProgress?.({ phase, done, total, bytes: this.bytes });
  }
}

function full(root: RawPath, cause: unknown): RestoreError {
  return new RestoreError(
    "restore.full",
    `Cannot restore to "${displayPath(root)}": no space is left`,
    { hint: "Free space and run it again: what is there already is kept.", cause },
  );
}
