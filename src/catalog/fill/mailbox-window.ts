/**
 * Mailboxes whose lists were read and are not recorded yet: so many that reading what is new in them
 * is worth a batch, and so few that their lists fit into memory.
 */
import { hash } from "node:crypto";
import { isRecoveryError } from "#errors";
import { displayPath, type Image } from "#image";
import type { MailAccount, StoredMessage } from "#mail";
import type { MailboxKey, MessageNumber, MomentFill, PlacementFacts } from "../catalog.ts";
import type { SightingKind } from "../presence.ts";
import type { FactsPool } from "./facts-pool.ts";
import type { PrefetchedImage } from "./prefetched-image.ts";
import { type MessageToRead, type NumbersOfRead, readMessages } from "./read-messages.ts";

/** A mailbox whose list was read. */
export type ListedMailbox = {
  readonly mailbox: MailboxKey;
  readonly account: MailAccount;
  readonly fingerprint: string | undefined;
  /** Whether there may be messages that it does not list. */
  readonly isPartial: boolean;
  readonly messages: readonly StoredMessage[];
};

export type MailboxWindowOptions = {
  readonly inner: Image;
  readonly image: PrefetchedImage;
  readonly fill: MomentFill;
  readonly pool: FactsPool;
  readonly textLimit: number;
  /** Whether fingerprints that are noted may be met again. */
  readonly keepsContents: boolean;
  readonly onProblem: (problem: string) => void;
  readonly onRead: (messages: number, bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
};

const windowMessages = 50_000;

type Held = ListedMailbox & {
  /** What each message is known by without being read; undefined where nothing proves it. */
  readonly contents: readonly (string | undefined)[];
  /** Messages of the moment before by what a server would change, too, if they were others. */
  readonly hints: ReadonlyMap<string, MessageNumber>;
};

export class MailboxWindow {
  readonly #options: MailboxWindowOptions;
  #held: Held[] = [];
  #messages = 0;
  /** The messages and the lists of the mailboxes before: other lists may be read while they are written. */
  #recorded: Promise<unknown> = Promise.resolve();

  constructor(options: MailboxWindowOptions) {
    this.#options = options;
  }

  async add(listed: ListedMailbox): Promise<void> {
    const contents = await this.#contentsOf(listed.messages);
    const isProven = contents.every((one) => one !== undefined);
    const hints = isProven ? new Map<string, MessageNumber>() : await this.#hintsOf(listed.mailbox);
    this.#held.push({ ...listed, contents, hints });
    this.#messages += listed.messages.length;
    if (this.#messages >= windowMessages) await this.#empty();
  }

  /** Reads what is new among all that was listed, and records the lists. */
  async flush(): Promise<void> {
    await this.#empty();
    await this.#recorded;
  }

  /** The same, without waiting until messages are written and lists recorded. */
  async #empty(): Promise<void> {
    await this.#recorded;
    const held = this.#held;
    [this.#held, this.#messages] = [[], 0];
    if (held.length === 0) return;
    const { fill, onProblem } = this.#options;
    const contents = new Set(
      held.flatMap((one) => one.contents).filter((one) => one !== undefined),
    );
    const known = await fill.messagesOf([...contents]);
    const requests = requestsOf(held, known);
    const read = await readMessages([...requests.values()], this.#options);
    this.#recorded = read.numbers.then(async (numbers) => {
      const now = { known, requests, numbers };
      await Promise.all(held.map((one) => this.#record(one, numbersOf(one, now))));
    });
    // It is awaited before anything is written after it; until then its failure is nobody's.
    this.#recorded.catch(() => undefined);
    for (const [{ message }, reason] of read.failures)
      onProblem(`The message "${displayPath(message.path)}" cannot be read: ${reason}`);
  }

  async #record(
    { mailbox, fingerprint, isPartial, messages }: Held,
    numbers: readonly (MessageNumber | undefined)[],
  ): Promise<void> {
    const placements = messages.flatMap((message, index): PlacementFacts[] => {
      const number = numbers[index];
      return number === undefined ? [] : [placementFacts(message, number, mailbox)];
    });
    const isWhole = !isPartial && placements.length === messages.length;
    const kind = kindOf(isWhole, placements.length);
    await this.#options.fill.record({
      mailbox,
      kind,
      placements,
      // One that was not whole is listed again next time, whatever its fingerprint.
      ...(isWhole && fingerprint !== undefined ? { fingerprint } : {}),
    });
  }

  async #contentsOf(messages: readonly StoredMessage[]): Promise<readonly (string | undefined)[]> {
    const { inner, keepsContents } = this.#options;
    if (!keepsContents) return messages.map(() => undefined);
    const contents: (string | undefined)[] = [];
    for (const { path, range } of messages) {
      const fingerprint = await orUndefined(
        range === undefined ? inner.fingerprint(path) : inner.rangeFingerprint?.(path, range),
      );
      contents.push(
        fingerprint === undefined
          ? undefined
          : contentDigest(`${inner.fingerprintScope}\n${fingerprint}`),
      );
    }
    return contents;
  }

  async #hintsOf(mailbox: MailboxKey): Promise<ReadonlyMap<string, MessageNumber>> {
    const hints = new Map<string, MessageNumber>();
    const ambiguous = new Set<string>();
    for (const facts of await this.#options.fill.openPlacements(mailbox)) {
      const text = hintText(facts);
      if (hints.has(text)) ambiguous.add(text);
      hints.set(text, facts.message);
    }
    for (const text of ambiguous) hints.delete(text);
    return hints;
  }
}

