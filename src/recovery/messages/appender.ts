import { endsAll, isLivingError, type LivingError } from "../living/living-error.ts";
import type { LivingAccount, MailboxState, NewMessage } from "../living/living-account.ts";
import { livingIdentityOf } from "../living/living-identity.ts";
import type { FlagSet } from "./message-plan.ts";
import type { AppendItem, RestoreJournal } from "./restore-journal.ts";

export type MessageToAppend = {
  readonly identity: string;
  readonly bytes: Uint8Array;
  readonly flags: FlagSet;
  readonly internalDateSeconds?: number;
  /** The number of the removed message that this brings back, in an undo. */
  readonly restores?: number;
};

export type AppendOutcome = { readonly uid: number } | { readonly failure: string };

type Item = AppendItem & { readonly message: MessageToAppend };
type Floor = MailboxState & { readonly uidNext: number };

/** How often a message is sent when connections break in the middle. */
const sendings = 3;

/**
 * Appends messages so that none is ever there twice: what is going to be appended is on record before
 * the server is asked; where its answer is missing, the mailbox is looked at. Each is read back.
 */
export class Appender {
  readonly #living: LivingAccount;
  readonly #journal: RestoreJournal;
  readonly #signal: AbortSignal | undefined;
  /** UIDs that were appended by this job. */
  readonly #known = new Set<string>();

  constructor(
    living: LivingAccount,
    journal: RestoreJournal,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ) {
    this.#living = living;
    this.#journal = journal;
    this.#signal = signal;
  }

  /** One outcome for each message, in order. Messages of one call are on record at once: keep them few. */
  async append(
    floor: Floor,
    messages: readonly MessageToAppend[],
  ): Promise<readonly AppendOutcome[]> {
    const items = messages.map((message): Item => {
      const { identity, restores } = message;
      return {
        n: this.#journal.number(),
        identity,
        sizeBytes: message.bytes.length,
        ...(restores === undefined ? {} : { restores }),
        message,
      };
    });
    await this.#journal.willAppend(
      floor,
      items.map(({ message, ...item }) => ({ ...item, sizeBytes: message.bytes.length })),
    );
    const outcomes = new Map<Item, AppendOutcome>();
    const untold: Item[] = [];
    for (const item of items) {
      this.#signal?.throwIfAborted();
      const outcome = await this.#send(floor, item);
      if (outcome === "untold") untold.push(item);
      else outcomes.set(item, outcome);
    }
    const found = await this.#find(floor, untold);
    for (const item of untold) {
      const uid = found.get(item);
      if (uid === undefined)
        outcomes.set(item, { failure: "The server took it and does not show it" });
      else outcomes.set(item, await this.#appended(floor, item, uid));
    }
    await this.#verify(floor, outcomes);
    return items.map((item) => outcomes.get(item) as AppendOutcome);
  }

  async #send(floor: Floor, item: Item): Promise<AppendOutcome | "untold"> {
    for (let sending = 1; ; sending++) {
      try {
        const told = await this.#living.append(floor.name, newMessage(item.message));
        if (told.uid === undefined) return "untold";
        if (told.uidValidity !== floor.uidValidity)
          return { failure: "The mailbox was made anew meanwhile" };
        return await this.#appended(floor, item, told.uid);
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (!isLivingError(error)) throw error;
        if (error.code !== "living.lost") return await this.#refused(item, error);
        // Nobody knows whether the server has it.
        const uid = (await this.#find(floor, [item])).get(item);
        if (uid !== undefined) return await this.#appended(floor, item, uid);
        if (sending === sendings) return await this.#refused(item, error);
      }
    }
  }

