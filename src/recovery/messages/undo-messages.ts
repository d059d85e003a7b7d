import type { Job } from "#records";
import { endsAll, isLivingError } from "../living/living-error.ts";
import type { LivingAccount, LivingMessages, MailboxState } from "../living/living-account.ts";
import { livingIdentityOf } from "../living/living-identity.ts";
import { Appender, findAppended, type MessageToAppend } from "./appender.ts";
import { flagChange, haveSameFlags, livingFlags } from "./flag-policy.ts";
import {
  type AppendRecord,
  type FlagRecord,
  type JournalState,
  readJournal,
  type RemoveRecord,
  RestoreJournal,
} from "./restore-journal.ts";

export type UndoMessagesOptions = {
  readonly living: LivingAccount;
  readonly job: Job;
  /** Look only. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
};

export type UndoCounts = {
  /** Messages that the restore had created. */
  readonly removed: number;
  /** Messages whose flags are as before. */
  readonly flagsBack: number;
  /** Messages that the restore had removed. */
  readonly putBack: number;
  readonly mailboxesRemoved: number;
  /** What is not as the restore left it, so that it stays. */
  readonly left: number;
  readonly failed: number;
};

export type UndoResult = { readonly counts: UndoCounts; readonly notes: readonly string[] };

const messagesAtOnce = 64;

/**
 * Puts an account back as it was before a restore, finished or interrupted: removes the messages that
 * it created and that are still what it appended; gives flags back where they still are as it left
 * them; appends what it removed; removes the mailboxes that it made where they are empty. What
 * anybody changed since stays. Run again after it was interrupted, it goes on.
 */
export async function undoMessages(options: UndoMessagesOptions): Promise<UndoResult> {
  const state = await readJournal(options.job.lines());
  const undo = new Undo(state, options);
  return await undo.run();
}

/**
 * Looks what became of messages of which an interrupted restore does not know whether the server has
 * them, and takes it down: later it could not be told from what other runs append.
 */
export async function settleMessages({
  living,
  job,
  signal,
}: Omit<UndoMessagesOptions, "dryRun">): Promise<void> {
  const state = await readJournal(job.lines());
  await settle(state, { living, journal: new RestoreJournal(job, state.next), signal });
}

type Settling = {
  readonly living: LivingAccount;
  /** Absent: nothing is taken down. */
  readonly journal?: RestoreJournal | undefined;
  readonly signal?: AbortSignal | undefined;
};

async function settle(state: JournalState, settling: Settling): Promise<void> {
  await settleAppends(state, settling);
  await settleRemoves(state, settling);
}

/** What is still there under its UID was not removed. */
async function settleRemoves(
  { removes }: JournalState,
  { living, journal, signal }: Settling,
): Promise<void> {
  const open = [...removes.values()].filter(({ state }) => state === "intended");
  for (const records of byPlace(open)) {
    const { name, uidValidity } = records[0] as RemoveRecord;
    const box = await messagesIfThere(living, name, signal);
    const there = new Set(
      box?.uidValidity === uidValidity ? box.messages.map(({ uid }) => uid) : [],
    );
    for (const record of records) record.state = there.has(record.uid) ? "stays" : "removed";
    const [stay, gone] = [
      records.filter(({ state }) => state === "stays"),
      records.filter(({ state }) => state === "removed"),
    ];
    if (stay.length > 0) await journal?.stays(stay.map(({ n }) => n));
    if (gone.length > 0) await journal?.removed(gone.map(({ n }) => n));
  }
}

async function messagesIfThere(
  living: LivingAccount,
  name: string,
  signal: AbortSignal | undefined,
): Promise<LivingMessages | undefined> {
  try {
    return await living.messages(name, signal);
  } catch (error) {
    if (isLivingError(error, "living.no-mailbox")) return undefined;
    throw error;
  }
}

