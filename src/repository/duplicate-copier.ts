/** Copies blobs into another repository: read in pack order → decrypt → hash → encrypt with the target's key → pack. */
import { BlobWriter } from "./blob-writer.ts";
import { blobMarks, type DuplicateMarks } from "./duplicate-marks.ts";
import type { DuplicateVerification } from "./duplicate-result.ts";
import type { DuplicateSide } from "./duplicate-walk.ts";
import { allocateKnownBlobs } from "./known-blobs.ts";
import { readBackPack } from "./read-back-pack.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import { PackSaver } from "./pack-saver.ts";
import type { FinishedPack } from "./packer.ts";
import { type ParsedIndex, parseIndex } from "./parsed-index.ts";
import { keepIndex } from "./load-index.ts";
import { RepositoryError } from "./repository-error.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { loadUnpacked } from "./unpacked-file.ts";

/**
 * Packs of so many bytes are indexed at once. What a kill makes the next run store again is less
 * than this, and the packs that were open or on their way, about 60 MiB.
 */
const indexFullBytes: number = 128 * 1024 * 1024;

export type DuplicateCopierOptions = {
  readonly from: DuplicateSide;
  readonly to: RepositoryCore;
  readonly marks: DuplicateMarks;
  readonly verify: DuplicateVerification;
  readonly confirmLock: () => Promise<void>;
  readonly signal: AbortSignal;
};

export class DuplicateCopier {
  bytesRead = 0;
  /** Read back from the target, whole packs. */
  bytesVerified = 0;
  blobsCopied = 0;
  /** Content of the blobs that were copied. */
  bytesDone = 0;
  readonly #options: DuplicateCopierOptions;
  readonly #saver: PackSaver;
  readonly #writer: BlobWriter;
  #indexes: ParsedIndex[] = [];

  constructor(options: DuplicateCopierOptions) {
    this.#options = options;
    const { to, signal, confirmLock } = options;
    this.#saver = new PackSaver({
      context: to.context,
      signal,
      confirmLock,
      confirmPack: (pack) => this.#confirmPack(pack),
      onIndex: async ({ indexId }) => await this.#takeBackIndex(indexId),
      indexFullBytes,
    });
    this.#writer = new BlobWriter({
      masterKey: to.masterKey,
      version: to.context.version,
      // The marks say what is wanted; nothing is claimed here.
      knownBlobs: allocateKnownBlobs(0),
      onPack: (pack) =>
        void this.#saver
          .take(pack)
          .then(() => this.#writer.slabs.giveBack(pack.bytes.buffer as ArrayBuffer)),
    });
  }

  get addedBytes(): number {
    return this.#writer.counts.addedBytes;
  }

  get storedBytes(): number {
    return this.#writer.counts.storedBytes;
  }

  /**
   * Copies all that is wanted, until it is in an index of the target. What cannot be read is marked
   * as lost. Returns the index files that were written since the last call, as they read back.
   */
  async copyWanted(onBlob: () => void): Promise<readonly ParsedIndex[]> {
    const { from, marks, signal } = this.#options;
    const blobs = marks.all(blobMarks.wanted);
    for await (const read of readInPackOrder(from.core, { index: from.index, blobs, signal })) {
      const { blob } = read;
      this.bytesRead += read.lengthBytes;
      if (read.error !== undefined) marks.set(blob, blobMarks.lost);
      else {
        this.#writer.store(read.bytes, {
          id: from.index.idOf(blob),
          type: from.index.typeOf(blob),
        });
        this.blobsCopied++;
        this.bytesDone += read.bytes.length;
      }
      onBlob();
      await this.#saver.ready();
    }
    this.#writer.flush();
    await this.#saver.finish();
    const written = this.#indexes;
    this.#indexes = [];
    return written;
  }

  /** After a failure: the packs that arrived are indexed if storage still answers. */
  async salvage(): Promise<void> {
    await this.#saver.salvage();
  }

  /** A pack is on the far side in full length, or byte for byte, before an index promises it. */
  async #confirmPack({ packId, bytes }: FinishedPack): Promise<void> {
    const { to, verify, signal } = this.#options;
    const { storage } = to.context;
    const file = { type: "data", name: packId } as const;
    const { sizeBytes } = await storage.stat(file, { signal });
    if (sizeBytes !== bytes.length)
      throw notArrived(to, packId, `it has ${sizeBytes} bytes instead of ${bytes.length}`);
    if (verify !== "data") return;
    const back = await readBackPack(storage, { packId, signal });
    if (back === undefined) {
      // Nothing names it yet; where it cannot be removed it is unused bytes for the next prune.
      await storage.remove(file).catch(() => undefined);
      throw notArrived(to, packId, "what reads back is not what was sent");
    }
    this.bytesVerified += back.length;
  }

  async #takeBackIndex(indexId: string): Promise<void> {
    const { to, signal } = this.#options;
    const json = await loadUnpacked(to.context, "index", { name: indexId, signal });
    const index = parseIndex(json, indexId);
    this.#indexes.push(index);
    await keepIndex(to.cache, indexId, index);
  }
}

function notArrived(to: RepositoryCore, packId: string, state: string): RepositoryError {
  return new RepositoryError(
    "repository.not-arrived",
    `Cannot store pack ${packId.slice(0, 8)} in "${to.context.storage.location}": ${state}`,
    {
      hint: "Run it again; if it stays so, test the disk, the memory and the network of the far side. Nothing that was sent before is affected.",
      retryable: true,
    },
  );
}
