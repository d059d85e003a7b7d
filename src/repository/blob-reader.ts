/**
 * Blobs out of packs: range read → signature → decrypt → decompress → hash. A pack that is gone
 * means that somebody pruned since the index was loaded: it is loaded again, once.
 */
import { isRecoveryError } from "#errors";
import { BlobCache } from "./blob-cache.ts";
import { BlobFinder, type BlobPlace } from "./blob-finder.ts";
import type { BlobIndex, BlobLocation } from "./blob-index.ts";
import { type Compressor, openCompressor } from "./compression.ts";
import { type Sealer, sha256 } from "./crypto.ts";
import { blobDamaged, blobMissing } from "./missing-blob.ts";
import type { BlobType } from "./pack-format.ts";
import type { RepositoryCore } from "./repository-core.ts";

export type ReadBlobOptions = { readonly type: BlobType; readonly signal?: AbortSignal };

export interface BlobReader {
  /** All of the index, for who asks about many blobs. */
  wholeIndex(signal?: AbortSignal): Promise<BlobIndex>;
  /** The blob's bytes; not to be changed by the caller. */
  read(id: Uint8Array, options: ReadBlobOptions): Promise<Uint8Array>;
  /** Loads the index again: somebody pruned, or stored more, since. */
  reload(signal?: AbortSignal): Promise<void>;
  /** Length of the blob's bytes, from the index alone. */
  lengthOf(id: Uint8Array, options: ReadBlobOptions): Promise<number>;
  /** Closes what it has open of the cache. It reads on, if a little slower. */
  retire(): void;
}

export async function openBlobReader(
  core: RepositoryCore,
  signal?: AbortSignal,
): Promise<BlobReader> {
  const { context, cache: kept } = core;
  // An index that is damaged hides the blobs that it names, and must not hide the others.
  const access = { context, cache: kept, onDamaged: () => undefined };
  const finder = await BlobFinder.open(access, signal);
  const cache = new BlobCache();
  const compressor = openCompressor();

  async function locate(id: Uint8Array, options: ReadBlobOptions): Promise<BlobPlace> {
    const place = await finder.find(id, options);
    if (place !== undefined) return place;
    throw blobMissing(id, options.type);
  }

  async function readFromPack(id: Uint8Array, options: ReadBlobOptions): Promise<Uint8Array> {
    const location = await locate(id, options);
    const { packId: name, offset, lengthBytes } = location;
    const range = { offset, lengthBytes, ...optionalSignal(options.signal) };
    let sealed: Uint8Array;
    try {
      sealed = await core.context.storage.load({ type: "data", name }, range);
    } catch (error) {
      // A pack that was cut short, or that the disk does not give, takes its own blobs along and no others.
      throw isLostToDisk(error) ? blobDamaged(id, name, error) : error;
    }
    return openBlob(sealed, { id, location, sealer: core.context.sealer, compressor });
  }

  return {
    wholeIndex: (own) => finder.whole(own),
    reload: (own) => finder.reload(own),
    // Nothing would show that a length which was only searched for is wrong.
    async lengthOf(id, options) {
      const location = (await finder.whole(options.signal)).lookup(id, options.type);
      if (location === undefined) throw blobMissing(id, options.type);
      return plainLength(location);
    },
    retire: () => finder.endSearch(),
    async read(id, options) {
      const kept = cache.get(id);
      if (kept !== undefined) return kept;
      let bytes: Uint8Array;
      const { isSearching } = finder;
      try {
        bytes = await readFromPack(id, options);
      } catch (error) {
        const packIsGone = isRecoveryError(error) && error.code === "storage.not-found";
        const isUnknown = isRecoveryError(error) && error.code === "repository.blob-missing";
        // Nothing has checked what a search goes by: the whole index may know better.
        const mayBeElsewhere = isSearching && isRecoveryError(error) && !error.retryable;
        if (!packIsGone && !isUnknown && !mayBeElsewhere) throw error;
        options.signal?.throwIfAborted();
        await finder.reload(options.signal);
        bytes = await readFromPack(id, options).catch((again: unknown) => {
          throw isRecoveryError(again) && again.code === "storage.not-found"
            ? blobMissing(id, options.type)
            : again;
        });
      }
      cache.set(id, bytes);
      return bytes;
    },
  };
}

function isLostToDisk(error: unknown): boolean {
  if (!isRecoveryError(error) || error.retryable) return false;
  return error.code === "storage.truncated" || error.code === "storage.failed";
}

function optionalSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

export function plainLength(
  location: Pick<BlobLocation, "lengthBytes" | "rawLengthBytes">,
): number {
  return location.rawLengthBytes === 0 ? location.lengthBytes - 32 : location.rawLengthBytes;
}

/** What is longer gets memory of its own: that which is used again stays as large as it once was. */
const longBytes = 1024 * 1024;

export type OpenBlobOptions = {
  readonly id: Uint8Array;
  readonly location: BlobPlace;
  readonly sealer: Sealer;
  readonly compressor: Compressor;
};

/** The plain bytes of a sealed blob, checked against its ID; the array is the caller's own. */
export function openBlob(sealed: Uint8Array, options: OpenBlobOptions): Uint8Array {
  return openChecked(sealed, { ...options, isView: false });
}

/** The same into memory that the next blob overwrites, where it is not kept. */
export function openBlobView(sealed: Uint8Array, options: OpenBlobOptions): Uint8Array {
  return openChecked(sealed, { ...options, isView: true });
}

function openChecked(
  sealed: Uint8Array,
  options: OpenBlobOptions & { readonly isView: boolean },
): Uint8Array {
  const { id, location, sealer, compressor, isView } = options;
  const { rawLengthBytes } = location;
  const isCompressed = rawLengthBytes !== 0;
  const isShort = sealed.length < longBytes && rawLengthBytes < longBytes;
  // What is compressed is only looked at.
  const opened =
    isShort && (isCompressed || isView) ? sealer.openView(sealed) : sealer.open(sealed);
  if (opened === undefined) throw blobDamaged(id, location.packId);
  const plain = isCompressed ? decompress(opened) : opened;
  if (plain === undefined || Buffer.compare(sha256(plain), id) !== 0)
    throw blobDamaged(id, location.packId);
  return plain;

  function decompress(bytes: Uint8Array): Uint8Array | undefined {
    return isView && isShort
      ? compressor.decompress(bytes, rawLengthBytes)
      : compressor.decompressOwn(bytes, rawLengthBytes);
  }
}
