import type { ImapFlow, FetchMessageObject } from "imapflow";
import { readHeaders } from "#mail";
import {
  type AppendedMessage,
  type FlagChange,
  type LivingAccount,
  type LivingBytes,
  type LivingMailbox,
  type LivingMessage,
  type LivingMessages,
  type MailboxState,
  messageIdKey,
  type NewMessage,
  splitFlags,
} from "../living-account.ts";
import { LivingError, otherUidValidity } from "../living-error.ts";
import { ImapConnection } from "./imap-connection.ts";
import { type ImapNamespace, nameHere, nameOfPath, namespaceOf, pathOfName } from "./imap-names.ts";
import type { ImapLogin, ImapServer } from "./imap-server.ts";

/** Messages that one FETCH names; longer lists make lines that servers refuse. */
const bodiesAtOnce = 50;
const headersAtOnce = 500;

export type ImapAccountOptions = ImapLogin & {
  readonly server: ImapServer;
  readonly signal?: AbortSignal;
};

/** Logs in to a running server as one owner. Throws LivingError where that cannot be done. */
export async function openImapAccount({
  server,
  signal,
  ...login
}: ImapAccountOptions): Promise<LivingAccount> {
  const connection = new ImapConnection(server, login, signal);
  const client = await connection.connected();
  return new ImapAccount(connection, namespaceOf(client));
}

type Selected = {
  readonly client: ImapFlow;
  readonly uidValidity: number;
  readonly uidNext: number;
};

class ImapAccount implements LivingAccount {
  readonly location: string;
  readonly #connection: ImapConnection;
  readonly #namespace: ImapNamespace;

