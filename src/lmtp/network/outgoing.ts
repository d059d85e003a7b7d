import type { Socket } from "node:net";

/** More than this waits for nothing. */
const maxWaitingBytes = 64 * 1024;
/** So much is put together into one piece before it is written: copying it costs less than a call. */
const maxJoinedBytes = 80 * 1024;

/** What is written in one turn goes out together: a call of the system costs more than all the rest of it. */
export class Outgoing {
  readonly #socket: Socket;
  #parts: (Uint8Array | string)[] = [];
  #waitingBytes = 0;
  #isScheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that the socket was not given yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Texts are bytes, one character each. */
  write(bytes: Uint8Array | string): void {
    this.#parts.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > maxWaitingBytes) return this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flushLater);
  }

  /** Gives the socket what it was not given yet. */
  flush(): void {
    const parts = this.#parts;
    const [first] = parts;
    if (first === undefined) return;
    const sizeBytes = this.#waitingBytes;
    this.#parts = [];
    this.#waitingBytes = 0;
    const socket = this.#socket;
    if (!socket.writable) return;
    if (parts.length === 1) socket.write(first, "latin1");
    else if (sizeBytes <= maxJoinedBytes) writeJoined(socket, parts, sizeBytes);
    else writeGathered(socket, parts);
  }

  /** What was not written will not be. */
  clear(): void {
    this.#parts = [];
    this.#waitingBytes = 0;
  }

  readonly #flushLater = (): void => {
    this.#isScheduled = false;
    this.flush();
  };
}

function writeJoined(
  socket: Socket,
  parts: readonly (Uint8Array | string)[],
  sizeBytes: number,
): void {
  if (parts.every((part) => typeof part === "string"))
    return void socket.write(parts.join(""), "latin1");
  const joined = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") joined.write(part, at, "latin1");
    else joined.set(part, at);
    at += part.length;
  }
  socket.write(joined);
}

function writeGathered(socket: Socket, parts: readonly (Uint8Array | string)[]): void {
  socket.cork();
  for (const part of parts) socket.write(part, "latin1");
  socket.uncork();
}
