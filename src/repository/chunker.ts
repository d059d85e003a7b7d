/**
 * Content-defined chunking as restic does it (restic design: Backups and Deduplication): a Rabin
 * fingerprint over a 64-byte window, cut where its low 20 bits are zero, chunks of 512 KiB to
 * 8 MiB. With the repository's polynomial, files that are not mail cut as restic cuts them.
 *
 * The 53-bit digest is kept in two 32-bit halves: BigInt would be a hundred times slower.
 */
export const minChunkBytes: number = 512 * 1024;
export const maxChunkBytes: number = 8 * 1024 * 1024;
const windowBytes = 64;
const splitMask = (1 << 20) - 1;
const degree = 53n;

export type Chunker = {
  /**
   * Takes bytes[from, to). Returns the offset in `bytes` after which the chunk ends, or -1 when
   * all were taken and the chunk goes on. After an end the next call starts a new chunk.
   */
  next(bytes: Uint8Array, range: { readonly from: number; readonly to: number }): number;
  /** Forgets the chunk begun. */
  reset(): void;
};

type Tables = {
  readonly outHigh: Int32Array;
  readonly outLow: Int32Array;
  readonly modHigh: Int32Array;
  readonly modLow: Int32Array;
};

export function openChunker(polynomial: bigint): Chunker {
  const { outHigh, outLow, modHigh, modLow } = makeTables(polynomial);
  const window = new Uint8Array(windowBytes);
  let high = 0;
  let low = 0;
  let position = 0;
  let count = 0;
  let skip = 0;

  function slide(byte: number): void {
    const out = window[position] as number;
    window[position] = byte;
    position = (position + 1) & (windowBytes - 1);
    high ^= outHigh[out] as number;
    low ^= outLow[out] as number;
    // digest >> 45: the digest has at most 53 bits here, the high half at most 21.
    const index = (high >>> 13) & 0xff;
    high = ((high << 8) | (low >>> 24)) ^ (modHigh[index] as number);
    low = ((low << 8) | byte) ^ (modLow[index] as number);
  }

  function reset(): void {
    window.fill(0);
    high = 0;
    low = 0;
    position = 0;
    count = 0;
    // What lies a window before the least size cannot matter.
    skip = minChunkBytes - windowBytes;
    slide(1);
  }

  function next(
    bytes: Uint8Array,
    { from, to }: { readonly from: number; readonly to: number },
  ): number {
    let at = from;
    if (skip > 0) {
      const skipped = Math.min(skip, to - at);
      skip -= skipped;
      count += skipped;
      at += skipped;
    }
    while (at < to) {
      slide(bytes[at++] as number);
      count++;
      if (count >= minChunkBytes && ((low & splitMask) === 0 || count >= maxChunkBytes)) {
        reset();
        return at;
      }
    }
    return -1;
  }

  reset();
  return { next, reset };
}

function makeTables(polynomial: bigint): Tables {
  const modulo = (value: bigint): bigint => {
    let rest = value;
    while (rest >> degree > 0n) {
      rest ^= polynomial << BigInt(rest.toString(2).length - 1 - Number(degree));
    }
    return rest;
  };
  const tables = {
    outHigh: new Int32Array(256),
    outLow: new Int32Array(256),
    modHigh: new Int32Array(256),
    modLow: new Int32Array(256),
  };
  for (let bit = 1; bit < 256; bit <<= 1) {
    let out = modulo(BigInt(bit));
    for (let n = 0; n < windowBytes - 1; n++) out = modulo(out << 8n);
    const shifted = BigInt(bit) << degree;
    const mod = modulo(shifted) | shifted;
    tables.outHigh[bit] = Number(out >> 32n);
    tables.outLow[bit] = Number(BigInt.asIntN(32, out));
    tables.modHigh[bit] = Number(mod >> 32n);
    tables.modLow[bit] = Number(BigInt.asIntN(32, mod));
    // Both are linear over GF(2): other bytes are the sums of their bits.
    for (let below = 1; below < bit; below++)
      for (const table of Object.values(tables))
        table[bit | below] = (table[bit] as number) ^ (table[below] as number);
  }
  return tables;
}
