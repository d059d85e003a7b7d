import type { MailAccount } from "#mail";
import type { Job } from "#records";
import { endsAll, isLivingError } from "../living/living-error.ts";
import type { LivingAccount, LivingMessages, MailboxState } from "../living/living-account.ts";
import { livingIdentityOf } from "../living/living-identity.ts";
import type { RestoreProgress } from "../restore-plan.ts";
import { Appender, findAppended, type MessageToAppend } from "./appender.ts";
import { flagChange, haveSameFlags, livingFlags } from "./flag-policy.ts";
import {
  type MessageCounts,
  type MessagePlan,
  type MessageStep,
  type MutableMessageCounts,
  noMessageCounts,
} from "./message-plan.ts";
import { bytesOf } from "./past-messages.ts";
import { type RemoveItem, RestoreJournal } from "./restore-journal.ts";

export type ApplyMessagesOptions = {
  /** The same two sides that the plan was made of. */
  readonly account: MailAccount;
  readonly living: LivingAccount;
  /** Takes down what is done; stays open. */
  readonly job: Job;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: RestoreProgress) => void;
};

export type MessageFailure = {
  readonly mailbox: string;
  readonly key: string;
  readonly message: string;
};

export type MessageResult = {
  readonly counts: MessageCounts;
  readonly mailboxesMade: readonly string[];
  /** Messages that were appended, read back and found the same. */
  readonly verified: number;
  readonly bytes: number;
  readonly failures: readonly MessageFailure[];
  /** Messages that are there whole, and lack a flag or have another date. */
  readonly incomplete: readonly MessageFailure[];
};

type Step<Kind extends MessageStep["kind"]> = Extract<MessageStep, { readonly kind: Kind }>;
type CreateStep = Step<"create">;

const messagesAtOnce = 64;
const bytesAtOnce = 32 * 1024 * 1024;

/**
 * Does what the plan says. A message that came into a mailbox since the plan was made and is one of
 * the missing is not appended again. What the server refuses is counted as failed, and the rest goes
 * on; a server that cannot be reached any more ends it with LivingError, and running it again goes on.
 */
export async function applyMessages(
  plan: MessagePlan,
  options: ApplyMessagesOptions,
): Promise<MessageResult> {
  return await new Restorer(plan, options).run();
}

class Restorer {
  readonly #plan: MessagePlan;
  readonly #options: ApplyMessagesOptions;
  readonly #journal: RestoreJournal;
  readonly #appender: Appender;
  readonly #counts: MutableMessageCounts = noMessageCounts();
  readonly #failures: MessageFailure[] = [];
  readonly #incomplete: MessageFailure[] = [];
  readonly #made: string[] = [];
  readonly #appended = new Map<string, Map<number, CreateStep>>();
  /** Where each mailbox is now: what is appended next has this UID or a greater one. */
  readonly #floors = new Map<string, MailboxState & { uidNext: number }>();
  #verified = 0;
  #bytes = 0;
  #done = 0;

  constructor(plan: MessagePlan, options: ApplyMessagesOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#journal = new RestoreJournal(options.job);
    const { living, signal } = options;
    this.#appender = new Appender(living, this.#journal, { signal });
  }

