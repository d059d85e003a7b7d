import {
  type AppendedMessage,
  type FlagChange,
  type LivingAccount,
  type LivingBytes,
  type LivingMailbox,
  type LivingMessages,
  type MailboxState,
  messageIdKey,
  type NewMessage,
  splitFlags,
} from "./living-account.ts";
import { readHeaders } from "#mail";
import { LivingError, noMailbox, otherUidValidity } from "./living-error.ts";

export type MemoryMessage = {
  readonly bytes: Uint8Array;
  flags: ReadonlySet<string>;
  readonly internalDateSeconds: number;
};

export type MemoryMailbox = {
  uidValidity: number;
  uidNext: number;
  isSubscribed: boolean;
  readonly messages: Map<number, MemoryMessage>;
};

export type MemoryAccountOptions = {
  /** Between levels of mailboxes' names on this server; names here have "/" all the same. */
  readonly separator?: string;
  /** Whether it tells the UID of what was appended. Default: true. */
  readonly tellsUids?: boolean;
  /** Larger messages are refused. */
  readonly appendLimitBytes?: number;
  /** Called before each change, and after it with `isDone`: may throw what a connection throws. */
  readonly onChange?: (change: MemoryChange) => void;
  /** The clock of what is appended without a date. Default: 0. */
  readonly nowSeconds?: () => number;
};

export type MemoryChange = {
  readonly kind: "append" | "flags" | "remove" | "create" | "removeEmpty";
  readonly mailbox: string;
  readonly isDone: boolean;
};

/** A server's account in memory, for tests of what is above it: its mailboxes stay when it is closed. */
export class MemoryAccount implements LivingAccount {
  readonly location: string = "memory://account";
  readonly boxes: Map<string, MemoryMailbox> = new Map();
  /** UIDs whose bytes the server does not give out. */
  readonly unreadable: Set<number> = new Set();
  /** UIDs whose bytes were asked for, with their mailbox: "INBOX 3". */
  readonly bytesRead: string[] = [];
  readonly #options: MemoryAccountOptions;
  #nextUidValidity = 1000;

  constructor(options: MemoryAccountOptions = {}) {
    this.#options = options;
    this.#make("INBOX", true);
  }

  /** Made where it is not there. */
  box(name: string): MemoryMailbox {
    if (!this.boxes.has(name)) this.#make(name, true);
    return this.boxes.get(name) as MemoryMailbox;
  }

  async mailboxes(): Promise<readonly LivingMailbox[]> {
    return [...this.boxes.keys()].sort().map((name) => ({ name }));
  }

  nameHere(name: string): string {
    if (name.toUpperCase() === "INBOX") return "INBOX";
    const { separator = "/" } = this.#options;
    if (separator === "/") return name;
    return name
      .split("/")
      .map((level) => level.replaceAll(separator, "_"))
      .join("/");
  }

  async messages(name: string): Promise<LivingMessages> {
    const { uidValidity, uidNext, messages } = this.#box(name);
    return {
      name,
      uidValidity,
      uidNext,
      messages: [...messages].map(([uid, { bytes, flags, internalDateSeconds }]) => ({
        uid,
        ...splitFlags(flags),
        internalDateSeconds,
        sizeBytes: bytes.length,
      })),
    };
  }

  async messageIds(
    mailbox: MailboxState,
    uids: readonly number[],
  ): Promise<ReadonlyMap<number, string>> {
    const { messages } = this.#same(mailbox);
    const found = new Map<number, string>();
    for (const uid of uids) {
      const message = messages.get(uid);
      if (message === undefined) continue;
      const fields = readHeaders(message.bytes).fields;
      const values = fields.filter(({ name }) => name.toLowerCase() === "message-id");
      found.set(uid, messageIdKey(values.map(({ value }) => value)));
    }
    return found;
  }

  async *read(mailbox: MailboxState, uids: readonly number[]): AsyncGenerator<LivingBytes> {
    const { messages } = this.#same(mailbox);
    for (const uid of uids) {
      this.bytesRead.push(`${mailbox.name} ${uid}`);
      const message = messages.get(uid);
      if (message === undefined) continue;
      yield this.unreadable.has(uid) ? { uid } : { uid, bytes: message.bytes };
    }
  }

  async append(name: string, message: NewMessage): Promise<AppendedMessage> {
    const box = this.#box(name);
    const { appendLimitBytes = Infinity, tellsUids = true, nowSeconds = () => 0 } = this.#options;
    if (message.bytes.length > appendLimitBytes) {
      throw new LivingError("living.rejected", `Cannot append to "${name}": too large`);
    }
    this.#change("append", name, () => {
      box.messages.set(box.uidNext, {
        bytes: message.bytes.slice(),
        flags: new Set([...message.flags, ...message.keywords]),
        internalDateSeconds: message.internalDateSeconds ?? nowSeconds(),
      });
      box.uidNext += 1;
    });
    return tellsUids ? { uid: box.uidNext - 1, uidValidity: box.uidValidity } : {};
  }

  async changeFlags(mailbox: MailboxState, { uid, add, remove }: FlagChange): Promise<void> {
    const message = this.#same(mailbox).messages.get(uid);
    if (message === undefined) return;
    this.#change("flags", mailbox.name, () => {
      const flags = new Set([...message.flags, ...add]);
      for (const flag of remove) flags.delete(flag);
      message.flags = flags;
    });
  }

  async remove(mailbox: MailboxState, uids: readonly number[]): Promise<void> {
    const { messages } = this.#same(mailbox);
    this.#change("remove", mailbox.name, () => {
      for (const uid of uids) messages.delete(uid);
    });
  }

  async create(
    name: string,
    { subscribe }: { readonly subscribe: boolean },
  ): Promise<{ isNew: boolean }> {
    if (this.boxes.has(name)) return { isNew: false };
    this.#change("create", name, () => {
      const levels = name.split("/");
      for (let depth = 1; depth < levels.length; depth++) {
        const above = levels.slice(0, depth).join("/");
        if (!this.boxes.has(above)) this.#make(above, false);
      }
      this.#make(name, subscribe);
    });
    return { isNew: true };
  }

  async removeEmpty(name: string): Promise<boolean> {
    const box = this.boxes.get(name);
    if (box === undefined || box.messages.size > 0 || name === "INBOX") return false;
    if ([...this.boxes.keys()].some((other) => other.startsWith(`${name}/`))) return false;
    this.#change("removeEmpty", name, () => this.boxes.delete(name));
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #make(name: string, isSubscribed: boolean): void {
    const uidValidity = this.#nextUidValidity++;
    this.boxes.set(name, { uidValidity, uidNext: 1, isSubscribed, messages: new Map() });
  }

  #box(name: string): MemoryMailbox {
    const box = this.boxes.get(name);
    if (box === undefined) throw noMailbox(this.location, name);
    return box;
  }

  #same({ name, uidValidity }: MailboxState): MemoryMailbox {
    const box = this.#box(name);
    if (box.uidValidity !== uidValidity) throw otherUidValidity(this.location, name);
    return box;
  }

  #change(kind: MemoryChange["kind"], mailbox: string, work: () => void): void {
    this.#options.onChange?.({ kind, mailbox, isDone: false });
    work();
    this.#options.onChange?.({ kind, mailbox, isDone: true });
  }
}
