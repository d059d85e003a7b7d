/**
 * Dovecot's LZ4 files (lib-compression, iostream-lz4.h):
 *
 * | bytes | what                                                       |
 * | ----- | ---------------------------------------------------------- |
 * | 15    | "Dovecot-LZ4" 0D 2A 9B C5                                   |
 * | 4     | most bytes that a chunk unpacks to, big-endian, ≤ 1 MiB     |
 * | 4 + n | length of a chunk, big-endian, and the chunk; any number    |
 *
 * A chunk is one LZ4 block (lz4_Block_format.md): sequences of a token (two nibbles: literals, match
 * length - 4, each continued by bytes of 255), literals, and the distance of the match, little-endian.
 */
const magic = Buffer.from("Dovecot-LZ4\x0d\x2a\x9b\xc5", "latin1");
const headerBytes = magic.length + 4;
const chunkLimitBytes = 1024 * 1024;

export function isLz4(start: Uint8Array): boolean {
  return start.length >= magic.length && magic.equals(start.subarray(0, magic.length));
}

/** Throws RangeError where the bytes are not that, or more than `packedLimitBytes`. */
export async function* unpackLz4(
  packed: AsyncIterable<Uint8Array>,
  packedLimitBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held = Buffer.alloc(0);
  let chunkLimit: number | undefined;
  let total = 0;
  for await (const piece of packed) {
    total += piece.length;
    if (total > packedLimitBytes) throw new RangeError("too long");
    held = Buffer.concat([held, piece]);
    if (chunkLimit === undefined) {
      if (held.length < headerBytes) continue;
      chunkLimit = held.readUInt32BE(magic.length);
      if (!isLz4(held) || chunkLimit > chunkLimitBytes) throw new RangeError("no LZ4 header");
      held = held.subarray(headerBytes);
    }
    for (;;) {
      if (held.length < 4) break;
      const chunkBytes = held.readUInt32BE(0);
      if (chunkBytes === 0 || chunkBytes > chunkLimitBytes) throw new RangeError("chunk length");
      if (held.length < 4 + chunkBytes) break;
      yield unpackBlock(held.subarray(4, 4 + chunkBytes), chunkLimit);
      held = held.subarray(4 + chunkBytes);
    }
  }
  if (chunkLimit === undefined || held.length > 0) throw new RangeError("cut off");
}

/** One LZ4 block. Throws RangeError where it is damaged or unpacks to more than the limit. */
export function unpackBlock(block: Uint8Array, limitBytes: number): Uint8Array {
  const target = Buffer.allocUnsafe(limitBytes);
  let from = 0;
  let to = 0;
  const byte = (): number => {
    const value = block[from++];
    if (value === undefined) throw new RangeError("the block is cut off");
    return value;
  };
  const length = (nibble: number): number => {
    let value = nibble;
    if (nibble < 15) return value;
    for (;;) {
      const more = byte();
      value += more;
      if (more < 255) return value;
    }
  };
  while (from < block.length) {
    const token = byte();
    const literals = length(token >>> 4);
    if (from + literals > block.length || to + literals > limitBytes)
      throw new RangeError("literals go beyond the block");
    target.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence has no match.
    if (from === block.length) break;
    const distance = byte() | (byte() << 8);
    const matched = length(token & 15) + 4;
    if (distance === 0 || distance > to || to + matched > limitBytes)
      throw new RangeError("a match goes beyond what was unpacked");
    // Byte by byte: a match may overlap itself.
    for (let copied = 0; copied < matched; copied++, to++)
      target[to] = target[to - distance] as number;
  }
  return target.subarray(0, to);
}
