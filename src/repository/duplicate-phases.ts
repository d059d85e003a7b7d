/** How far a duplication is, and how long each of its phases took. */
import type { DuplicateCopier } from "./duplicate-copier.ts";
import type { DuplicateMarks } from "./duplicate-marks.ts";
import { type DuplicateOptions, type DuplicatePhase, duplicatePhases } from "./duplicate-result.ts";

export type Followed = {
  readonly marks: DuplicateMarks;
  readonly copier: DuplicateCopier;
  readonly snapshotsTotal: number;
};

export class DuplicatePhases {
  snapshotsDone = 0;
  readonly #clockMs: () => number;
  readonly #onProgress: DuplicateOptions["onProgress"];
  readonly #spentMs = new Map<DuplicatePhase, number>();
  #phase: DuplicatePhase = "prepare";
  #enteredMs: number;
  #followed: Followed | undefined;

  constructor({ clockMs, onProgress }: Pick<DuplicateOptions, "clockMs" | "onProgress">) {
    this.#clockMs = clockMs ?? (() => performance.now());
    this.#onProgress = onProgress;
    this.#enteredMs = this.#clockMs();
  }

  follow(followed: Followed): void {
    this.#followed = followed;
    this.report();
  }

  enter(phase: DuplicatePhase): void {
    const nowMs = this.#clockMs();
    this.#spentMs.set(this.#phase, (this.#spentMs.get(this.#phase) ?? 0) + nowMs - this.#enteredMs);
    [this.#phase, this.#enteredMs] = [phase, nowMs];
    this.report();
  }

  report(): void {
    if (this.#onProgress === undefined) return;
    const { marks, copier, snapshotsTotal } = this.#followed ?? {};
    this.#onProgress({
      phase: this.#phase,
      snapshotsDone: this.snapshotsDone,
      snapshotsTotal: snapshotsTotal ?? 0,
      blobsDone: copier?.blobsCopied ?? 0,
      blobsTotal: marks?.blobsWanted ?? 0,
      bytesDone: copier?.bytesDone ?? 0,
      bytesTotal: marks?.bytesWanted ?? 0,
    });
  }

  finish(): Readonly<Record<DuplicatePhase, number>> {
    this.enter("finish");
    const spent = duplicatePhases.map((phase) => [phase, this.#spentMs.get(phase) ?? 0]);
    return Object.fromEntries(spent) as Record<DuplicatePhase, number>;
  }
}
