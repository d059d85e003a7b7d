import { createHash } from "node:crypto";
import {
  displayPath,
  type Image,
  isImageError,
  type Listing,
  rawBaseName,
  rawParent,
  type RawPath,
} from "#image";
import { contentKindOf, isMailError, type StoredMessage } from "#mail";
import type { Findings } from "./findings.ts";
import { type ListedMailbox, nameOf } from "./store-listing.ts";

/** Enough for any header that a mail server takes; a longer one is not looked at to its end. */
const headBytes = 64 * 1024;
const readsAtOnce = 16;

export type CheckMessagesOptions = {
  readonly findings: Findings;
  readonly signal: AbortSignal | undefined;
  /**
   * Told the digest of each message's bytes. Then every message is read to its end; else of a Maildir
   * only the beginning, since its file's length says whether it is whole.
   */
  readonly onDigest?: (mailbox: ListedMailbox, message: StoredMessage, digest: string) => void;
};

/** Whether every message of a mailbox is whole: as long as the store says, with a header that a power cut has not torn. */
export async function checkMessages(
  image: Image,
  mailbox: ListedMailbox,
  options: CheckMessagesOptions,
): Promise<void> {
  const { findings, signal } = options;
  const { messages, reader } = mailbox;
  const sizes = new FileSizes(image, signal);
  for (let first = 0; first < messages.length; first += readsAtOnce) {
    signal?.throwIfAborted();
    const batch = messages.slice(first, first + readsAtOnce);
    const isMaildir = reader.layout === "maildir";
    const fileBytes = isMaildir ? await sizes.of(batch) : [];
    const wrong = await Promise.all(
      batch.map(async (message, index) => {
        const state = isMaildir
          ? await whatIsWrongInFile(image, message, { fileBytes: fileBytes[index] ?? 0, signal })
          : undefined;
        if (state !== undefined) return state;
        if (isMaildir && options.onDigest === undefined) return undefined;
        return await whatIsWrongInside(mailbox, message, options);
      }),
    );
    for (const [index, state] of wrong.entries()) {
      if (state === undefined) continue;
      findings.add(`${shown(mailbox, batch[index] as StoredMessage)} ${state}.`);
    }
  }
}

function shown({ reader, account, name }: ListedMailbox, { path, uid }: StoredMessage): string {
  if (reader.layout === "maildir") return `Message "${displayPath(path)}"`;
  return `Message ${uid === undefined ? "without a UID" : `UID ${uid}`} of ${nameOf(account, name)} ("${displayPath(path)}")`;
}

/** Sizes of message files, by a listing for each folder. */
class FileSizes {
  readonly #image: Image;
  readonly #signal: AbortSignal | undefined;
  readonly #listings = new Map<RawPath, Listing>();

  constructor(image: Image, signal: AbortSignal | undefined) {
    this.#image = image;
    this.#signal = signal;
  }

  async of(messages: readonly StoredMessage[]): Promise<readonly number[]> {
    for (const folder of new Set(messages.map(({ path }) => rawParent(path))))
      if (!this.#listings.has(folder))
        this.#listings.set(folder, await this.#image.list(folder, this.#signal));
    return messages.map(({ path }) => {
      const listing = this.#listings.get(rawParent(path)) as Listing;
      return listing.sizes[listing.indexOf(rawBaseName(path))] ?? 0;
    });
  }
}

/** Of a Maildir, whose messages are files with their length in their name. */
async function whatIsWrongInFile(
  image: Image,
  message: StoredMessage,
  { fileBytes, signal }: { readonly fileBytes: number; readonly signal: AbortSignal | undefined },
): Promise<string | undefined> {
  if (fileBytes === 0) return "is empty";
  let head: Buffer;
  try {
    const pieces: Uint8Array[] = [];
    const range = { lengthBytes: headBytes, ...(signal === undefined ? {} : { signal }) };
    for await (const piece of image.read(message.path, range)) pieces.push(piece);
    head = Buffer.concat(pieces);
  } catch (error) {
    if (!isImageError(error) || error.code === "image.closed") throw error;
    return `cannot be read: ${error.message}`;
  }
  // Compressed or encrypted by the server: S= is of what is inside.
  if (contentKindOf(message.path, head) !== "message") return undefined;
  if (message.sizeBytes !== fileBytes)
    return `has ${fileBytes} bytes, and its name says ${message.sizeBytes}`;
  return tornHeader(head, fileBytes);
}

/** As the reader of the layout gives it: decompressed, with its attachments in place. */
async function whatIsWrongInside(
  mailbox: ListedMailbox,
  message: StoredMessage,
  { signal, onDigest }: CheckMessagesOptions,
): Promise<string | undefined> {
  const { reader } = mailbox;
  const hash = createHash("sha256");
  const head: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of reader.read(message, signal === undefined ? {} : { signal })) {
      if (sizeBytes < headBytes) head.push(piece.slice(0, headBytes - sizeBytes));
      sizeBytes += piece.length;
      hash.update(piece);
    }
  } catch (error) {
    signal?.throwIfAborted();
    // What is stored in a way that is not read here may be whole: only the server would tell.
    if (isMailError(error) && error.code === "mail.unsupported") return undefined;
    if (isMailError(error)) return `is damaged: ${error.message}`;
    if (!isImageError(error) || error.code === "image.closed") throw error;
    return `cannot be read: ${error.message}`;
  }
  if (sizeBytes === 0) return "is empty";
  if (sizeBytes !== message.sizeBytes && reader.layout !== "maildir")
    return `has ${sizeBytes} bytes, and the store says ${message.sizeBytes}`;
  onDigest?.(mailbox, message, hash.digest("base64"));
  return tornHeader(Buffer.concat(head), sizeBytes);
}

/** A message that was cut off, or whose blocks never reached the disk and read as zeros. */
function tornHeader(head: Buffer, messageBytes: number): string | undefined {
  const ends = [head.indexOf("\n\n"), head.indexOf("\n\r\n")].filter((at) => at >= 0);
  const isEnded = ends.length > 0 || head[0] === 0x0a;
  const header = head.subarray(0, isEnded ? Math.min(...ends, head.length) : head.length);
  if (header.includes(0)) return "has zero bytes in its header, as a power cut leaves them";
  if (!isEnded && head.length === messageBytes && head.at(-1) !== 0x0a)
    return "ends in the middle of its header";
  return undefined;
}
