/*
 * What a restore of messages writes into its job's journal, one JSON object a line. Intents are on
 * stable storage before the server is asked; outcomes follow, and where one is missing the server is
 * looked at.
 *
 *   head      location, mode, flags                        of the job, with what is in every head
 *   mailbox   name                                          is going to be made
 *   made      name, isNew
 *   append    mailbox, uidValidity, uidNext, items          are going to be appended; what comes has uidNext or more
 *   appended  n, uid
 *   refused   n                                             the server does not hold it
 *   taken     n                                             it was removed again
 *   flags     mailbox, uidValidity, items: uid, before, after
 *   remove    mailbox, uidValidity, items: n, uid, identity, flags, date, kept     bytes are kept as `kept`
 *   removed   ns                                            they are gone
 *   stays     ns                                            they were not removed
 *   done      counts
 *   undo                                                    an undo began
 *   undone    counts
 */
import type { Job, JobLine } from "#records";
import type { MailboxState } from "../living/living-account.ts";
import type { FlagSet } from "./message-plan.ts";

export const messageJobKind = "messages";

/** A message that is going to be appended. */
export type AppendItem = {
  /** Counts within the job. */
  readonly n: number;
  readonly identity: string;
  /** With CRLF line ends. */
  readonly sizeBytes: number;
  /** The number of the removed message that this brings back, in an undo. */
  readonly restores?: number;
};

export type AppendRecord = MailboxState &
  AppendItem & {
    readonly uidNext: number;
    /** Where it lies; undefined while nobody knows whether it was appended. */
    uid?: number;
    state: "intended" | "appended" | "refused" | "taken";
  };

export type FlagRecord = MailboxState & {
  readonly uid: number;
  readonly before: FlagSet;
  readonly after: FlagSet;
};

export type RemoveItem = {
  readonly n: number;
  readonly uid: number;
  readonly identity: string;
  readonly flags: FlagSet;
  readonly date?: number;
  /** What its bytes are kept as. */
  readonly kept: string;
};

export type RemoveRecord = MailboxState &
  RemoveItem & {
    /** `intended` while nobody knows whether it was removed. */
    state: "intended" | "removed" | "stays";
  };

/** What a journal says, read to its end. */
export type JournalState = {
  readonly location: string;
  readonly mailboxes: Set<string>;
  readonly appends: Map<number, AppendRecord>;
  readonly flags: FlagRecord[];
  readonly removes: Map<number, RemoveRecord>;
  isDone: boolean;
  isUndone: boolean;
  next: number;
};

/** Writes lines of a job, each kind in one place. */
export class RestoreJournal {
  readonly #job: Job;
  #next: number;

  constructor(job: Job, next = 1) {
    this.#job = job;
    this.#next = next;
  }

  get id(): string {
    return this.#job.id;
  }

  number(): number {
    return this.#next++;
  }

  async willMake(name: string): Promise<void> {
    await this.#job.write([{ is: "mailbox", name }], { durable: true });
  }

  async made(name: string, isNew: boolean): Promise<void> {
    await this.#job.write([{ is: "made", name, isNew }], { durable: false });
  }

  async willAppend(
    mailbox: MailboxState & { readonly uidNext: number },
    items: readonly AppendItem[],
  ): Promise<void> {
    const { name, uidValidity, uidNext } = mailbox;
    const line = { is: "append", mailbox: name, uidValidity, uidNext, items };
    await this.#job.write([line], { durable: true });
  }

  async appended(n: number, uid: number): Promise<void> {
    await this.#job.write([{ is: "appended", n, uid }], { durable: false });
  }

  async refused(n: number): Promise<void> {
    await this.#job.write([{ is: "refused", n }], { durable: false });
  }

