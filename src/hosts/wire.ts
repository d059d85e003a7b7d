import { once } from "node:events";
import type { Writable } from "node:stream";

/** A connection of bytes to the other side, both ways. */
export interface Wire extends AsyncDisposable {
  /** What comes, to the end; to be read once. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more; the parts of one call stay together. Rejects when nobody takes it any more. */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Says that nothing more follows. */
  end(): Promise<void>;
  /** Why the connection ended, where something beside it knows. Asked once, after it has. */
  diagnosis?(): Promise<Error | undefined>;
}

export type StreamWireOptions = {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: Writable;
  readonly destroy?: () => Promise<void>;
  readonly diagnosis?: () => Promise<Error | undefined>;
};

/** A wire of two streams of Node. */
export function streamWire(options: StreamWireOptions): Wire {
  return new StreamWire(options);
}

class StreamWire implements Wire {
  readonly input: AsyncIterable<Uint8Array>;
  readonly #output: Writable;
  readonly #options: StreamWireOptions;
  #failure: Error | undefined;

  constructor(options: StreamWireOptions) {
    this.#options = options;
    this.input = options.input;
    this.#output = options.output;
    this.#output.on("error", (error: Error) => (this.#failure ??= error));
    // Each request that waits for room listens; their number is bounded elsewhere.
    this.#output.setMaxListeners(0);
  }

  async write(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#output.writable) throw new Error("the connection was closed");
    this.#output.cork();
    let isRoomy = true;
    for (const part of parts) isRoomy = this.#output.write(part);
    this.#output.uncork();
    if (isRoomy || this.#output.writableLength === 0) return;
    // An error that comes while we wait rejects; so does a stream that is torn down without one.
    const stop = new AbortController();
    const closed = once(this.#output, "close", { signal: stop.signal }).then(() => {
      throw this.#failure ?? new Error("the connection was closed");
    });
    try {
      await Promise.race([once(this.#output, "drain", { signal: stop.signal }), closed]);
    } finally {
      stop.abort();
    }
  }

  async end(): Promise<void> {
    if (this.#output.writableEnded || this.#output.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#output.once("close", resolve);
      this.#output.end(() => resolve());
    });
  }

  async diagnosis(): Promise<Error | undefined> {
    return await this.#options.diagnosis?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#output.destroy();
    await this.#options.destroy?.();
  }
}