  async run(): Promise<MessageResult> {
    this.#countOnly();
    for (const { mailbox, subscribe } of this.#of("make-mailbox"))
      await this.#attempt(mailbox, () => this.#make(mailbox, subscribe));
    for (const [to, steps] of Map.groupBy(this.#of("create"), ({ wanted }) => wanted.to))
      await this.#createAll(to, steps);
    for (const [name, uids] of this.#appended) await this.#checkFlags(name, uids);
    for (const [at, steps] of Map.groupBy(this.#of("merge"), (step) => step.at.name))
      await this.#mergeAll(at, steps);
    for (const [at, steps] of Map.groupBy(this.#of("delete"), (step) => step.at.name))
      await this.#deleteAll(at, steps);
    const counts = { ...this.#counts };
    await this.#journal.done(counts);
    return {
      counts,
      mailboxesMade: this.#made,
      verified: this.#verified,
      bytes: this.#bytes,
      failures: this.#failures,
      incomplete: this.#incomplete,
    };
  }

  #of<Kind extends MessageStep["kind"]>(kind: Kind): readonly Step<Kind>[] {
    return this.#plan.steps.filter((step): step is Step<Kind> => step.kind === kind);
  }

  #countOnly(): void {
    this.#counts.skipped = this.#plan.counts.skipped;
    this.#counts.moved = this.#plan.counts.moved;
    for (const { wanted, note } of this.#of("fail"))
      this.#fail({ mailbox: wanted.mailbox, key: wanted.stored.key, message: note });
    for (const { mailbox, note } of this.#of("fail-mailbox"))
      this.#fail({ mailbox, key: "", message: note });
  }

  #fail(failure: MessageFailure): void {
    this.#counts.failed++;
    this.#failures.push(failure);
  }

  /** What a server refuses of one mailbox must not keep the others. */
  async #attempt(mailbox: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!isLivingError(error) || endsAll(error)) throw error;
      this.#failures.push({ mailbox, key: "", message: error.message });
      return false;
    }
  }

  async #make(name: string, subscribe: boolean): Promise<void> {
    // The server makes those above it too, or not: undo removes what is there and empty.
    for (const above of levelsAbove(name)) {
      if (!this.#plan.uidNext.has(above)) await this.#journal.willMake(above);
    }
    await this.#journal.willMake(name);
    const { isNew } = await this.#options.living.create(name, { subscribe });
    await this.#journal.made(name, isNew);
    if (isNew) this.#made.push(name);
  }

  async #createAll(to: string, steps: readonly CreateStep[]): Promise<void> {
    let missing: readonly CreateStep[] = [];
    const isOpen = await this.#attempt(to, async () => {
      missing = await this.#stillMissing(to, steps);
    });
    if (!isOpen) {
      this.#counts.failed += steps.length;
      return;
    }
    let batch: { step: CreateStep; message: MessageToAppend }[] = [];
    let bytes = 0;
    for (const step of missing) {
      this.#options.signal?.throwIfAborted();
      const message = await this.#messageOf(step);
      if (message === undefined) continue;
      batch.push({ step, message });
      bytes += message.bytes.length;
      if (batch.length < messagesAtOnce && bytes < bytesAtOnce) continue;
      await this.#appendAll(to, batch);
      [batch, bytes] = [[], 0];
    }
    if (batch.length > 0) await this.#appendAll(to, batch);
  }

  /** Somebody else, or a run that was interrupted, may have put some there since. */
  async #stillMissing(to: string, steps: readonly CreateStep[]): Promise<readonly CreateStep[]> {
    const { living, signal } = this.#options;
    const now = await living.messages(to, signal);
    const { name, uidValidity, uidNext } = now;
    this.#floors.set(to, { name, uidValidity, uidNext });
    const planned = this.#plan.uidNext.get(to);
    const floor = planned?.uidValidity === uidValidity ? planned : { ...now, uidNext: 1 };
    if (now.uidNext === floor.uidNext) return steps;
    const arrived = now.messages.filter(({ uid }) => uid >= floor.uidNext);
    if (arrived.length === 0) return steps;
    const found = await findAppended(living, floor, {
      items: steps.map((step) => ({ step, identity: step.identity, sizeBytes: step.sizeBytes })),
      isKnown: () => false,
      signal,
    });
    const there = new Set([...found.keys()].map(({ step }) => step));
    this.#counts.skipped += there.size;
    return steps.filter((step) => !there.has(step));
  }

  async #messageOf(step: CreateStep): Promise<MessageToAppend | undefined> {
    const { wanted, identity, flags, internalDateSeconds } = step;
    const { account, signal } = this.#options;
    const bytes = await bytesOf(account, wanted.stored, signal);
    if (bytes instanceof Uint8Array && livingIdentityOf(bytes) === identity) {
      const date = internalDateSeconds === undefined ? {} : { internalDateSeconds };
      return { identity, bytes, flags, ...date };
    }
    const message =
      bytes instanceof Uint8Array
        ? "It reads differently than when it was compared"
        : bytes.failure;
    this.#fail({ mailbox: wanted.mailbox, key: wanted.stored.key, message });
    return undefined;
  }

  async #appendAll(
    to: string,
    batch: readonly { readonly step: CreateStep; readonly message: MessageToAppend }[],
  ): Promise<void> {
    const floor = this.#floors.get(to) as MailboxState & { uidNext: number };
    const messages = batch.map(({ message }) => message);
    const outcomes = await this.#appender.append(floor, messages);
    const uids = this.#appended.get(to) ?? new Map<number, CreateStep>();
    this.#appended.set(to, uids);
    for (const [index, outcome] of outcomes.entries()) {
      const { step, message } = batch[index] as (typeof batch)[number];
      if ("failure" in outcome) {
        const { mailbox, stored } = step.wanted;
        this.#fail({ mailbox, key: stored.key, message: outcome.failure });
        continue;
      }
      uids.set(outcome.uid, step);
      floor.uidNext = Math.max(floor.uidNext, outcome.uid + 1);
      this.#counts.created++;
      this.#verified++;
      this.#bytes += message.bytes.length;
    }
    this.#done += batch.length;
    this.#tell();
  }