  async taken(ns: readonly number[]): Promise<void> {
    await this.#job.write(
      ns.map((n) => ({ is: "taken", n })),
      { durable: false },
    );
  }

  async willChangeFlags(
    { name, uidValidity }: MailboxState,
    items: readonly Pick<FlagRecord, "uid" | "before" | "after">[],
  ): Promise<void> {
    const lines = items.map(({ uid, before, after }) => ({ uid, before, after }));
    await this.#job.write([{ is: "flags", mailbox: name, uidValidity, items: lines }], {
      durable: true,
    });
  }

  /** Bytes of a message that is going to be removed; they are safe when this returns. */
  async keep(n: number, bytes: Uint8Array): Promise<string> {
    const name = `${n}.eml`;
    await this.#job.keep(name, bytes);
    return name;
  }

  async kept(name: string): Promise<Uint8Array> {
    return await this.#job.kept(name);
  }

  async willRemove(
    { name, uidValidity }: MailboxState,
    items: readonly RemoveItem[],
  ): Promise<void> {
    await this.#job.write([{ is: "remove", mailbox: name, uidValidity, items }], { durable: true });
  }

  async removed(ns: readonly number[]): Promise<void> {
    await this.#job.write([{ is: "removed", ns }], { durable: false });
  }

  async stays(ns: readonly number[]): Promise<void> {
    await this.#job.write([{ is: "stays", ns }], { durable: false });
  }

  async done(counts: object): Promise<void> {
    await this.#job.write([{ is: "done", counts }], { durable: true });
  }

  async willUndo(): Promise<void> {
    await this.#job.write([{ is: "undo" }], { durable: true });
  }

  async undone(counts: object): Promise<void> {
    await this.#job.write([{ is: "undone", counts }], { durable: true });
  }
}

/** Reads a journal. It was written by this program and is its owner's alone, so that its fields are trusted. */
export async function readJournal(lines: AsyncIterable<JobLine>): Promise<JournalState> {
  const state: JournalState = {
    location: "",
    mailboxes: new Set(),
    appends: new Map(),
    flags: [],
    removes: new Map(),
    isDone: false,
    isUndone: false,
    next: 1,
  };
  let location = "";
  for await (const line of lines) {
    if (line.is === "head") location = textOf(line["location"]);
    else takeIn(state, line);
  }
  return { ...state, location };
}

function takeIn(state: JournalState, line: JobLine): void {
  const n = Number(line["n"]);
  const append = state.appends.get(n);
  switch (line.is) {
    case "mailbox":
      state.mailboxes.add(textOf(line["name"]));
      break;
    case "made":
      if (line["isNew"] !== true) state.mailboxes.delete(textOf(line["name"]));
      break;
    case "append":
      for (const item of itemsOf<AppendItem>(line)) {
        const uidNext = Number(line["uidNext"]);
        state.appends.set(item.n, { ...item, ...mailboxOf(line), uidNext, state: "intended" });
        state.next = Math.max(state.next, item.n + 1);
      }
      break;
    case "appended":
      if (append !== undefined) Object.assign(append, { uid: Number(line["uid"]), state: line.is });
      break;
    case "refused":
    case "taken":
      if (append !== undefined) append.state = line.is;
      break;
    case "flags":
      for (const item of itemsOf<FlagRecord>(line))
        state.flags.push({ ...item, ...mailboxOf(line) });
      break;
    case "remove":
      for (const item of itemsOf<RemoveItem>(line)) {
        state.removes.set(item.n, { ...item, ...mailboxOf(line), state: "intended" });
        state.next = Math.max(state.next, item.n + 1);
      }
      break;
    case "removed":
    case "stays":
      for (const number of Array.isArray(line["ns"]) ? line["ns"] : []) {
        const remove = state.removes.get(Number(number));
        if (remove !== undefined) remove.state = line.is;
      }
      break;
    case "done":
      state.isDone = true;
      break;
    case "undone":
      state.isUndone = true;
      break;
  }
}

function mailboxOf(line: JobLine): MailboxState {
  return { name: textOf(line["mailbox"]), uidValidity: Number(line["uidValidity"]) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function itemsOf<Item>(line: JobLine): readonly Item[] {
  const items = line["items"];
  return Array.isArray(items) ? (items as Item[]) : [];
}