  constructor(connection: ImapConnection, namespace: ImapNamespace) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.location = connection.location;
  }

  async mailboxes(): Promise<readonly LivingMailbox[]> {
    const listed = await this.#connection.run(
      async (client) => await client.list({ listOnly: true }),
      { what: "list the mailboxes" },
    );
    const names = listed.flatMap(({ path, flags }) => {
      const isPlace = [...flags].some((flag) => /^\\(?:noselect|nonexistent)$/i.test(flag));
      const name = isPlace ? undefined : nameOfPath(path, this.#namespace);
      return name === undefined ? [] : [name];
    });
    return [...new Set(names)].sort().map((name) => ({ name }));
  }

  nameHere(name: string): string {
    return nameHere(name, this.#namespace);
  }

  async messages(name: string): Promise<LivingMessages> {
    return await this.#connection.run(
      async (client) => {
        const { uidValidity, uidNext } = await this.#select(client, name, { readOnly: true });
        const messages: LivingMessage[] = [];
        const items = { uid: true, flags: true, internalDate: true, size: true };
        if (client.mailbox !== false && client.mailbox.exists > 0) {
          for await (const found of client.fetch("1:*", items)) {
            const message = livingMessage(found);
            if (message !== undefined) messages.push(message);
          }
        }
        messages.sort((a, b) => a.uid - b.uid);
        const last = messages.at(-1)?.uid ?? 0;
        return { name, uidValidity, uidNext: Math.max(uidNext, last + 1), messages };
      },
      { what: `list the messages of "${name}"` },
    );
  }

  async messageIds(
    mailbox: MailboxState,
    uids: readonly number[],
  ): Promise<ReadonlyMap<number, string>> {
    const found = new Map<number, string>();
    for (let at = 0; at < uids.length; at += headersAtOnce) {
      const part = uids.slice(at, at + headersAtOnce);
      await this.#onMailbox(mailbox, "read headers", async (client) => {
        const items = { uid: true, headers: ["message-id"] };
        for await (const { uid, headers } of fetched(client, part, items)) {
          const { fields } = readHeaders(headers ?? new Uint8Array());
          const values = fields.filter((field) => field.name.toLowerCase() === "message-id");
          found.set(uid, messageIdKey(values.map(({ value }) => value)));
        }
      });
    }
    return found;
  }

  /** A message that breaks the connection, or that the server refuses to give out, must not keep the others. */
  async *read(
    mailbox: MailboxState,
    uids: readonly number[],
    signal?: AbortSignal,
  ): AsyncGenerator<LivingBytes> {
    let waiting = [...uids];
    let atOnce = bodiesAtOnce;
    let failedUid: number | undefined;
    while (waiting.length > 0) {
      signal?.throwIfAborted();
      const batch = new Set(waiting.slice(0, atOnce));
      const [first] = batch as ReadonlySet<number> as unknown as Iterable<number>;
      try {
        const client = await this.#connection.run(
          async (connected) => {
            await this.#sameMailbox(connected, mailbox, { readOnly: true });
            return connected;
          },
          { what: `open "${mailbox.name}"` },
        );
        for await (const { uid, source } of fetched(client, [...batch], {
          uid: true,
          source: true,
        })) {
          if (!batch.delete(uid)) continue;
          waiting = waiting.filter((other) => other !== uid);
          yield source === undefined ? { uid } : { uid, bytes: source };
        }
        // What did not come is gone.
        waiting = waiting.filter((uid) => !batch.has(uid));
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof LivingError) throw error;
        if (atOnce > 1) atOnce = 1;
        else if (failedUid !== first) failedUid = first;
        else {
          waiting = waiting.filter((uid) => uid !== first);
          if (await this.#isThere(mailbox, first as number)) yield { uid: first as number };
        }
      }
    }
  }

  async append(name: string, message: NewMessage): Promise<AppendedMessage> {
    const { bytes, flags, keywords, internalDateSeconds } = message;
    const date =
      internalDateSeconds === undefined ? undefined : new Date(internalDateSeconds * 1000);
    const path = pathOfName(name, this.#namespace);
    const told = await this.#connection.run(
      async (client) => {
        const answer = await client.append(path, Buffer.from(bytes), [...flags, ...keywords], date);
        if (answer === false || answer === undefined) throw new Error("not logged in any more");
        return answer;
      },
      { what: `append to "${name}"`, isRepeatable: false },
    );
    if (told.uid === undefined || told.uidValidity === undefined) return {};
    return { uid: told.uid, uidValidity: Number(told.uidValidity) };
  }

  async changeFlags(mailbox: MailboxState, { uid, add, remove }: FlagChange): Promise<void> {
    const range = String(uid);
    const options = { uid: true, silent: true } as const;
    await this.#onMailbox(
      mailbox,
      "change flags",
      async (client) => {
        if (add.length > 0) {
          const isDone = await client.messageFlagsAdd(range, [...add], options);
          if (!isDone) throw notDone(client, mailbox, "set flags");
        }
        if (remove.length > 0) {
          const isDone = await client.messageFlagsRemove(range, [...remove], options);
          if (!isDone) throw notDone(client, mailbox, "take flags away");
        }
      },
      { readOnly: false },
    );
  }

  async remove(mailbox: MailboxState, uids: readonly number[]): Promise<void> {
    for (let at = 0; at < uids.length; at += headersAtOnce) {
      const part = uids.slice(at, at + headersAtOnce).join(",");
      await this.#onMailbox(
        mailbox,
        "remove messages",
        async (client) => {
          // A plain EXPUNGE would take what others have marked along.
          if (!client.capabilities.has("UIDPLUS")) throw cannotRemove(this.location, mailbox);
          const isDone = await client.messageDelete(part, { uid: true });
          if (!isDone) throw notDone(client, mailbox, "remove messages");
        },
        { readOnly: false },
      );
    }
  }

  async create(
    name: string,
    { subscribe }: { readonly subscribe: boolean },
  ): Promise<{ isNew: boolean }> {
    const path = pathOfName(name, this.#namespace);
    return await this.#connection.run(
      async (client) => {
        try {
          const { created } = await client.mailboxCreate(path);
          if (!created) return { isNew: false };
        } catch (error) {
          if (client.usable && (await this.#has(client, name))) return { isNew: false };
          throw error;
        }
        // The client has subscribed to it.
        if (!subscribe) await client.mailboxUnsubscribe(path);
        return { isNew: true };
      },
      { what: `make the mailbox "${name}"` },
    );
  }

  async removeEmpty(name: string): Promise<boolean> {
    const path = pathOfName(name, this.#namespace);
    return await this.#connection.run(
      async (client) => {
        if (name === "INBOX" || !(await this.#has(client, name))) return false;
        const listed = await client.list({ listOnly: true });
        const names = listed.map((one) => nameOfPath(one.path, this.#namespace));
        if (names.some((other) => other?.startsWith(`${name}/`) === true)) return false;
        // Looked at right before: DELETE takes what is in it along.
        const status = await client.status(path, { messages: true });
        if (status === false || status.messages !== 0) return false;
        await client.mailboxDelete(path);
        await client.mailboxUnsubscribe(path);
        return true;
      },
      { what: `remove the mailbox "${name}"` },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  async #has(client: ImapFlow, name: string): Promise<boolean> {
    const listed = await client.list({ listOnly: true });
    return listed.some(
      ({ path, flags }) =>
        nameOfPath(path, this.#namespace) === name &&
        ![...flags].some((flag) => /^\\(?:noselect|nonexistent)$/i.test(flag)),
    );
  }

  async #isThere(mailbox: MailboxState, uid: number): Promise<boolean> {
    let isThere = false;
    await this.#onMailbox(mailbox, "look for a message", async (client) => {
      for await (const found of fetched(client, [uid], { uid: true }))
        isThere ||= found.uid === uid;
    });
    return isThere;
  }

  async #onMailbox(
    mailbox: MailboxState,
    what: string,
    work: (client: ImapFlow) => Promise<void>,
    { readOnly = true }: { readonly readOnly?: boolean } = {},
  ): Promise<void> {
    await this.#connection.run(
      async (client) => {
        await this.#sameMailbox(client, mailbox, { readOnly });
        await work(client);
      },
      { what: `${what} in "${mailbox.name}"` },
    );
  }

  async #sameMailbox(
    client: ImapFlow,
    mailbox: MailboxState,
    { readOnly }: { readonly readOnly: boolean },
  ): Promise<void> {
    const { uidValidity } = await this.#select(client, mailbox.name, { readOnly, mayBeOpen: true });
    if (uidValidity !== mailbox.uidValidity) throw otherUidValidity(this.location, mailbox.name);
  }

  async #select(
    client: ImapFlow,
    name: string,
    { readOnly, mayBeOpen = false }: { readonly readOnly: boolean; readonly mayBeOpen?: boolean },
  ): Promise<Selected> {
    const path = pathOfName(name, this.#namespace);
    const open = client.mailbox;
    if (mayBeOpen && open !== false && open.path === path && (readOnly || open.readOnly !== true))
      return { client, uidValidity: Number(open.uidValidity), uidNext: open.uidNext };
    const { uidValidity, uidNext } = await client.mailboxOpen(path, { readOnly });
    return { client, uidValidity: Number(uidValidity), uidNext };
  }
}

type Fetched = FetchMessageObject & { readonly uid: number };

async function* fetched(
  client: ImapFlow,
  uids: readonly number[],
  items: Parameters<ImapFlow["fetch"]>[1],
): AsyncGenerator<Fetched> {
  for await (const message of client.fetch(uids.join(","), items, { uid: true })) {
    const { uid } = message;
    if (uid !== undefined) yield { ...message, uid };
  }
}

function livingMessage({
  uid,
  flags,
  internalDate,
  size,
}: FetchMessageObject): LivingMessage | undefined {
  if (uid === undefined) return undefined;
  const ms = internalDate instanceof Date ? internalDate.getTime() : Number.NaN;
  return {
    uid,
    ...splitFlags(flags ?? []),
    internalDateSeconds: Number.isNaN(ms) ? undefined : Math.floor(ms / 1000),
    sizeBytes: size ?? 0,
  };
}

/** The client says only that it was not done; where the connection broke, it is done again. */
function notDone(client: ImapFlow, { name }: MailboxState, what: string): Error {
  if (!client.usable) return new Error("the connection broke");
  return new LivingError("living.failed", `Cannot ${what} in "${name}": the server did not do it`, {
    hint: "Look at the server's log, and at the rights on the mailbox.",
  });
}

function cannotRemove(location: string, { name }: MailboxState): LivingError {
  return new LivingError(
    "living.cannot-remove",
    `Cannot remove messages from "${name}" of "${location}": the server cannot remove single ones (no UIDPLUS)`,
    { hint: "Remove them with a mail program; nothing was removed." },
  );
}
