/**
 * An Image whose files can be asked for ahead, many at once: whoever reads one of them then is given
 * what is in memory. Parts of a file that are read one after another come out of one reading.
 */
import type { Image, RawPath, ReadOptions } from "#image";

/** A part that begins at most so far behind the one before is reached by reading on. */
const gapBytes = 1024 * 1024;

type Stream = {
  readonly path: RawPath;
  readonly chunks: AsyncIterator<Uint8Array>;
  /** Read and not asked for yet, and where in the file it begins. */
  rest: Uint8Array;
  offset: number;
};

export class PrefetchedImage {
  /** To be read by others. */
  readonly image: Image;
  readonly #inner: Image;
  readonly #held = new Map<RawPath, Uint8Array | Error>();
  /** Where the last reader of a part ended. */
  #stream: Stream | undefined;

  constructor(inner: Image) {
    this.#inner = inner;
    const read = (path: RawPath, options: ReadOptions = {}): AsyncIterable<Uint8Array> =>
      this.#read(path, options);
    this.image = new Proxy(inner, {
      get: (target, name) => {
        if (name === "read") return read;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** Holds these files until the next call, where the Image can read many at once. */
  async prefetch(paths: readonly RawPath[], signal?: AbortSignal): Promise<void> {
    this.#held.clear();
    if (this.#inner.readFiles === undefined || paths.length === 0) return;
    for await (const { path, bytes, error } of this.#inner.readFiles(paths, signal))
      this.#held.set(path, error ?? bytes);
  }

  async *#read(path: RawPath, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const held = this.#held.get(path);
    const { offset = 0, lengthBytes, signal } = options;
    if (held instanceof Error) throw held;
    if (held !== undefined) {
      const end = lengthBytes === undefined ? held.length : offset + lengthBytes;
      const isWhole = offset === 0 && end >= held.length;
      if (offset < Math.min(end, held.length)) yield isWhole ? held : held.subarray(offset, end);
    } else if (options.offset === undefined || lengthBytes === undefined) {
      yield* this.#inner.read(path, options);
    } else yield* this.#readOn(path, { offset, lengthBytes }, signal);
  }

  async *#readOn(
    path: RawPath,
    { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    // Whoever reads on has it alone: of two at once each would lack what the other got.
    const kept = this.#stream;
    this.#stream = undefined;
    const stream = await this.#streamAt(kept, { path, offset, signal });
    let left = lengthBytes;
    while (left > 0) {
      if (stream.rest.length === 0 && !(await advance(stream))) break;
      const skip = Math.min(Math.max(offset - stream.offset, 0), stream.rest.length);
      const piece = stream.rest.subarray(skip, skip + left);
      stream.rest = stream.rest.subarray(skip + piece.length);
      stream.offset += skip + piece.length;
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
    this.#stream = stream;
  }

  async #streamAt(
    kept: Stream | undefined,
    {
      path,
      offset,
      signal,
    }: {
      readonly path: RawPath;
      readonly offset: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Stream> {
    const isOnTheWay = kept?.path === path && offset >= kept.offset;
    if (isOnTheWay && offset - kept.offset <= gapBytes) return kept;
    await kept?.chunks.return?.();
    const chunks = this.#inner
      .read(path, { offset, ...(signal === undefined ? {} : { signal }) })
      [Symbol.asyncIterator]();
    return { path, chunks, rest: new Uint8Array(0), offset };
  }
}

async function advance(stream: Stream): Promise<boolean> {
  const { done, value } = await stream.chunks.next();
  if (done === true) return false;
  stream.rest = value;
  return true;
}
