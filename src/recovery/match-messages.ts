import { type Image, isImageError, type RawPath } from "#image";
import { type Mailbox, type MailboxMessage, readMailbox } from "./mailbox.ts";
import { identityOf } from "./message-name.ts";

export type MessagePair = { readonly past: MailboxMessage; readonly now: MailboxMessage };
export type UnreadableMessage = { readonly message: MailboxMessage; readonly error: Error };

export type MessageMatch = {
  readonly pairs: readonly MessagePair[];
  /** In the past and nowhere in the mailbox now. */
  readonly missing: readonly MailboxMessage[];
  /** In the mailbox now and not in the past. */
  readonly extra: readonly MailboxMessage[];
  /** Of the past: whether they are missing cannot be told. */
  readonly unreadable: readonly UnreadableMessage[];
  /** Of now: what could not be read may be one of the missing. */
  readonly unreadableNow: readonly UnreadableMessage[];
};

export type MatchOptions = {
  /** Which messages of the past are wanted. The others only claim what is theirs. Default: all. */
  readonly isWanted?: (message: MailboxMessage) => boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onCompared?: () => void;
};

/** Messages read at once: enough to keep a repository on a slow disk busy. */
const readsAtOnce = 16;
/** How often a living mailbox is listed again for messages that were renamed meanwhile. */
const rounds = 4;

/**
 * Pairs the messages of two moments of one mailbox as multisets: two equal messages in the past
 * and one now means that one is missing. Base names are hints at whom to compare with first;
 * equality is by digest, and nothing is missing before every message of now was looked at.
 */
export async function matchMessages(
  past: Mailbox,
  now: Mailbox,
  options: MatchOptions = {},
): Promise<MessageMatch> {
  const matcher = new Matcher(options);
  return await matcher.match(past, now);
}

class Matcher {
  readonly #options: MatchOptions;
  readonly #digests = new Map<MailboxMessage, string>();
  readonly #unreadable = new Map<MailboxMessage, Error>();
  readonly #pairs: MessagePair[] = [];

  constructor(options: MatchOptions) {
    this.#options = options;
  }

  async match(past: Mailbox, now: Mailbox): Promise<MessageMatch> {
    const isWanted = this.#options.isWanted ?? (() => true);
    const inPast = await this.#withoutDoubles(past);
    const wanted = inPast.filter(isWanted);
    const others = inPast.filter((message) => !isWanted(message));
    const free = new Set(now.messages);
    let missing = await this.#matchByName(past.image, wanted, { image: now.image, free });
    let seen: ReadonlySet<RawPath> = new Set(now.messages.map(({ path }) => path));
    for (let round = 0; missing.length > 0; round++) {
      await this.#readAll(past.image, missing);
      await this.#readAll(now.image, [...free]);
      if (round === 0) await this.#claim(past.image, others, { missing, free });
      // The most alike first: nobody is moved, or given flags, who can stay as he is.
      for (const mayPair of [areAlike, areInOneFolder, () => true]) {
        missing = this.#matchByDigest(missing, free, mayPair);
      }
      if (missing.length === 0 || round === rounds) break;
      // A message that was renamed between the listing of cur and that of new was seen in neither.
      const again = await readMailbox(now.image, now.root, { signal: this.#options.signal });
      const fresh = again.messages.filter(({ path }) => !seen.has(path));
      if (fresh.length === 0) break;
      seen = new Set([...seen, ...fresh.map(({ path }) => path)]);
      for (const message of fresh) free.add(message);
      forgetGone(free, again);
    }
    return {
      pairs: this.#pairs,
      missing: missing.filter((message) => !this.#unreadable.has(message)),
      extra: [...free].filter((message) => !this.#unreadable.has(message)),
      unreadable: this.#unreadableOf(inPast),
      unreadableNow: this.#unreadableOf([...free]),
    };
  }

  /**
   * A walk of a living store can list a message under its old and its new name. In one Maildir
   * a base name is one message (maildir(5)), so equal ones of that name are the same one.
   */
  async #withoutDoubles({ image, messages }: Mailbox): Promise<readonly MailboxMessage[]> {
    const byName = groupBy(messages, ({ folder, base }) => `${folder}\0${base}`);
    if (byName.size === messages.length) return messages;
    const doubles = [...byName.values()].filter(({ length }) => length > 1);
    await this.#readAll(image, doubles.flat());
    const dropped = new Set<MailboxMessage>();
    for (const group of doubles) {
      const [first, ...rest] = group as [MailboxMessage, ...MailboxMessage[]];
      for (const other of rest) if (this.#areEqual(first, other)) dropped.add(other);
    }
    return messages.filter((message) => !dropped.has(message));
  }

  /** Pairs of the same base name in the same folder whose digests agree; returns who is left of the past. */
  async #matchByName(
    image: Image,
    wanted: readonly MailboxMessage[],
    now: { readonly image: Image; readonly free: Set<MailboxMessage> },
  ): Promise<MailboxMessage[]> {
    const placeOf = ({ below, base }: MailboxMessage): string => `${below}\0${base}`;
    const byPlace = groupBy(now.free, placeOf);
    const likely = wanted.filter((message) => byPlace.has(placeOf(message)));
    await this.#readAll(image, likely);
    await this.#readAll(
      now.image,
      likely.flatMap((message) => byPlace.get(placeOf(message)) ?? []),
    );
    const left: MailboxMessage[] = [];
    for (const message of wanted) {
      const candidates = (byPlace.get(placeOf(message)) ?? []).filter(
        (candidate) => now.free.has(candidate) && this.#areEqual(message, candidate),
      );
      const found = nearest(message, candidates);
      if (found === undefined) left.push(message);
      else this.#pair(message, found, now.free);
    }
    return left;
  }

  /** What belongs to messages of the past that are not asked for is not free for those that are. */
  async #claim(
    image: Image,
    others: readonly MailboxMessage[],
    {
      missing,
      free,
    }: { readonly missing: readonly MailboxMessage[]; readonly free: Set<MailboxMessage> },
  ): Promise<void> {
    const sizes = new Set(missing.map(({ sizeBytes }) => sizeBytes));
    const bases = new Set([...free].map(({ base }) => base));
    const rivals = others.filter(({ base, sizeBytes }) => bases.has(base) || sizes.has(sizeBytes));
    await this.#readAll(image, rivals);
    const byDigest = groupBy(free, (message) => this.#digests.get(message) ?? "");
    for (const rival of rivals) {
      const digest = this.#digests.get(rival);
      if (digest === undefined) continue;
      const found = nearest(
        rival,
        (byDigest.get(digest) ?? []).filter((candidate) => free.has(candidate)),
      );
      if (found !== undefined) free.delete(found);
    }
  }

  #matchByDigest(
    missing: readonly MailboxMessage[],
    free: Set<MailboxMessage>,
    mayPair: (past: MailboxMessage, now: MailboxMessage) => boolean,
  ): MailboxMessage[] {
    const byDigest = groupBy(free, (message) => this.#digests.get(message) ?? "");
    const left: MailboxMessage[] = [];
    for (const message of missing) {
      const digest = this.#digests.get(message);
      const candidates = digest === undefined ? [] : (byDigest.get(digest) ?? []);
      const found = nearest(
        message,
        candidates.filter((candidate) => free.has(candidate) && mayPair(message, candidate)),
      );
      if (found === undefined) left.push(message);
      else this.#pair(message, found, free);
    }
    return left;
  }

  #areEqual(a: MailboxMessage, b: MailboxMessage): boolean {
    const digest = this.#digests.get(a);
    return digest !== undefined && digest === this.#digests.get(b);
  }

  #pair(past: MailboxMessage, now: MailboxMessage, free: Set<MailboxMessage>): void {
    this.#pairs.push({ past, now });
    free.delete(now);
    this.#options.onCompared?.();
  }

