/**
 * Where flags changed all over a store, every folder's tree is made anew: what compresses and seals
 * them is a thread, while the thread of the walk encodes the next. Few trees are not worth its start.
 */
import type { CapturePool } from "./capture-pool.ts";

/** Claimed by this thread. Its bytes go to whoever stores it. */
export type ClaimedTree = { readonly id: Uint8Array; readonly bytes: Uint8Array };

/** What takes as long to store as a thread takes to start, some 60 ms. */
const worthThreadBytes: number = 4 * 1024 * 1024;
/** On their way to a thread; more would only be memory. */
const mostBytesUnderWay: number = 32 * 1024 * 1024;

export class TreeThread {
  readonly #open: () => CapturePool;
  #pool: CapturePool | undefined;
  #held: ClaimedTree[] = [];
  #heldBytes = 0;
  #bytesUnderWay = 0;

  constructor(open: () => CapturePool) {
    this.#open = open;
  }

  /** The thread, where it was worth starting. */
  get pool(): CapturePool | undefined {
    return this.#pool;
  }

  /** Whether so much is on its way that more should wait. */
  get isBusy(): boolean {
    return this.#bytesUnderWay > mostBytesUnderWay;
  }

  /** Takes a tree; returns those that are to be stored by a thread now. `threads`: those of files, where there are any. */
  take(tree: ClaimedTree, threads: CapturePool | undefined): readonly ClaimedTree[] {
    this.#held.push(tree);
    this.#heldBytes += tree.bytes.length;
    const isWorthIt = threads !== undefined || this.#pool !== undefined;
    if (!isWorthIt && this.#heldBytes < worthThreadBytes) return [];
    if (threads === undefined) this.#pool ??= this.#open();
    return this.takeHeld();
  }

  /** Those that no thread was started for. */
  takeHeld(): readonly ClaimedTree[] {
    this.#heldBytes = 0;
    return this.#held.splice(0);
  }

  /** Threads that read files have a pack for trees open, too: one is enough. */
  async store(tree: ClaimedTree, threads: CapturePool | undefined): Promise<void> {
    const pool = this.#pool ?? threads;
    if (pool === undefined) throw new RangeError("no thread was started");
    const { length } = tree.bytes;
    this.#bytesUnderWay += length;
    try {
      await pool.storeTree(tree);
    } finally {
      this.#bytesUnderWay -= length;
    }
  }

  async flush(): Promise<void> {
    await this.#pool?.flush();
  }
}
