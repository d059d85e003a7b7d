/**
 * Where a capture sends what must be stored. Small captures stay in this thread; threads are
 * started when the work is worth their start. Nothing is sent before the lock stands and the
 * index is loaded.
 */
import { asError } from "#errors";
import type { BlobIndex } from "./blob-index.ts";
import type { BlobTotals } from "./capture-worker.ts";
import {
  type CapturePool,
  type CapturePoolOptions,
  openInlinePool,
  openWorkerPool,
  sumTotals,
} from "./capture-pool.ts";
import { sha256 } from "./crypto.ts";
import type { MasterKey } from "./crypto.ts";
import { type BatchResult, type FileBatch, batchBytes, batchFiles } from "./file-batch.ts";
import {
  type KnownBlobs,
  allocateKnownBlobs,
  growKnownBlobs,
  openKnownBlobs,
} from "./known-blobs.ts";
import type { PackSaver } from "./pack-saver.ts";
import { type ContentKind, contentKindOf } from "#mail";
import type { RawPath } from "#image";

export type FileToStore = {
  /** Absolute path on this machine, one character per byte. */
  readonly absolutePath: string;
  readonly sizeBytes: number;
  readonly inode: bigint;
  readonly onResult: (result: StoredFile) => Promise<void> | undefined;
};

export type StoredFile = {
  readonly status: number;
  /** 32 bytes a blob. */
  readonly ids: Uint8Array;
  readonly inode: bigint;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly hasAttributes: boolean;
  /** An instant before it was read. */
  readonly lookedAtNs: bigint;
  readonly reason: string | undefined;
};

/** A stretch of a file that is cut by itself, as what it is. */
export type FilePart = {
  readonly kind: ContentKind;
  /** One after another, all in memory. */
  readonly chunks: readonly Uint8Array[];
};

export type ContentStoreOptions = {
  readonly masterKey: MasterKey;
  readonly version: 1 | 2;
  readonly polynomial: bigint;
  readonly workers: number;
  readonly saver: PackSaver;
  /** What the repository has; awaited before the first blob is stored. */
  readonly index: () => Promise<BlobIndex>;
  readonly now: () => bigint;
  readonly signal: AbortSignal;
};

/** Threads cost about 60 ms each to start: this much work is worth it. */
const worthThreadsFiles = 3 * batchFiles;
/** A larger file gets a thread in any case: only a thread can wait for storage in the middle of one. */
const hugeFileBytes: number = 64 * 1024 * 1024;
/** Least blob the cutter makes is about half a KiB, so a batch claims at most so many. */
const claimsPerBatch: number = batchFiles * 4 + batchBytes / 512;