async function settleAppends(
  { appends }: JournalState,
  { living, journal, signal }: Settling,
): Promise<void> {
  const open = [...appends.values()].filter(({ state }) => state === "intended");
  const known = new Set(
    [...appends.values()].map(({ name, uidValidity, uid }) => `${name}\0${uidValidity}\0${uid}`),
  );
  const places = Map.groupBy(open, ({ name, uidValidity }) => `${name}\0${uidValidity}`);
  for (const records of places.values()) {
    const { name, uidValidity } = records[0] as AppendRecord;
    const uidNext = Math.min(...records.map((record) => record.uidNext));
    const found = await findAppended(
      living,
      { name, uidValidity, uidNext },
      {
        items: records,
        isKnown: (uid) => known.has(`${name}\0${uidValidity}\0${uid}`),
        signal,
      },
    );
    for (const record of records) {
      const uid = found.get(record);
      record.state = uid === undefined ? "refused" : "appended";
      if (uid === undefined) await journal?.refused(record.n);
      else {
        record.uid = uid;
        await journal?.appended(record.n, uid);
      }
    }
  }
}

class Undo {
  readonly #state: JournalState;
  readonly #options: UndoMessagesOptions;
  readonly #journal: RestoreJournal;
  readonly #counts = {
    removed: 0,
    flagsBack: 0,
    putBack: 0,
    mailboxesRemoved: 0,
    left: 0,
    failed: 0,
  };
  readonly #notes: string[] = [];
  readonly #listed = new Map<string, LivingMessages | undefined>();

  constructor(state: JournalState, options: UndoMessagesOptions) {
    this.#state = state;
    this.#options = options;
    this.#journal = new RestoreJournal(options.job, state.next);
  }

  async run(): Promise<UndoResult> {
    const { living, signal, dryRun = false } = this.#options;
    const journal = dryRun ? undefined : this.#journal;
    await settle(this.#state, { living, journal, signal });
    await journal?.willUndo();
    const created = [...this.#state.appends.values()].filter(
      ({ state, restores }) => state === "appended" && restores === undefined,
    );
    for (const records of byPlace(created))
      await this.#attempt(records, () => this.#remove(records));
    for (const records of byPlace(this.#state.flags))
      await this.#attempt(records, () => this.#flagsBack(records));
    for (const records of byPlace([...this.#state.removes.values()]))
      await this.#attempt(records, () => this.#putBack(records));
    await this.#removeMailboxes();
    const counts = { ...this.#counts };
    if (counts.failed === 0) await journal?.undone(counts);
    return { counts, notes: this.#notes };
  }

  async #attempt(records: readonly MailboxState[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isLivingError(error) || endsAll(error)) throw error;
      this.#counts.failed += records.length;
      this.#notes.push(error.message);
    }
  }

  /** The mailbox where its UIDs are still those of the record. */
  async #same({ name, uidValidity }: MailboxState): Promise<LivingMessages | undefined> {
    const { living, signal } = this.#options;
    if (!this.#listed.has(name)) {
      this.#listed.set(name, await messagesIfThere(living, name, signal));
    }
    const listed = this.#listed.get(name);
    return listed?.uidValidity === uidValidity ? listed : undefined;
  }

  #left(count: number, note: string): void {
    if (count === 0) return;
    this.#counts.left += count;
    this.#notes.push(note);
  }

  async #remove(records: readonly AppendRecord[]): Promise<void> {
    const [first] = records as [AppendRecord];
    const at = { name: first.name, uidValidity: first.uidValidity };
    const { living, signal, dryRun = false } = this.#options;
    const box = await this.#same(at);
    const there = new Set(box?.messages.map(({ uid }) => uid));
    const present = records.filter(({ uid }) => uid !== undefined && there.has(uid));
    this.#left(
      records.length - present.length,
      `“${at.name}”: ${records.length - present.length} that were put back are gone`,
    );
    for (let from = 0; from < present.length; from += messagesAtOnce) {
      const batch = new Map(
        present.slice(from, from + messagesAtOnce).map((record) => [record.uid as number, record]),
      );
      const same: AppendRecord[] = [];
      for await (const { uid, bytes } of living.read(at, [...batch.keys()], signal)) {
        const record = batch.get(uid);
        if (record === undefined || bytes === undefined) continue;
        if (livingIdentityOf(bytes) === record.identity) same.push(record);
      }
      this.#left(
        batch.size - same.length,
        `“${at.name}”: ${batch.size - same.length} are not what was put back`,
      );
      this.#counts.removed += same.length;
      if (dryRun || same.length === 0) continue;
      await living.remove(
        at,
        same.map(({ uid }) => uid as number),
      );
      await this.#journal.taken(same.map(({ n }) => n));
    }
  }

  async #flagsBack(records: readonly FlagRecord[]): Promise<void> {
    const [at] = records as [FlagRecord];
    const { living, signal, dryRun = false } = this.#options;
    const box = await this.#same(at);
    const flagsOf = new Map(box?.messages.map((message) => [message.uid, livingFlags(message)]));
    let left = 0;
    for (const { uid, before, after } of records) {
      signal?.throwIfAborted();
      const now = flagsOf.get(uid);
      // As before: it was not changed yet, or was changed back.
      if (now !== undefined && haveSameFlags(now, before)) continue;
      // Interrupted after it had set some, before it took others away.
      const half = [...before, ...flagChange(before, after).add];
      if (now === undefined || !(haveSameFlags(now, after) || haveSameFlags(now, half))) {
        left++;
        continue;
      }
      if (!dryRun) await living.changeFlags(at, { uid, ...flagChange(now, before) });
      this.#counts.flagsBack++;
    }
    this.#left(left, `“${at.name}”: ${left} have other flags by now, or are gone`);
  }

  async #putBack(records: readonly RemoveRecord[]): Promise<void> {
    const [at] = records as [RemoveRecord];
    const { living, signal, dryRun = false } = this.#options;
    const done = new Set(
      [...this.#state.appends.values()].flatMap(({ restores, state }) =>
        restores !== undefined && state === "appended" ? [restores] : [],
      ),
    );
    const gone = records.filter(({ n, state }) => state === "removed" && !done.has(n));
    this.#counts.putBack += dryRun ? gone.length : 0;
    if (dryRun || gone.length === 0) return;
    await living.create(at.name, { subscribe: true });
    const { name, uidValidity, uidNext } = await living.messages(at.name, signal);
    const floor = { name, uidValidity, uidNext };
    const appender = new Appender(living, this.#journal, { signal });
    for (let from = 0; from < gone.length; from += messagesAtOnce) {
      const batch = gone.slice(from, from + messagesAtOnce);
      const messages: MessageToAppend[] = [];
      for (const { n, identity, flags, date, kept } of batch) {
        const bytes = await this.#journal.kept(kept);
        const internalDate = date === undefined ? {} : { internalDateSeconds: date };
        messages.push({ identity, bytes, flags, ...internalDate, restores: n });
      }
      for (const outcome of await appender.append(floor, messages)) {
        if ("uid" in outcome) {
          this.#counts.putBack++;
          floor.uidNext = Math.max(floor.uidNext, outcome.uid + 1);
          continue;
        }
        this.#counts.failed++;
        this.#notes.push(outcome.failure);
      }
    }
  }

  /** The deepest first. */
  async #removeMailboxes(): Promise<void> {
    const { living, dryRun = false } = this.#options;
    const names = [...this.#state.mailboxes].sort().toReversed();
    if (dryRun) {
      const there = new Set((await living.mailboxes()).map(({ name }) => name));
      this.#counts.mailboxesRemoved += names.filter((name) => there.has(name)).length;
      return;
    }
    for (const name of names) {
      if (await living.removeEmpty(name)) this.#counts.mailboxesRemoved++;
    }
  }
}

function byPlace<Record extends MailboxState>(
  records: readonly Record[],
): Iterable<readonly Record[]> {
  return Map.groupBy(records, ({ name, uidValidity }) => `${name}\0${uidValidity}`).values();
}
