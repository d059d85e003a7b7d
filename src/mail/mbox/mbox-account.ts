import { type Image, isImageError, rawBaseName, rawParent, type RawPath } from "#image";
import { MailError } from "../mail-error.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import {
  byUid,
  type MailAccount,
  type ReadMessageOptions,
  type StoredMailbox,
  type StoredMessage,
  type StoredMessages,
  type Subscriptions,
} from "../mail-store.ts";
import { readHeaders } from "../message/message-headers.ts";
import { indexFilesBeside, readIndexBeside } from "./index-beside.ts";
import { HeaderSplitter, withoutServerFields } from "./header-splitter.ts";
import { ServerFieldReader, type ServerFields } from "./mbox-header.ts";
import { type IndexedMessage, type MboxIndex, readMboxIndex } from "./mbox-index.ts";
import type { MboxSource } from "./mbox-scanner.ts";
import { readMboxSubscriptions } from "./mbox-subscriptions.ts";
import { withoutQuoting } from "./mboxrd.ts";

/** One file that is a mailbox. */
export type FoundMbox = {
  readonly name: string;
  readonly path: RawPath;
  readonly problems: readonly MailProblem[];
};

export type MboxAccountOptions = {
  /** The mail folder; of a spool, the owner's one file. */
  readonly root: RawPath;
  /** INBOX first, then by name. */
  readonly mboxes: readonly FoundMbox[];
  /**
   * Whether ">From " stands for "From ", as in an mboxrd. No server of today takes it so: what
   * clients were shown had the mark, and identities are of what they were shown. Default: false.
   */
  readonly isQuoted?: boolean;
};

const headBytes = 64 * 1024;

/** The mailboxes of one owner, each a file. A mailbox is gone through once, and remembered. */
export function openMboxAccount(image: Image, options: MboxAccountOptions): MailAccount {
  const { root, mboxes, isQuoted = false } = options;
  const indexes = new Map<RawPath, MboxIndex>();
  return {
    layout: "mbox",
    root,
    mailboxes: async (signal) => {
      const mailboxes: StoredMailbox[] = [];
      for (const mbox of mboxes) mailboxes.push(await describe(image, mbox, signal));
      return mailboxes;
    },
    messages: async (mailbox, signal) => {
      signal?.throwIfAborted();
      const { path } = mailbox;
      const index =
        indexes.get(path) ??
        (await readMboxIndex(sourceOf(image, path, signal), {
          beside: await readIndexBeside(image, path, signal),
        }));
      indexes.set(path, index);
      return await storedMessages(image, path, index);
    },
    read: (message, readOptions) => readMessage(image, message, { ...readOptions, isQuoted }),
    subscriptions: async (signal): Promise<Subscriptions> =>
      await readMboxSubscriptions(image, root, signal),
  };
}

function sourceOf(image: Image, path: RawPath, signal: AbortSignal | undefined): MboxSource {
  return (range) => image.read(path, { ...range, ...(signal === undefined ? {} : { signal }) });
}

async function describe(
  image: Image,
  { name, path, problems: found }: FoundMbox,
  signal: AbortSignal | undefined,
): Promise<StoredMailbox> {
  const problems = [...found];
  const base = (await firstFields(image, path, { problems, signal }))?.base;
  const index = await readIndexBeside(image, path, signal);
  const uidValidity = base?.uidValidity ?? index?.uidValidity;
  const isSame = index !== undefined && index.uidValidity === uidValidity;
  const uidNext = Math.max((base?.uidLast ?? 0) + 1, isSame ? index.uidNext : 1);
  return {
    name,
    path,
    ...(uidValidity === undefined ? {} : { uidValidity, uidNext }),
    dependsOn: [path, ...indexFilesBeside(path)],
    problems,
  };
}

type FirstFieldsOptions = {
  readonly problems: MailProblem[];
  readonly signal: AbortSignal | undefined;
};

