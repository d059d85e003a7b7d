import { compressionMagicBytes, compressionOf, decompressMessage } from "#mail";

/** What a message says where its file was named, and the server keeps it compressed; others as they are. */
export async function* unpacked(
  bytes: AsyncIterable<Uint8Array>,
  subject: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  let isEnd = false;
  while (start.length < compressionMagicBytes && !isEnd) {
    const { value, done } = await iterator.next();
    if (done === true) isEnd = true;
    else start = Buffer.concat([start, value]);
  }
  const whole = continued(start, { [Symbol.asyncIterator]: () => iterator });
  const compression = compressionOf(start);
  yield* compression === undefined ? whole : decompressMessage(compression, whole, { subject });
}

async function* continued(
  start: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (start.length > 0) yield start;
  yield* rest;
}