  /** Servers may know fewer keywords than the past did. */
  async #checkFlags(name: string, uids: ReadonlyMap<number, CreateStep>): Promise<void> {
    if (uids.size === 0) return;
    const { messages } = await this.#options.living.messages(name, this.#options.signal);
    for (const message of messages) {
      const step = uids.get(message.uid);
      if (step === undefined) continue;
      const { mailbox, stored } = step.wanted;
      const lacks = flagChange(livingFlags(message), step.flags).add;
      const { internalDateSeconds: date } = step;
      if (lacks.length > 0)
        this.#lacks(mailbox, stored.key, `The server did not take ${lacks.join(", ")}`);
      if (date !== undefined && message.internalDateSeconds !== date)
        this.#lacks(mailbox, stored.key, "The server gave it another date");
    }
  }

  #lacks(mailbox: string, key: string, message: string): void {
    this.#incomplete.push({ mailbox, key, message });
  }

  async #mergeAll(name: string, steps: readonly Step<"merge">[]): Promise<void> {
    const { living, signal } = this.#options;
    const changing = steps.filter(({ before, after }) => !haveSameFlags(before, after));
    this.#counts.merged += steps.length - changing.length;
    const [first] = changing;
    if (first === undefined) return;
    const at = first.at;
    const isDone = await this.#attempt(name, async () => {
      // What a person has done since the preview stays.
      const now = await this.#flagsNow(await living.messages(name, signal), at);
      const same = changing.filter(({ uid, before }) => {
        const flags = now.get(uid);
        return flags !== undefined && haveSameFlags(flags, before);
      });
      this.#counts.merged += changing.length - same.length;
      if (same.length === 0) return;
      await this.#journal.willChangeFlags(at, same);
      for (const { uid, before, after } of same) {
        signal?.throwIfAborted();
        await living.changeFlags(at, { uid, ...flagChange(before, after) });
        this.#counts.merged++;
        this.#done++;
        this.#tell();
      }
    });
    if (!isDone) this.#counts.failed++;
  }

  async #flagsNow(
    { uidValidity, messages }: LivingMessages,
    at: MailboxState,
  ): Promise<ReadonlyMap<number, readonly string[]>> {
    if (uidValidity !== at.uidValidity) return new Map();
    return new Map(messages.map((message) => [message.uid, livingFlags(message)]));
  }

  /** Kept first, then on record, then removed. */
  async #deleteAll(name: string, steps: readonly Step<"delete">[]): Promise<void> {
    const { living, signal } = this.#options;
    const [{ at }] = steps as [Step<"delete">];
    const isDone = await this.#attempt(name, async () => {
      const listed = await living.messages(name, signal);
      const byUid = new Map(listed.messages.map((message) => [message.uid, message]));
      for (let from = 0; from < steps.length; from += messagesAtOnce) {
        const uids = steps.slice(from, from + messagesAtOnce).map(({ uid }) => uid);
        const items: RemoveItem[] = [];
        for await (const { uid, bytes } of living.read(at, uids, signal)) {
          const message = byUid.get(uid);
          if (bytes === undefined || message === undefined) {
            this.#fail({
              mailbox: name,
              key: String(uid),
              message: "It cannot be kept, so it stays",
            });
            continue;
          }
          const n = this.#journal.number();
          const date = message.internalDateSeconds;
          items.push({
            n,
            uid,
            identity: livingIdentityOf(bytes),
            flags: livingFlags(message),
            ...(date === undefined ? {} : { date }),
            kept: await this.#journal.keep(n, bytes),
          });
        }
        if (items.length === 0) continue;
        await this.#journal.willRemove(at, items);
        await living.remove(
          at,
          items.map(({ uid }) => uid),
        );
        await this.#journal.removed(items.map(({ n }) => n));
        this.#counts.deleted += items.length;
      }
    });
    if (!isDone) this.#counts.failed++;
  }

  #tell(): void {
    const { created, merged } = this.#plan.counts;
    const total = created + merged;
    this.#options.onProgress?.({ phase: "write", done: this.#done, total, bytes: this.#bytes });
  }
}

function levelsAbove(name: string): readonly string[] {
  const levels = name.split("/");
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join("/"));
}
