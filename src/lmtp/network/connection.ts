import type { Socket } from "node:net";
import { LmtpError } from "../lmtp-error.ts";
import type { StageClock } from "./stage-clock.ts";

export type ConnectionOptions = {
  readonly clock: StageClock;
  /** Whom errors speak of: "the MTA", "the mail server". */
  readonly who: string;
};

/**
 * A socket that is read when somebody asks, and written with back-pressure; every wait has a limit.
 * One reader and one writer at a time.
 */
export class Connection implements Disposable {
  readonly socket: Socket;
  readonly #clock: StageClock;
  readonly #who: string;
  #hasEnded = false;
  #isClosed = false;
  #isWoken = false;
  #isCorked = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(socket: Socket, { clock, who }: ConnectionOptions) {
    this.socket = socket;
    this.#clock = clock;
    this.#who = who;
    socket.setNoDelay?.(true);
    socket.on("readable", this.#onReadable);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    socket.on("drain", this.#onDrain);
    // What went wrong before anybody listened.
    if (socket.destroyed) this.#isClosed = true;
  }

  /** Nothing can be written any more, and nobody will read what was. */
  get isGone(): boolean {
    return this.#isClosed;
  }

  /** Bytes that wait for the other side to take them. */
  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  /** What has come since; empty when somebody called `wake`; undefined at the end. Throws LmtpError `lmtp.timeout`, `lmtp.client-gone`. */
  async read(limitMs?: number): Promise<Buffer | undefined> {
    for (;;) {
      const bytes = this.socket.read() as Buffer | null;
      if (bytes !== null && bytes.length > 0) return bytes;
      if (this.#isWoken) return this.#wokenUp();
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasEnded || this.#isClosed) return undefined;
      await this.#wait(limitMs, "read from", (wake) => (this.#wakeReader = wake));
    }
  }

  /** Ends a wait for bytes without any. */
  wake(): void {
    this.#isWoken = true;
    this.#wakeReader?.();
  }

  /** What is written in one turn goes out at once. */
  write(bytes: Uint8Array | string): void {
    const { socket } = this;
    if (this.#isClosed || !socket.writable) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        socket.uncork();
      });
    }
    socket.write(bytes, "latin1");
  }

  /** Resolves when the other side has taken enough of what was written. */
  async drained(limitMs: number): Promise<void> {
    while (this.socket.writableNeedDrain && !this.#isClosed)
      await this.#wait(limitMs, "write to", (wake) => (this.#wakeWriter = wake));
  }

  /** Says what was written, then goodbye; whoever does not read it is cut off after the limit. */
  async end(limitMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.socket.end();
    this.socket.resume();
    const closed = new Promise<void>((resolve) => this.socket.once("close", () => resolve()));
    using _timer = this.#clock.after(limitMs, () => this.socket.destroy());
    await closed;
  }

  /** Gives the socket to somebody else: TLS. */
  detach(): Socket {
    const { socket } = this;
    socket.off("readable", this.#onReadable);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    socket.off("drain", this.#onDrain);
    return socket;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #wait(
    limitMs: number | undefined,
    action: string,
    register: (wake: (() => void) | undefined) => void,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    register(resolve);
    using _timer =
      limitMs === undefined
        ? undefined
        : this.#clock.after(limitMs, () => reject(timedOut(`${action} ${this.#who}`, limitMs)));
    try {
      await promise;
    } finally {
      register(undefined);
    }
  }

  readonly #onReadable = (): void => this.#wakeReader?.();
  readonly #onDrain = (): void => this.#wakeWriter?.();
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#wakeAll();
  };
  readonly #onError = (cause: Error): void => {
    this.#failure ??= new LmtpError(
      "lmtp.client-gone",
      `Cannot go on with ${this.#who}: the connection broke`,
      { cause, retryable: true },
    );
    this.#wakeAll();
  };
  readonly #onClose = (): void => {
    this.#isClosed = true;
    this.#wakeAll();
  };

  #wokenUp(): Buffer {
    this.#isWoken = false;
    return Buffer.alloc(0);
  }

  #wakeAll(): void {
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }
}

export function timedOut(action: string, limitMs: number): LmtpError {
  return new LmtpError(
    "lmtp.timeout",
    `Cannot ${action}: nothing happened for ${Math.round(limitMs / 1000)} seconds`,
    { retryable: true },
  );
}
