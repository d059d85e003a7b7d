/**
 * Brings packs to storage and keeps the order that makes a crash harmless: packs first, then the
 * index that names them, the snapshot last (by the caller). At most a few packs are in flight.
 */
import { asError } from "#errors";
import { type PackHeader, encodeColumns, indexOfHeaders } from "./index-of-headers.ts";
import type { ParsedIndex } from "./parsed-index.ts";
import { countHeaderBlobs } from "./pack-format.ts";
import type { FinishedPack } from "./packer.ts";
import { type UnpackedContext, saveUnpacked } from "./unpacked-file.ts";
import { indexFullBlobs } from "./write-index.ts";

const maxPacksInFlight = 3;

export type PackSaverOptions = {
  readonly context: UnpackedContext;
  readonly signal: AbortSignal;
  readonly onIndex: (index: SavedIndex) => Promise<void>;
  /**
   * Throws unless the lock still stands. Without it somebody's prune may have taken the packs that
   * no index names yet: an index written then would promise blobs that are gone.
   */
  readonly confirmLock: () => Promise<void>;
  /** Looks at a pack after it was stored and before an index names it; throws where it did not arrive. */
  readonly confirmPack?: (pack: FinishedPack) => Promise<void>;
  /** So many bytes in packs are indexed at once: what a kill makes the next run store again. Default: no limit. */
  readonly indexFullBytes?: number;
};

export type SavedIndex = { readonly indexId: string; readonly columns: ParsedIndex };

export class PackSaver {
  readonly #context: UnpackedContext;
  readonly #onIndex: (index: SavedIndex) => Promise<void>;
  readonly #confirmLock: () => Promise<void>;
  readonly #confirmPack: PackSaverOptions["confirmPack"];
  readonly #indexFullBytes: number;
  readonly #signal: AbortSignal;
  readonly #inFlight = new Set<Promise<void>>();
  #indexing: Promise<void> = Promise.resolve();
  /** With their headers, which are a tenth of what their blobs are as objects. */
  #unindexed: PackHeader[] = [];
  #unindexedBlobs = 0;
  #unindexedBytes = 0;
  #failure: Error | undefined;

  constructor(options: PackSaverOptions) {
    this.#context = options.context;
    this.#signal = options.signal;
    this.#onIndex = options.onIndex;
    this.#confirmLock = options.confirmLock;
    this.#confirmPack = options.confirmPack;
    this.#indexFullBytes = options.indexFullBytes ?? Infinity;
  }

  /** Takes a pack; resolves when its memory is free again. Failures show in `ready` and `finish`. */
  take(pack: FinishedPack): Promise<void> {
    const saving: Promise<void> = this.#save(pack)
      .catch((error: unknown) => {
        this.#failure ??= asError(error);
      })
      .finally(() => this.#inFlight.delete(saving));
    this.#inFlight.add(saving);
    return saving;
  }

  async #save(pack: FinishedPack): Promise<void> {
    await this.#context.storage.save({ type: "data", name: pack.packId }, [pack.bytes], {
      signal: this.#signal,
    });
    await this.#confirmPack?.(pack);
    this.#unindexed.push({ packId: pack.packId, header: pack.header });
    this.#unindexedBlobs += countHeaderBlobs(pack.header);
    this.#unindexedBytes += pack.bytes.length;
    const isFull =
      this.#unindexedBlobs >= indexFullBlobs || this.#unindexedBytes >= this.#indexFullBytes;
    if (isFull) await this.#writeIndex();
  }

  async #writeIndex(): Promise<void> {
    const packs = this.#unindexed;
    if (packs.length === 0) return;
    this.#unindexed = [];
    this.#unindexedBlobs = 0;
    this.#unindexedBytes = 0;
    const before = this.#indexing;
    this.#indexing = (async () => {
      await before;
      await this.#confirmLock();
      const columns = indexOfHeaders(packs);
      const indexId = await saveUnpacked(this.#context, "index", {
        json: encodeColumns(columns),
        signal: this.#signal,
      });
      await this.#stillNamed(indexId);
      await this.#onIndex({ indexId, columns });
    })();
    await this.#indexing;
  }

  /**
   * Where the lock was lost while the index was on its way, a prune may have taken its packs in between:
   * others would believe in blobs that are gone, so it goes again.
   */
  async #stillNamed(indexId: string): Promise<void> {
    try {
      await this.#confirmLock();
    } catch (error) {
      await this.#context.storage.remove({ type: "index", name: indexId }).catch(() => undefined);
      throw error;
    }
  }

  /** Waits until another pack may be produced. Throws what went wrong. */
  async ready(): Promise<void> {
    while (this.#failure === undefined && this.#inFlight.size >= maxPacksInFlight) {
      await Promise.race(this.#inFlight);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** All packs stored and indexed. */
  async finish(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.race(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#writeIndex();
  }

  /** After a failure: names the packs that are stored already, so that the next run need not store them again. Never throws. */
  async salvage(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.race(this.#inFlight);
    const packs = this.#unindexed.splice(0);
    if (packs.length === 0) return;
    try {
      await this.#confirmLock();
      await saveUnpacked(this.#context, "index", {
        json: encodeColumns(indexOfHeaders(packs)),
      });
    } catch {
      // The packs are unused bytes for the next prune.
    }
  }
}
