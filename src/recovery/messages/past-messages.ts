import { isImageError, rawBaseName } from "#image";
import {
  isMailError,
  type MailAccount,
  parseMaildirName,
  readHeaders,
  type StoredMailbox,
  type StoredMessage,
} from "#mail";
import { largestMessageBytes, messageIdKey } from "../living/living-account.ts";
import { livingIdentityOf, withCrlf } from "../living/living-identity.ts";

/** A message of the store, and what of it was found out. */
export type PastMessage = {
  readonly mailbox: StoredMailbox;
  /** The mailbox of the living account that it belongs into. */
  readonly to: string;
  readonly stored: StoredMessage;
  /** Asked for; the others only claim what is theirs. */
  readonly isWanted: boolean;
  /** Set once it was read. */
  facts?: PastFacts;
};

export type PastFacts =
  | { readonly identity: string; readonly messageId: string; readonly sizeBytes: number }
  | { readonly failure: string };

/** Messages read at once: enough to keep a repository on a slow disk busy. */
const readsAtOnce = 8;

/** Reads those that were not read yet. What cannot be read is a fact as well. */
export async function readPast(
  account: MailAccount,
  messages: readonly PastMessage[],
  { signal, onRead }: { readonly signal?: AbortSignal | undefined; readonly onRead?: () => void },
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
      if (message.facts !== undefined) continue;
      signal?.throwIfAborted();
      message.facts = await factsOf(account, message.stored, signal);
      onRead?.();
    }
  };
  await Promise.all(Array.from({ length: Math.min(readsAtOnce, messages.length) }, work));
}

async function factsOf(
  account: MailAccount,
  stored: StoredMessage,
  signal: AbortSignal | undefined,
): Promise<PastFacts> {
  const read = await bytesOf(account, stored, signal);
  if (!(read instanceof Uint8Array)) return read;
  const { fields } = readHeaders(read);
  const ids = fields.filter(({ name }) => name.toLowerCase() === "message-id");
  return {
    identity: livingIdentityOf(read),
    messageId: messageIdKey(ids.map(({ value }) => value)),
    sizeBytes: read.length,
  };
}

/** A whole message with CRLF line ends, or why it cannot be had. */
export async function bytesOf(
  account: MailAccount,
  stored: StoredMessage,
  signal?: AbortSignal,
): Promise<Uint8Array | { readonly failure: string }> {
  if (stored.sizeBytes > largestMessageBytes) return { failure: tooLarge(stored.sizeBytes) };
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const options = signal === undefined ? {} : { signal };
    for await (const chunk of account.read(stored, options)) {
      length += chunk.length;
      if (length > largestMessageBytes) return { failure: tooLarge(length) };
      // Whoever yields chunks may reuse them.
      chunks.push(Uint8Array.from(chunk));
    }
  } catch (error) {
    if (!isImageError(error) && !isMailError(error)) throw error;
    return { failure: error.message };
  }
  return withCrlf(Buffer.concat(chunks));
}

function tooLarge(sizeBytes: number): string {
  return `It has ${sizeBytes} bytes, and up to ${largestMessageBytes} are put back`;
}

/** Two messages of one mailbox that may be one, listed twice by a walk of a living store. */
export function doubleKey(
  { uid, path }: StoredMessage,
  layout: MailAccount["layout"],
): string | undefined {
  if (uid !== undefined) return `${uid}`;
  return layout === "maildir" ? parseMaildirName(rawBaseName(path)).baseName : undefined;
}