  async #appended(floor: Floor, item: Item, uid: number): Promise<AppendOutcome> {
    this.#known.add(`${floor.name}\0${uid}`);
    await this.#journal.appended(item.n, uid);
    return { uid };
  }

  async #refused(item: Item, error: LivingError): Promise<AppendOutcome> {
    await this.#journal.refused(item.n);
    return { failure: error.message };
  }

  async #find(floor: Floor, items: readonly Item[]): Promise<ReadonlyMap<Item, number>> {
    if (items.length === 0) return new Map();
    const isKnown = (uid: number): boolean => this.#known.has(`${floor.name}\0${uid}`);
    return await findAppended(this.#living, floor, { items, isKnown, signal: this.#signal });
  }

  /** A message that the server keeps in another form would never be known again: it goes. */
  async #verify(floor: Floor, outcomes: Map<Item, AppendOutcome>): Promise<void> {
    const byUid = new Map<number, Item>();
    for (const [item, outcome] of outcomes) if ("uid" in outcome) byUid.set(outcome.uid, item);
    const uids = [...byUid.keys()];
    if (uids.length === 0) return;
    const wrong: [Item, number][] = [];
    for await (const { uid, bytes } of this.#living.read(floor, uids, this.#signal)) {
      const item = byUid.get(uid);
      byUid.delete(uid);
      if (item === undefined) continue;
      if (bytes !== undefined && livingIdentityOf(bytes) === item.identity) continue;
      wrong.push([item, uid]);
    }
    for (const [item, uid] of wrong) outcomes.set(item, await this.#takeBack(floor, item, uid));
    for (const item of byUid.values())
      outcomes.set(item, { failure: "It was appended, and somebody removed it at once" });
  }

  async #takeBack(floor: Floor, item: Item, uid: number): Promise<AppendOutcome> {
    const failure = `The server does not keep it as it is${reasonFor(item.message.bytes)}`;
    try {
      await this.#living.remove(floor, [uid]);
    } catch (error) {
      if (!isLivingError(error) || endsAll(error)) throw error;
      return { failure: `${failure}; what it made of it stays as UID ${uid}: ${error.message}` };
    }
    await this.#journal.taken([item.n]);
    return { failure: `${failure}; what it made of it was removed again` };
  }
}

/** Cyrus writes an X in place of each such byte, unless it is told not to. */
function reasonFor(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = text.indexOf("\r\n\r\n");
  const header = end < 0 ? text : text.subarray(0, end);
  if (!header.some((byte) => byte >= 0x80)) return "";
  return ": its header has bytes beyond ASCII, which a Cyrus changes unless imapd.conf has munge8bit: no";
}

function newMessage({ bytes, flags, internalDateSeconds }: MessageToAppend): NewMessage {
  return {
    bytes,
    flags: flags.filter((flag) => flag.startsWith("\\")),
    keywords: flags.filter((flag) => !flag.startsWith("\\")),
    ...(internalDateSeconds === undefined ? {} : { internalDateSeconds }),
  };
}

export type FindAppendedOptions<Wanted> = {
  readonly items: readonly Wanted[];
  /** UIDs that belong to others. */
  readonly isKnown: (uid: number) => boolean;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Which of these messages the server holds, of those that came into the mailbox since `floor.uidNext`:
 * the UID of each. Nothing where the mailbox is not there, or was made anew.
 */
export async function findAppended<Wanted extends Pick<AppendItem, "identity" | "sizeBytes">>(
  living: LivingAccount,
  floor: Floor,
  { items, isKnown, signal }: FindAppendedOptions<Wanted>,
): Promise<ReadonlyMap<Wanted, number>> {
  const found = new Map<Wanted, number>();
  const listed = await living.messages(floor.name, signal).catch((error: unknown) => {
    if (isLivingError(error, "living.no-mailbox")) return undefined;
    throw error;
  });
  if (listed === undefined || listed.uidValidity !== floor.uidValidity) return found;
  const sizes = new Set(items.map(({ sizeBytes }) => sizeBytes));
  const candidates = listed.messages.filter(
    ({ uid, sizeBytes }) => uid >= floor.uidNext && sizes.has(sizeBytes) && !isKnown(uid),
  );
  const waiting = Map.groupBy(items, ({ identity }) => identity);
  const uids = candidates.map(({ uid }) => uid);
  const read: { readonly uid: number; readonly identity: string }[] = [];
  for await (const { uid, bytes } of living.read(listed, uids, signal)) {
    if (bytes !== undefined) read.push({ uid, identity: livingIdentityOf(bytes) });
  }
  for (const { uid, identity } of read.toSorted((a, b) => a.uid - b.uid)) {
    const item = waiting.get(identity)?.shift();
    if (item !== undefined) found.set(item, uid);
  }
  return found;
}
