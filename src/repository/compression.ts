/**
 * zstd with one context kept for all blobs of a thread: setting one up for each 4 KB mail costs
 * as much as compressing it. Node's public one-shot calls are the fallback and the reference.
 */
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { RepositoryError } from "./repository-error.ts";

export type Compressor = {
  /** The compressed bytes: a view that is overwritten by the next call. */
  compress(bytes: Uint8Array): Uint8Array;
  /** The same, written to `target` at `offset`, which has room for `compressBoundBytes`; returns the number of bytes. */
  compressInto(bytes: Uint8Array, target: Uint8Array, offset: number): number;
  /** The decompressed bytes, `lengthBytes` of them; undefined when they are not that. A view that is overwritten by the next call. */
  decompress(bytes: Uint8Array, lengthBytes: number): Uint8Array | undefined;
  /** The same, in memory that is the caller's own. */
  decompressOwn(bytes: Uint8Array, lengthBytes: number): Uint8Array | undefined;
};

/**
 * zstd's quickest. On mail of a few KB the default level 3 takes 1.4 times as long and stores 1.3 %
 * less: measured on the 100,000 messages of the bench.
 */
const level = 1;

/** What is as long as this is decompressed into memory of its own rather than copied out of the shared one. */
const longBytes = 1024 * 1024;

/** The synchronous handle under Node's zlib streams (`_handle`, `_writeState`); undocumented, so checked before use. */
type Handle = {
  /** The stream's own would close the handle at the first damaged blob; using it after that ends the process. */
  onerror: () => void;
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
};

/** What compressing so many bytes may need, more than ZSTD_compressBound. */
export function compressBoundBytes(lengthBytes: number): number {
  return lengthBytes + (lengthBytes >>> 7) + 1024;
}

/** What the test of the first compressor said of this process's Node. */
let reusingWorks: boolean | undefined;

export function openCompressor(): Compressor {
  reusingWorks ??= worksAsExpected(reusingCompressor());
  return reusingWorks ? reusingCompressor() : oneShotCompressor();
}

export function oneShotCompressor(): Compressor {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const compressor: Compressor = {
    compress: (bytes) => zstdCompressSync(bytes, { params }),
    compressInto: (bytes, target, offset) => {
      const packed = zstdCompressSync(bytes, { params });
      target.set(packed, offset);
      return packed.length;
    },
    decompress: (bytes, lengthBytes) => {
      try {
        const plain = zstdDecompressSync(bytes, { maxOutputLength: Math.max(lengthBytes, 1) });
        return plain.length === lengthBytes ? plain : undefined;
      } catch {
        // Damaged input: the caller names what was damaged.
        return undefined;
      }
    },
    decompressOwn: (bytes, lengthBytes) => compressor.decompress(bytes, lengthBytes),
  };
  return compressor;
}

/** Most only read: a context is set up, and its memory taken, when it is first asked for. */
function reusingCompressor(): Compressor {
  let encoder: Context | undefined;
  let decoder: Context | undefined;
  let compressed = new Uint8Array(0);
  let plain = new Uint8Array(0);

  function decompressInto(
    target: Uint8Array,
    bytes: Uint8Array,
    lengthBytes: number,
  ): Uint8Array | undefined {
    decoder ??= contextOf(createZstdDecompress());
    const { handle, state } = decoder;
    const room = target.length;
    handle.reset();
    decoder.failed = false;
    handle.writeSync(constants.ZSTD_e_continue, bytes, 0, bytes.length, target, 0, room);
    const length = room - (state[0] ?? 0);
    if (decoder.failed || length !== lengthBytes)
      return oneShotCompressor().decompress(bytes, lengthBytes);
    return target.subarray(0, length);
  }

  const compressor: Compressor = {
    compress(bytes) {
      const bound = compressBoundBytes(bytes.length);
      if (compressed.length < bound) compressed = roomFor(bound);
      return compressed.subarray(0, compressor.compressInto(bytes, compressed, 0));
    },
    compressInto(bytes, target, offset) {
      encoder ??= contextOf(
        createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } }),
      );
      const { handle, state } = encoder;
      const room = target.length - offset;
      handle.reset();
      encoder.failed = false;
      handle.writeSync(constants.ZSTD_e_end, bytes, 0, bytes.length, target, offset, room);
      // state = [bytes left in the output, bytes left in the input]
      if (encoder.failed || state[1] !== 0)
        return oneShotCompressor().compressInto(bytes, target, offset);
      return room - (state[0] ?? 0);
    },
    decompress(bytes, lengthBytes) {
      // One byte more than expected, so that a longer content is noticed.
      if (plain.length < lengthBytes + 1) plain = roomFor(lengthBytes + 1);
      return decompressInto(plain, bytes, lengthBytes);
    },
    decompressOwn(bytes, lengthBytes) {
      if (lengthBytes >= longBytes)
        return decompressInto(new Uint8Array(lengthBytes + 1), bytes, lengthBytes);
      const shared = compressor.decompress(bytes, lengthBytes);
      return shared === undefined ? undefined : Uint8Array.prototype.slice.call(shared);
    },
  };
  return compressor;
}

type Context = { readonly handle: Handle; readonly state: Uint32Array; failed: boolean };

/** Throws where the undocumented handle is another one in this Node. */
function contextOf(stream: object): Context {
  const handle: unknown = Reflect.get(stream, "_handle");
  const state: unknown = Reflect.get(stream, "_writeState");
  const isKnown =
    typeof handle === "object" &&
    handle !== null &&
    state instanceof Uint32Array &&
    ["reset", "writeSync", "onerror"].every((name) => name in handle);
  if (!isKnown) throw new TypeError("zlib's streams have another handle");
  const context = { handle: handle as Handle, state, failed: false };
  context.handle.onerror = () => (context.failed = true);
  return context;
}

function roomFor(lengthBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.max(64 * 1024, lengthBytes * 2));
}

function worksAsExpected(compressor: Compressor): boolean {
  const sample = Buffer.from("Received: from here to there\n".repeat(40));
  try {
    const packed = Buffer.from(compressor.compress(sample));
    const again = zstdDecompressSync(packed);
    const own = compressor.decompress(packed, sample.length);
    return again.equals(sample) && own !== undefined && sample.equals(own);
  } catch {
    // The undocumented handle behaves otherwise in this Node: the public calls serve.
    return false;
  }
}

/** For whole files whose length is not written down (restic design: unpacked files). */
export function decompressUnbounded(
  bytes: Uint8Array,
  what: string,
  limitBytes: number,
): Uint8Array {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    throw new RepositoryError(
      "repository.damaged",
      `Cannot decompress ${what}: its bytes are not whole zstd`,
      {
        hint: "Run `restante verify` to see what is affected.",
        cause,
      },
    );
  }
}
