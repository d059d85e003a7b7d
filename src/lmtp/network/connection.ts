import type { Socket } from "node:net";
import { LmtpError } from "../lmtp-error.ts";
import { Outgoing } from "./outgoing.ts";
import type { StageClock } from "./stage-clock.ts";

/** More than this is not taken from the other side before it is asked for. */
const maxUnreadBytes = 64 * 1024;

export type ConnectionOptions = {
  readonly clock: StageClock;
  /** Whom errors speak of: "the MTA", "the mail server". */
  readonly who: string;
};

type Waiting = { readonly promise: Promise<void>; readonly wake: () => void };

/**
 * A socket that is read when somebody asks, and written with back-pressure; every wait has a limit.
 * One reader and one writer at a time.
 */
export class Connection implements Disposable {
  readonly socket: Socket;
  readonly #clock: StageClock;
  readonly #who: string;
  readonly #outgoing: Outgoing;
  /** What has come and was not read yet. */
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #hasEnded = false;
  #isClosed = false;
  #isWoken = false;
  #failure: Error | undefined;
  #reader: Waiting | undefined;
  #writer: Waiting | undefined;

  constructor(socket: Socket, { clock, who }: ConnectionOptions) {
    this.socket = socket;
    this.#clock = clock;
    this.#who = who;
    this.#outgoing = new Outgoing(socket);
    socket.on("data", this.#onData);
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
    return this.socket.writableLength + this.#outgoing.waitingBytes;
  }

  /** What has come since; empty when somebody called `wake`; undefined at the end. Throws LmtpError `lmtp.timeout`, `lmtp.client-gone`. */
  async read(limitMs?: number): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#unreadBytes > 0) return this.#takeUnread();
      if (this.#isWoken) return this.#wokenUp();
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasEnded || this.#isClosed) return undefined;
      this.#reader = this.#wait(limitMs, "read from");
      await this.#reader.promise;
    }
  }

  /** Ends a wait for bytes without any. */
  wake(): void {
    this.#isWoken = true;
    this.#reader?.wake();
  }

  /** What is written in one turn goes out at once. */
  write(bytes: Uint8Array | string): void {
    if (!this.#isClosed && this.socket.writable) this.#outgoing.write(bytes);
  }

  /** The other side is behind: whoever writes more should wait until it has `drained`. */
  get needsDrain(): boolean {
    return this.socket.writableNeedDrain && !this.#isClosed;
  }

  /** Resolves when the other side has taken enough of what was written. */
  async drained(limitMs: number): Promise<void> {
    while (this.needsDrain) {
      this.#writer = this.#wait(limitMs, "write to");
      await this.#writer.promise;
    }
  }

  /** Says what was written, then goodbye; whoever does not read it is cut off after the limit. */
  async end(limitMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#outgoing.flush();
    this.socket.end();
    // What still comes is thrown away.
    this.socket.off("data", this.#onData);
    this.#dropUnread();
    this.socket.resume();
    const closed = new Promise<void>((resolve) => this.socket.once("close", () => resolve()));
    using _timer = this.#clock.after(limitMs, () => this.socket.destroy());
    await closed;
  }

  /** Gives the socket to somebody else: TLS. */
  detach(): Socket {
    const { socket } = this;
    this.#outgoing.flush();
    socket.pause();
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    socket.off("drain", this.#onDrain);
    return socket;
  }

  [Symbol.dispose](): void {
    this.#outgoing.clear();
    this.#dropUnread();
    this.socket.destroy();
  }

  #takeUnread(): Buffer {
    const [first] = this.#unread;
    const bytes =
      first !== undefined && this.#unread.length === 1 ? first : Buffer.concat(this.#unread);
    this.#dropUnread();
    if (this.socket.isPaused()) this.socket.resume();
    return bytes;
  }

  #dropUnread(): void {
    this.#unread = [];
    this.#unreadBytes = 0;
  }

  /** Until `wake` is called, which says what of it there is. */
  #wait(limitMs: number | undefined, action: "read from" | "write to"): Waiting {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer =
      limitMs === undefined
        ? undefined
        : this.#clock.after(limitMs, () => reject(timedOut(`${action} ${this.#who}`, limitMs)));
    const wake = (): void => {
      timer?.[Symbol.dispose]();
      resolve();
    };
    return { promise, wake };
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes >= maxUnreadBytes) this.socket.pause();
    this.#reader?.wake();
  };
  readonly #onDrain = (): void => this.#writer?.wake();
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
    this.#reader?.wake();
    this.#writer?.wake();
  }
}

export function timedOut(action: string, limitMs: number): LmtpError {
  return new LmtpError(
    "lmtp.timeout",
    `Cannot ${action}: nothing happened for ${Math.round(limitMs / 1000)} seconds`,
    { retryable: true },
  );
}
