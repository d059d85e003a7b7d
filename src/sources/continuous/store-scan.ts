/** A comparison of the whole store, or of a folder with all below it, in slices: what it finds is the truth. */
import type { RawPath } from "#image";
import { compareFolder, type CompareFolderParts } from "./compare-folder.ts";
import { ScanEvidence } from "./evidence.ts";

/** As long as a slice takes; then what was noticed meanwhile has its turn. */
const sliceMs = 15;
/** What a slice found has to be looked at before the next. */
const namesAtOnce = 500;

export class StoreScan {
  readonly path: RawPath;
  readonly startedNs: bigint;
  readonly evidence: ScanEvidence = new ScanEvidence();
  /** Places that could not be seen. */
  readonly unseen: Set<RawPath> = new Set();
  readonly #waiting: RawPath[];
  #entries = 0;
  /** Differences that hints should have told of. */
  missed = 0;
  /** What the last slice found was taken to be looked at. */
  isTaken = false;

  constructor(path: RawPath, startedNs: bigint) {
    this.path = path;
    this.startedNs = startedNs;
    this.#waiting = [path];
  }

  get entries(): number {
    return this.#entries;
  }

  get isWalked(): boolean {
    return this.#waiting.length === 0;
  }

  async slice(parts: CompareFolderParts): Promise<void> {
    const until = performance.now() + sliceMs;
    while (performance.now() < until && parts.queue.size < namesAtOnce) {
      const path = this.#waiting.pop();
      if (path === undefined) return;
      const { folders, entries } = await compareFolder(path, "scan", parts);
      this.#entries += entries;
      for (const folder of folders.toReversed()) this.#waiting.push(folder);
    }
  }
}
