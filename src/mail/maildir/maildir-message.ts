import { type Image, rawBaseName, type RawPath } from "#image";
import {
  compressionMagicBytes,
  compressionOf,
  decompressMessage,
} from "../compression/message-compression.ts";
import { refuseEncrypted } from "../compression/encrypted-message.ts";
import type { ReadMessageOptions } from "../mail-store.ts";

/**
 * The bytes of a message's file, unpacked where the server compressed it (Dovecot's zlib plugin). Only
 * its first bytes tell: the name has the size of what was compressed either way.
 */
export async function* readMaildirMessage(
  image: Image,
  path: RawPath,
  options: ReadMessageOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const stored = image.read(path, options)[Symbol.asyncIterator]();
  let start: Uint8Array = new Uint8Array();
  while (start.length < compressionMagicBytes) {
    const { value, done } = await stored.next();
    if (done === true) break;
    // Whoever yields chunks may reuse them.
    start =
      value.length < compressionMagicBytes ? Buffer.concat([start, value]) : joined(start, value);
  }
  const subject = `message ${JSON.stringify(rawBaseName(path))}`;
  refuseEncrypted(start, subject);
  const compression = compressionOf(start.subarray(0, compressionMagicBytes));
  const bytes = startingWith(start, stored);
  if (compression === undefined) yield* bytes;
  else yield* decompressMessage(compression, bytes, { subject });
}

function joined(start: Uint8Array, more: Uint8Array): Uint8Array {
  return start.length === 0 ? more : Buffer.concat([start, more]);
}

async function* startingWith(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (start.length > 0) yield start;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** Of a message whose name does not say: what comes out of its file. */
export async function unpackedSize(
  image: Image,
  path: RawPath,
  options: ReadMessageOptions = {},
): Promise<number> {
  let sizeBytes = 0;
  for await (const piece of readMaildirMessage(image, path, options)) sizeBytes += piece.length;
  return sizeBytes;
}
