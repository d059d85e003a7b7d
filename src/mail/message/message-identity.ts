import { createHash, hash, type Hash } from "node:crypto";
import { deliveryTraceEnd, traceLimitBytes } from "./delivery-trace.ts";

/** What `deliveryTraceEnd` needs to see of a message that goes on. */
const headBytes = traceLimitBytes + 1;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/**
 * What makes two messages the same: SHA-256, in lower-case hexadecimal, of the bytes with
 * CRLF as LF and without the delivery trace. Equal for every recipient of one mail, for a
 * Maildir and a Cyrus spool, before and after the server that adds its own trace.
 */
export async function messageIdentity(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<string> {
  if (bytes instanceof Uint8Array) return messageIdentityOf(bytes);
  const identity = new IdentityHash();
  for await (const chunk of bytes) identity.update(chunk);
  return identity.digest();
}

/** The same for a message in memory; `knownTraceEnd`: where its trace ends, found before. */
export function messageIdentityOf(bytes: Uint8Array, knownTraceEnd?: number): string {
  const normalised = withLineFeeds(bytes);
  const isAsKnown = knownTraceEnd !== undefined && normalised === bytes;
  const traceEnd = isAsKnown ? knownTraceEnd : deliveryTraceEnd(normalised, 0, normalised.length);
  return hash("sha256", normalised.subarray(traceEnd), "hex");
}

/** Holds the head of the message until the end of its trace is known, at most 32 KiB and a chunk. */
class IdentityHash {
  readonly #hash: Hash = createHash("sha256");
  #head: Uint8Array[] | undefined = [];
  #headBytes = 0;
  #endsWithCarriageReturn = false;

  update(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const isSplit = this.#endsWithCarriageReturn && chunk[0] !== lineFeed;
    if (isSplit) this.#take(Uint8Array.of(carriageReturn));
    this.#endsWithCarriageReturn = chunk[chunk.length - 1] === carriageReturn;
    this.#take(withLineFeeds(this.#endsWithCarriageReturn ? chunk.subarray(0, -1) : chunk));
  }

  digest(): string {
    if (this.#endsWithCarriageReturn) this.#take(Uint8Array.of(carriageReturn));
    this.#hashHead();
    return this.#hash.digest("hex");
  }

  #take(normalised: Uint8Array): void {
    if (this.#head === undefined) {
      this.#hash.update(normalised);
      return;
    }
    // Whoever yields chunks may reuse them.
    this.#head.push(Uint8Array.from(normalised));
    this.#headBytes += normalised.length;
    if (this.#headBytes >= headBytes) this.#hashHead();
  }

  #hashHead(): void {
    if (this.#head === undefined) return;
    const head = Buffer.concat(this.#head);
    this.#hash.update(head.subarray(deliveryTraceEnd(head, 0, head.length)));
    this.#head = undefined;
  }
}

/** Without the carriage returns that stand before a line feed; one at the very end stays. */
function withLineFeeds(given: Uint8Array): Uint8Array {
  // A Buffer searches for a byte many times quicker than its base class.
  const chunk = asBuffer(given);
  let found = chunk.indexOf(carriageReturn);
  if (found < 0) return given;
  const normalised = Buffer.allocUnsafe(chunk.length);
  let length = 0;
  let from = 0;
  for (; found >= 0; found = chunk.indexOf(carriageReturn, found + 1)) {
    if (chunk[found + 1] !== lineFeed) continue;
    normalised.set(chunk.subarray(from, found), length);
    length += found - from;
    from = found + 1;
  }
  normalised.set(chunk.subarray(from), length);
  return normalised.subarray(0, length + chunk.length - from);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