  #unreadableOf(messages: readonly MailboxMessage[]): UnreadableMessage[] {
    return messages.flatMap((message) => {
      const error = this.#unreadable.get(message);
      return error === undefined ? [] : [{ message, error }];
    });
  }

  async #readAll(image: Image, messages: readonly MailboxMessage[]): Promise<void> {
    const { signal } = this.#options;
    let next = 0;
    const work = async (): Promise<void> => {
      for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
        if (this.#digests.has(message) || this.#unreadable.has(message)) continue;
        signal?.throwIfAborted();
        try {
          this.#digests.set(message, await identityOf(image, message.path, signal));
        } catch (error) {
          if (!isImageError(error)) throw error;
          // Renamed since it was listed: the next listing has it under its new name.
          this.#unreadable.set(message, error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(readsAtOnce, messages.length) }, work));
  }
}

function areInOneFolder(a: MailboxMessage, b: MailboxMessage): boolean {
  return a.below === b.below;
}

function areAlike(a: MailboxMessage, b: MailboxMessage): boolean {
  const sameFlags = a.name.slice(a.base.length) === b.name.slice(b.base.length);
  return areInOneFolder(a, b) && a.part === b.part && sameFlags;
}

/** The one in the same folder, of these the one of the same name, of these the one with the same flags. */
function nearest(
  message: MailboxMessage,
  candidates: readonly MailboxMessage[],
): MailboxMessage | undefined {
  let best: MailboxMessage | undefined;
  let bestScore = -1;
  for (const candidate of candidates) {
    const score =
      (candidate.below === message.below ? 4 : 0) +
      (candidate.base === message.base ? 2 : 0) +
      (candidate.name === message.name ? 1 : 0);
    if (score <= bestScore) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}

function forgetGone(free: Set<MailboxMessage>, now: Mailbox): void {
  const paths = new Set(now.messages.map(({ path }) => path));
  for (const message of free) if (!paths.has(message.path)) free.delete(message);
}

function groupBy<Key>(
  messages: Iterable<MailboxMessage>,
  keyOf: (message: MailboxMessage) => Key,
): Map<Key, MailboxMessage[]> {
  const groups = new Map<Key, MailboxMessage[]>();
  for (const message of messages) {
    const key = keyOf(message);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [message]);
    else group.push(message);
  }
  return groups;
}