/** What the first message says to the server, from the beginning of the file. */
async function firstFields(
  image: Image,
  path: RawPath,
  { problems, signal }: FirstFieldsOptions,
): Promise<ServerFields | undefined> {
  try {
    const reader = new ServerFieldReader({ isFirst: true });
    const splitter = new HeaderSplitter({
      shown: () => undefined,
      field: (name, value) => reader.field(name, value),
    });
    let isInFromLine = true;
    for await (const chunk of sourceOf(
      image,
      path,
      signal,
    )({ offset: 0, lengthBytes: headBytes })) {
      const lineEnd = isInFromLine ? chunk.indexOf(0x0a) : -1;
      if (isInFromLine && lineEnd < 0) continue;
      splitter.push(chunk.subarray(lineEnd + 1));
      isInFromLine = false;
      if (splitter.bodyOffset !== undefined) break;
    }
    splitter.end();
    return reader.result();
  } catch (error) {
    if (!isImageError(error)) throw error;
    addProblem(problems, "unreadable", error.message);
    return undefined;
  }
}

async function storedMessages(
  image: Image,
  path: RawPath,
  { messages, problems }: MboxIndex,
): Promise<StoredMessages> {
  const stored: StoredMessage[] = [];
  for (const message of messages) {
    const { headerOffset, endOffset, sizeBytes, virtualSizeBytes } = message;
    stored.push({
      key: String(headerOffset),
      path,
      range: { offset: headerOffset, lengthBytes: endOffset - headerOffset },
      ...(message.uid === undefined ? {} : { uid: message.uid }),
      flags: message.flags,
      keywords: message.keywords,
      internalDateNs: message.dateNs ?? (await otherDate(image, path, message)),
      sizeBytes,
      virtualSizeBytes,
      isRecent: message.isRecent,
    });
  }
  return { messages: stored.sort(byUid), problems };
}

/** Of a message whose From_ line is damaged: when it was received or written, else when the file changed. */
async function otherDate(
  image: Image,
  path: RawPath,
  { headerOffset, endOffset }: IndexedMessage,
): Promise<bigint> {
  const lengthBytes = Math.min(headBytes, endOffset - headerOffset);
  const pieces = await Array.fromAsync(image.read(path, { offset: headerOffset, lengthBytes }));
  const headers = readHeaders(Buffer.concat(pieces));
  const received = headers.fields.find(({ name }) => name.toLowerCase() === "received")?.value;
  const date = received?.slice(received.lastIndexOf(";") + 1).trim();
  const dateMs =
    date === undefined
      ? headers.dateMs
      : (readHeaders(Buffer.from(`Date: ${date}\n\n`, "latin1")).dateMs ?? headers.dateMs);
  if (dateMs !== undefined) return BigInt(dateMs) * 1_000_000n;
  const listing = await image.list(rawParent(path));
  const index = listing.indexOf(rawBaseName(path));
  return index < 0 ? 0n : listing.entry(index).mtimeNs;
}

async function* readMessage(
  image: Image,
  message: StoredMessage,
  { isQuoted, ...options }: ReadMessageOptions & { readonly isQuoted: boolean },
): AsyncGenerator<Uint8Array, void, undefined> {
  const offset = message.range?.offset ?? 0;
  const lengthBytes = message.range?.lengthBytes;
  const range = { offset, ...(lengthBytes === undefined ? {} : { lengthBytes }), ...options };
  let readBytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of image.read(message.path, range)) {
      readBytes += chunk.length;
      yield chunk;
    }
  };
  const shown = withoutServerFields(counted());
  yield* isQuoted ? withoutQuoting(shown) : shown;
  if (readBytes < (lengthBytes ?? 0)) {
    throw new MailError(
      "mail.damaged",
      `Cannot read a message of "${rawBaseName(message.path)}": the file ends within it`,
      { hint: "Open another moment: the mailbox was cut off after it was listed." },
    );
  }
}