export class ContentStore {
  bytesRead = 0;
  filesRead = 0;
  readonly #options: ContentStoreOptions;
  #known: { memory: SharedArrayBuffer; blobs: KnownBlobs } | undefined;
  #index: BlobIndex | undefined;
  /** Blobs of the repository's index in the table. */
  #indexed = 0;
  #inline: ReturnType<typeof openInlinePool> | undefined;
  #threads: CapturePool | undefined;
  #fresh: ReturnType<typeof openInlinePool> | undefined;
  #waiting: FileToStore[] = [];
  #waitingBytes = 0;
  #later: (() => Promise<void>)[] = [];
  #heldBack: FileToStore[][] = [];
  readonly #inFlight = new Set<Promise<void>>();
  /** Of those in flight, the batches of files: a tree claims one blob, a batch thousands. */
  #batchesInFlight = 0;
  #loading: Promise<void> | undefined;
  #growing: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(options: ContentStoreOptions) {
    this.#options = options;
  }

  /** Takes a file; its result comes to its callback. A promise where enough is under way to be waited for. */
  addFile(file: FileToStore): Promise<void> | undefined {
    this.#waiting.push(file);
    this.#waitingBytes += file.sizeBytes;
    const isBatch = this.#waiting.length >= batchFiles || this.#waitingBytes >= batchBytes;
    return isBatch ? this.#sendWaiting() : undefined;
  }

  async #sendWaiting(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const huge = batch.some((one) => one.sizeBytes > hugeFileBytes);
    if (this.#threads === undefined && (this.#options.workers > 0 || huge)) {
      this.#heldBack.push(batch);
      const files = this.#heldBack.reduce((sum, held) => sum + held.length, 0);
      const large = batch.some((one) => one.sizeBytes > batchBytes);
      if (files < worthThreadsFiles && !large) return;
      await this.#startThreads();
      for (const held of this.#heldBack.splice(0)) await this.#send(held);
      return;
    }
    await this.#send(batch);
  }

  /** Work to be done when the results at hand are distributed: a callback must not wait for the store it is called by. */
  addLater(work: () => Promise<void>): void {
    this.#later.push(work);
  }

  /** Sends what is waiting and waits for all results, also of files added by the callbacks. */
  async drain(): Promise<void> {
    for (;;) {
      for (const work of this.#later.splice(0)) await work();
      for (const held of this.#heldBack.splice(0)) await this.#send(held);
      const batch = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      if (batch.length > 0) await this.#send(batch);
      if (this.#inFlight.size === 0 && this.#waiting.length + this.#later.length === 0) break;
      if (this.#inFlight.size > 0) await Promise.race(this.#inFlight);
      this.#throwFailure();
    }
    this.#throwFailure();
  }

  /** Stores bytes that come in chunks and not from a local file; returns IDs, 32 bytes each. */
  async addStream(
    path: RawPath,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<{ ids: Uint8Array; sizeBytes: number }> {
    await this.#makeRoom();
    const { writer, splitter } = this.#inlinePool();
    const ids: Uint8Array[] = [];
    let stream: ReturnType<typeof splitter.stream> | undefined;
    let sizeBytes = 0;
    for await (const chunk of chunks) {
      if (chunk.length === 0) continue;
      stream ??= splitter.stream(contentKindOf(path, chunk), (piece) =>
        ids.push(writer.add(piece, "data")),
      );
      stream.push(chunk);
      sizeBytes += chunk.length;
      // A file may be larger than memory.
      await this.#options.saver.ready();
    }
    stream?.end();
    this.bytesRead += sizeBytes;
    this.filesRead++;
    await this.#options.saver.ready();
    return { ids: Buffer.concat(ids), sizeBytes };
  }

  /** Stores a file that is made of parts; returns IDs, 32 bytes each. */
  async addParts(parts: AsyncIterable<FilePart>): Promise<{ ids: Uint8Array; sizeBytes: number }> {
    const ids: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const { kind, chunks } of parts) {
      await this.#makeRoom();
      const { writer, splitter } = this.#inlinePool();
      const onPiece = (piece: Uint8Array): void => void ids.push(writer.add(piece, "data"));
      const [only, ...others] = chunks;
      if (only !== undefined && others.length === 0) splitter.splitWhole(kind, only, onPiece);
      else {
        const stream = splitter.stream(kind, onPiece);
        for (const chunk of chunks) stream.push(chunk);
        stream.end();
      }
      sizeBytes += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      await this.#options.saver.ready();
    }
    return { ids: Buffer.concat(ids), sizeBytes };
  }

  /**
   * Stores a blob of the few that stand above the captured folder. They are new nearly always (the
   * manifest holds the time), so the index is not loaded for them when nothing else needed it;
   * one that was there after all is stored twice, a few hundred bytes, until the next prune.
   */
  async addTopBlob(bytes: Uint8Array, type: "data" | "tree"): Promise<Uint8Array> {
    if (this.#known !== undefined) return this.addBlob(bytes, type);
    const id = sha256(bytes);
    this.#fresh ??= openInlinePool({ ...this.#poolOptions(), knownBlobs: allocateKnownBlobs(64) });
    this.#fresh.writer.store(bytes, { id, type });
    return id;
  }

  /** Stores bytes of our own making as one blob. */
  async addBlob(bytes: Uint8Array, type: "data" | "tree"): Promise<Uint8Array> {
    await this.#makeRoom();
    const id = sha256(bytes);
    const { blobs } = this.#knownBlobs();
    if (!blobs.claim(id, type)) return id;
    await this.#options.saver.ready();
    const threads = this.#threads;
    if (threads !== undefined && type === "tree") this.#track(threads.storeTree({ id, bytes }));
    else this.#inlinePool().writer.store(bytes, { id, type });
    this.#throwFailure();
    return id;
  }

  /** All packs handed to the saver. */
  async flush(): Promise<void> {
    await this.drain();
    if (this.#fresh !== undefined && this.#inline !== undefined)
      this.#inline.writer.absorb(this.#fresh.writer);
    else this.#fresh?.writer.flush();
    this.#inline?.writer.flush();
    await this.#threads?.flush();
  }

  totals(): BlobTotals {
    return sumTotals(
      [this.#inline, this.#threads, this.#fresh]
        .filter((pool) => pool !== undefined)
        .map((pool) => pool.totals()),
    );
  }

  async close(): Promise<void> {
    await this.#threads?.[Symbol.asyncDispose]();
  }

  async #send(files: readonly FileToStore[]): Promise<void> {
    this.#options.signal.throwIfAborted();
    await this.#makeRoom();
    const pool = this.#threads ?? this.#inlinePool();
    while (this.#batchesInFlight >= pool.width * 2) {
      await Promise.race(this.#inFlight);
      this.#throwFailure();
    }
    await this.#options.saver.ready();
    const batch: FileBatch = {
      paths: files.map((file) => file.absolutePath),
      inodes: BigUint64Array.from(files, (file) => file.inode),
    };
    this.#batchesInFlight++;
    const lookedAtNs = this.#options.now();
    const stored = pool.storeFiles(batch).finally(() => this.#batchesInFlight--);
    this.#track(stored.then((result) => this.#distribute(files, { ...result, lookedAtNs })));
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        this.#failure ??= asError(error);
      })
      .finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }

  async #distribute(
    files: readonly FileToStore[],
    result: BatchResult & { readonly lookedAtNs: bigint },
  ): Promise<void> {
    this.bytesRead += result.bytesRead;
    this.filesRead += files.length;
    let at = 0;
    for (const [n, file] of files.entries()) {
      const end = at + (result.blobCounts[n] as number) * 32;
      const stat = result.stats.subarray(n * 4, n * 4 + 4) as unknown as [
        bigint,
        bigint,
        bigint,
        bigint,
      ];
      const [inode, size, mtimeNs, ctimeNs] = stat;
      const following = file.onResult({
        status: result.statuses[n] as number,
        ids: result.ids.subarray(at, end),
        inode,
        sizeBytes: Number(size),
        mtimeNs,
        ctimeNs,
        hasAttributes: result.hasAttributes[n] === 1,
        lookedAtNs: result.lookedAtNs,
        reason: result.reasons.get(n),
      });
      if (following !== undefined) await following;
      at = end;
    }
  }

  /** Threads load while the lock settles and the index is read: they have nothing to do before. */
  async #startThreads(): Promise<void> {
    const knownBlobs = allocateKnownBlobs(0);
    const workers = Math.max(1, this.#options.workers);
    const threads = openWorkerPool({ ...this.#poolOptions(), knownBlobs }, workers);
    try {
      await this.#makeRoom();
      this.#fillKnown();
      let given: SharedArrayBuffer;
      do {
        given = this.#knownBlobs().memory;
        await threads.useKnownBlobs(given);
        // A folder that ended meanwhile may have grown the table.
      } while (given !== this.#knownBlobs().memory);
    } catch (error) {
      await threads[Symbol.asyncDispose]();
      throw error;
    }
    this.#threads = threads;
  }

  #inlinePool(): ReturnType<typeof openInlinePool> {
    this.#inline ??= openInlinePool({
      ...this.#poolOptions(),
      knownBlobs: this.#knownBlobs().memory,
      stored: this.#index,
    });
    return this.#inline;
  }

  #poolOptions(): Omit<CapturePoolOptions, "knownBlobs"> {
    const { masterKey, version, polynomial, saver } = this.#options;
    return { masterKey, version, polynomial, onPack: (pack) => saver.take(pack) };
  }

  #knownBlobs(): { memory: SharedArrayBuffer; blobs: KnownBlobs } {
    if (this.#known === undefined) throw new RangeError("the index is not loaded");
    return this.#known;
  }

  /** Room for one batch more in the table of known blobs; a larger table is swapped in while nothing runs. */
  async #makeRoom(): Promise<void> {
    if (this.#known === undefined) await (this.#loading ??= this.#loadKnown());
    // Many folders end at the same time: one of them grows the table, the others look again.
    while (!this.#hasRoom()) {
      await (this.#growing ??= this.#grow().finally(() => (this.#growing = undefined)));
    }
  }

  async #loadKnown(): Promise<void> {
    this.#index = await this.#options.index();
    const memory = allocateKnownBlobs(16 * claimsPerBatch);
    this.#known = { memory, blobs: openKnownBlobs(memory, this.#index) };
  }

  /**
   * All of the index in the table, for threads: they share nothing else. This thread alone asks about
   * a few blobs, and looks them up. Before any thread has the table: nothing else claims meanwhile.
   */
  #fillKnown(): void {
    const { memory: before } = this.#knownBlobs();
    const index = this.#index as BlobIndex;
    if (index.length === 0 || this.#indexed > 0) return;
    const memory = growKnownBlobs(before, index.length);
    const blobs = openKnownBlobs(memory);
    for (let blob = 0; blob < index.length; blob++)
      blobs.claim(index.idOf(blob), index.typeOf(blob));
    this.#indexed = index.length;
    this.#known = { memory, blobs };
    this.#inline?.writer.useKnownBlobs(memory);
  }

  #hasRoom(): boolean {
    const { dataBlobs, treeBlobs } = this.totals();
    const inFlight = (this.#batchesInFlight + 1) * claimsPerBatch + this.#inFlight.size;
    const slots = (this.#known?.memory.byteLength ?? 0) / 36;
    return this.#indexed + dataBlobs + treeBlobs + inFlight < slots * 0.75;
  }

  async #grow(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.race(this.#inFlight);
    this.#throwFailure();
    const memory = growKnownBlobs((this.#known as { memory: SharedArrayBuffer }).memory);
    this.#known = { memory, blobs: openKnownBlobs(memory, this.#index) };
    this.#inline?.writer.useKnownBlobs(memory);
    await this.#threads?.useKnownBlobs(memory);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#options.signal.throwIfAborted();
  }
}