/** Half a sha256, in hexadecimal digits: what fingerprints differ in is itself made of digests, and they are long. */
function contentDigest(content: string): string {
  return hash("sha256", content, "hex").slice(0, 32);
}

type Known = ReadonlyMap<string, MessageNumber>;
type Requests = ReadonlyMap<StoredMessage | string, MessageToRead>;

/** What must be read; the same bytes in many mailboxes once. */
function requestsOf(held: readonly Held[], known: Known): Requests {
  const requests = new Map<StoredMessage | string, MessageToRead>();
  for (const { account, messages, contents, hints } of held) {
    for (const [index, message] of messages.entries()) {
      const content = contents[index];
      if (content === undefined ? hints.has(hintText(message)) : known.has(content)) continue;
      const key = content ?? message;
      if (!requests.has(key)) requests.set(key, { account, message, content });
    }
  }
  return requests;
}

function numbersOf(
  { messages, contents, hints }: Held,
  found: { readonly known: Known; readonly requests: Requests; readonly numbers: NumbersOfRead },
): readonly (MessageNumber | undefined)[] {
  const { known, requests, numbers } = found;
  return messages.map((message, index) => {
    const content = contents[index];
    const before = content === undefined ? hints.get(hintText(message)) : known.get(content);
    if (before !== undefined) return before;
    const request = requests.get(content ?? message);
    return request === undefined ? undefined : numbers.get(request);
  });
}

function kindOf(isWhole: boolean, placements: number): SightingKind {
  if (!isWhole) return "partial";
  return placements === 0 ? "empty" : "complete";
}

function placementFacts(
  stored: StoredMessage,
  message: MessageNumber,
  { path }: MailboxKey,
): PlacementFacts {
  const { uid, flags, keywords, internalDateNs, sizeBytes, key } = stored;
  return {
    message,
    ...(uid === undefined ? {} : { uid }),
    flags,
    keywords,
    internalDateNs,
    sizeBytes,
    // Without what all of the mailbox share.
    key: path !== "" && key.startsWith(`${path}/`) ? key.slice(path.length) : key,
  };
}

/** A Maildir message keeps its name up to the flags, in whichever folder it lies. */
function hintText({
  uid,
  sizeBytes,
  internalDateNs,
  key,
}: Pick<PlacementFacts, "uid" | "sizeBytes" | "internalDateNs" | "key">): string {
  const name = key.slice(key.lastIndexOf("/") + 1).replace(/:2,[^/]*$/, "");
  return JSON.stringify([uid ?? 0, sizeBytes, String(internalDateNs), name]);
}

async function orUndefined(
  fingerprint: Promise<string | undefined> | undefined,
): Promise<string | undefined> {
  try {
    return await fingerprint;
  } catch (error) {
    if (!isRecoveryError(error) || error.retryable) throw error;
    return undefined;
  }
}
