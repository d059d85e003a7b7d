import type { MailAccount } from "#mail";
import type { LivingAccount } from "../living/living-account.ts";
import { RestoreError } from "../restore-error.ts";
import type { RestoreMode, RestoreProgress } from "../restore-plan.ts";
import { collectPast, type MessageSelection, type PastSide } from "./collect-past.ts";
import { flagsAfter, haveSameFlags, livingFlags, lostKeywords, pastFlags } from "./flag-policy.ts";
import { LivingSide, type NowMessage } from "./living-side.ts";
import {
  countMessages,
  type FlagPolicy,
  type MessagePlan,
  type MessageStep,
} from "./message-plan.ts";
import { isSameByUid, pairByIdentity, Pairs, secondsOf } from "./pair-messages.ts";
import { type PastMessage, readPast } from "./past-messages.ts";

export type PlanMessagesOptions = {
  /** The mail of one owner at the past moment. */
  readonly account: MailAccount;
  readonly living: LivingAccount;
  readonly selection: MessageSelection;
  readonly mode?: RestoreMode;
  /** Default: `now` for additive, `past` for exact. */
  readonly flags?: FlagPolicy;
  /** Everything goes into this mailbox, or below it where several are asked for. */
  readonly into?: string;
  /** A message that lies in another mailbox now is missing all the same. Always so for exact. */
  readonly evenMoved?: boolean;
  /** Trust no UID: every message that is there is read. Always so for exact. */
  readonly compareAll?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: RestoreProgress) => void;
};

/**
 * Compares one owner's mail at a past moment with the living account, mailbox by mailbox, as multisets
 * of identities, and says what would be done. Writes nothing. Of the living messages only those are read
 * that may be a missing one: the same identity means the same Message-ID, and mostly the same size.
 *
 * Throws ImageError and LivingError where one of the two sides cannot be listed, and RestoreError
 * where exact would remove mail on the word of a listing that is not whole.
 */
export async function planMessages(options: PlanMessagesOptions): Promise<MessagePlan> {
  const { account, living, selection, into, signal } = options;
  const past = await collectPast(account, { selection, living, into, signal });
  const now = await LivingSide.list(living, signal);
  const planner = new Planner(options, past, now);
  await planner.pair();
  return await planner.plan();
}

class Planner {
  readonly #options: PlanMessagesOptions;
  readonly #past: PastSide;
  readonly #now: LivingSide;
  readonly #mode: RestoreMode;
  readonly #pairs = new Pairs();
  readonly #steps: MessageStep[] = [];
  readonly #warnings: Set<string>;
  #skipped = 0;
  #done = 0;

  constructor(options: PlanMessagesOptions, past: PastSide, now: LivingSide) {
    this.#options = options;
    this.#past = past;
    this.#now = now;
    this.#mode = options.mode ?? "additive";
    this.#warnings = new Set(past.warnings);
  }

  async pair(): Promise<void> {
    const { account, signal, compareAll = this.#mode === "exact" } = this.#options;
    const { messages } = this.#past;
    if (!compareAll) this.#pairByUid(messages);
    const wanted = messages.filter((one) => one.isWanted && !this.#isPaired(one));
    await readPast(account, wanted, { signal, onRead: () => this.#tell(wanted.length) });
    // Sizes are known now.
    if (!compareAll) this.#pairByUid(wanted);
    const missing = wanted.filter((one) => !this.#isPaired(one));
    const candidates = await this.#candidatesFor(missing);
    await this.#pairRivals(missing, candidates);
    const left = pairByIdentity(missing, candidates, {
      pairs: this.#pairs,
      mode: this.#mode,
      mayPair: (one, { mailbox }) => mailbox.name === one.to,
    });
    if (this.#mode === "exact" || this.#options.evenMoved === true) return;
    pairByIdentity(left, candidates, {
      pairs: this.#pairs,
      mode: this.#mode,
      mayPair: () => true,
    });
  }

  async plan(): Promise<MessagePlan> {
    const { account, living, flags } = this.#options;
    const policy = flags ?? (this.#mode === "exact" ? "past" : "now");
    await this.#planMailboxes(account);
    for (const { mailbox, isWanted, failure } of this.#past.mailboxes) {
      if (isWanted && failure !== undefined)
        this.#steps.push({ kind: "fail-mailbox", mailbox: mailbox.name, note: failure });
    }
    for (const one of this.#past.messages) if (one.isWanted) this.#planMessage(one, policy);
    this.#planDeletes();
    const creates = this.#steps.filter((step) => step.kind === "create");
    return {
      mode: this.#mode,
      flags: policy,
      location: living.location,
      steps: this.#steps,
      counts: countMessages(this.#steps, this.#skipped),
      uidNext: new Map(
        [...this.#now.boxes].map(([name, { uidValidity, uidNext }]) => [
          name,
          { name, uidValidity, uidNext },
        ]),
      ),
      bytes: creates.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      livingRead: this.#now.readCount,
      warnings: [...this.#warnings],
    };
  }

  #isPaired(past: PastMessage): boolean {
    return this.#pairs.nowOf(past) !== undefined;
  }

  /** At home: a message that goes --into another mailbox and is still where it was is not missing. */
  #pairByUid(messages: readonly PastMessage[]): void {
    const { living } = this.#options;
    const byUid = new Map<string, ReadonlyMap<number, NowMessage>>();
    for (const past of messages) {
      const { uid } = past.stored;
      if (uid === undefined || this.#isPaired(past)) continue;
      const home = living.nameHere(past.mailbox.name);
      const box = this.#now.boxes.get(home);
      if (box === undefined) continue;
      let index = byUid.get(home);
      if (index === undefined) {
        const all = this.#now.messages.get(home) ?? [];
        index = new Map(all.map((one) => [one.message.uid, one]));
        byUid.set(home, index);
      }
      const now = index.get(uid);
      if (now === undefined || !this.#pairs.isFree(now)) continue;
      if (isSameByUid(past, box, now)) this.#pairs.add(past, now);
    }
  }

  /** Those of now that may be one of the missing, with their identities. */
  async #candidatesFor(missing: readonly PastMessage[]): Promise<readonly NowMessage[]> {
    if (missing.length === 0) return [];
    const facts = missing.flatMap(({ facts: found }) =>
      found !== undefined && "identity" in found ? [found] : [],
    );
    const ids = new Set(facts.map(({ messageId }) => messageId));
    const sizes = new Set(facts.map(({ sizeBytes }) => sizeBytes));
    const free = [...this.#now.messages.values()].flat().filter((one) => this.#pairs.isFree(one));
    await this.#now.findMessageIds(free);
    // The size, too: server and reader may see another Message-ID in a header that is broken.
    const candidates = free.filter(
      ({ messageId, message, isGone }) =>
        isGone !== true &&
        ((messageId !== undefined && ids.has(messageId)) || sizes.has(message.sizeBytes)),
    );
    await this.#now.findIdentities(candidates, () => this.#tell(candidates.length));
    return candidates;
  }

  /** What belongs to messages of the past that are not asked for is not free for those that are. */
  async #pairRivals(
    missing: readonly PastMessage[],
    candidates: readonly NowMessage[],
  ): Promise<void> {
    if (candidates.length === 0) return;
    const sizes = new Set(missing.map(({ stored }) => stored.sizeBytes));
    const places = new Set(candidates.map(({ mailbox }) => mailbox.name));
    const rivals = this.#past.messages.filter(
      (one) =>
        !one.isWanted &&
        !this.#isPaired(one) &&
        places.has(one.to) &&
        sizes.has(one.stored.sizeBytes),
    );
    await readPast(this.#options.account, rivals, { signal: this.#options.signal });
    pairByIdentity(rivals, candidates, {
      pairs: this.#pairs,
      mode: this.#mode,
      mayPair: (one, { mailbox }) => mailbox.name === one.to,
    });
  }

  async #planMailboxes(account: MailAccount): Promise<void> {
    const { selection, into, signal } = this.#options;
    const isWhole = selection.wantsMessage === undefined && into === undefined;
    const needed = new Set<string>();
    for (const { to, isWanted } of this.#past.mailboxes) if (isWanted && isWhole) needed.add(to);
    for (const one of this.#past.messages) {
      if (one.isWanted && !this.#isPaired(one)) needed.add(one.to);
    }
    const missing = [...needed].filter(
      (name) => !this.#now.boxes.has(name) && !this.#now.unlistable.has(name),
    );
    if (missing.length === 0) return;
    const { names } = await account.subscriptions(signal);
    const subscribed = new Set(names.map((name) => this.#options.living.nameHere(name)));
    for (const mailbox of missing.sort()) {
      const subscribe = into !== undefined || names.length === 0 || subscribed.has(mailbox);
      this.#steps.push({ kind: "make-mailbox", mailbox, subscribe });
    }
  }

  #planMessage(past: PastMessage, policy: FlagPolicy): void {
    const { to, stored, facts } = past;
    const wanted = { mailbox: past.mailbox.name, to, stored };
    const now = this.#pairs.nowOf(past);
    if (now !== undefined) {
      if (now.mailbox.name === to) this.#planMerge(past, now, policy);
      else this.#steps.push({ kind: "moved", wanted, at: now.mailbox.name });
      return;
    }
    const note = this.#reasonAgainst(past);
    if (note !== undefined || facts === undefined || !("identity" in facts)) {
      this.#steps.push({ kind: "fail", wanted, note: note ?? "It was not read" });
      return;
    }
    const lost = lostKeywords(stored);
    if (lost.length > 0) {
      this.#warnings.add(
        `Keywords that cannot be put back in “${to}”: ${lost.slice(0, 5).join(", ")}`,
      );
    }
    const internalDateSeconds = secondsOf(stored.internalDateNs);
    this.#steps.push({
      kind: "create",
      wanted,
      identity: facts.identity,
      sizeBytes: facts.sizeBytes,
      flags: pastFlags(stored, this.#mode),
      ...(isImapDate(internalDateSeconds) ? { internalDateSeconds } : {}),
    });
  }

  /** Why it must not be appended. */
  #reasonAgainst({ to, facts }: PastMessage): string | undefined {
    if (facts !== undefined && "failure" in facts) return facts.failure;
    const closed = this.#now.unlistable.get(to);
    if (closed !== undefined) return closed;
    if (facts === undefined) return undefined;
    const mayBeIt = (this.#now.messages.get(to) ?? []).some(
      (one) =>
        one.isRead === true &&
        one.identity === undefined &&
        this.#pairs.isFree(one) &&
        (one.message.sizeBytes === facts.sizeBytes ||
          (one.messageId === facts.messageId && facts.messageId !== "")),
    );
    return mayBeIt
      ? "The server has a message that may be this one, and does not give it out"
      : undefined;
  }

  #planMerge(past: PastMessage, { mailbox, message }: NowMessage, policy: FlagPolicy): void {
    const before = livingFlags(message);
    const then = pastFlags(past.stored, this.#mode);
    if (haveSameFlags(before, then)) {
      this.#skipped++;
      return;
    }
    if (policy === "now" && before.includes("\\Deleted")) {
      this.#warnings.add(
        `Messages in “${mailbox.name}” are there, marked as deleted; with the flags of the past the mark goes`,
      );
    }
    this.#steps.push({
      kind: "merge",
      wanted: { mailbox: past.mailbox.name, to: past.to, stored: past.stored },
      at: { name: mailbox.name, uidValidity: mailbox.uidValidity },
      uid: message.uid,
      before,
      after: flagsAfter(before, then, policy),
    });
  }

  #planDeletes(): void {
    if (this.#mode !== "exact") return;
    const { selection } = this.#options;
    if (selection.wantsMessage !== undefined) throw notWhole();
    const isAll = this.#past.mailboxes.every(({ isWanted }) => isWanted);
    const known = new Map(this.#past.mailboxes.map((one) => [one.to, one]));
    const extras = [...this.#now.messages].flatMap(([name, all]) => {
      const past = known.get(name);
      if (past === undefined ? !isAll : !past.isWanted) return [];
      const free = all.filter((one) => this.#pairs.isFree(one));
      if (free.length === 0 || (past?.isComplete ?? true)) return free;
      this.#warnings.add(
        `Nothing is removed from “${name}”: not all of its messages at that moment are known`,
      );
      return [];
    });
    if (extras.length > 0 && this.#past.messages.length === 0) throw emptyPast();
    const unsure = new Set(
      this.#steps.flatMap((step) => (step.kind === "fail" ? [step.wanted.to] : [])),
    );
    for (const { mailbox, message } of extras) {
      if (unsure.has(mailbox.name)) {
        this.#warnings.add(
          `Nothing is removed from “${mailbox.name}”: a message of that moment could not be compared`,
        );
        continue;
      }
      const { name, uidValidity } = mailbox;
      this.#steps.push({ kind: "delete", at: { name, uidValidity }, uid: message.uid });
    }
  }

  #tell(total: number): void {
    this.#options.onProgress?.({ phase: "compare", done: ++this.#done, total, bytes: 0 });
  }
}

/** 1970 to 9999: what date-time of RFC 9051 §9 and servers can hold. */
function isImapDate(seconds: number): boolean {
  return seconds >= 0 && seconds < 253_402_300_800;
}

function notWhole(): RestoreError {
  return new RestoreError(
    "restore.target-invalid",
    "Cannot restore single messages exactly: that would remove all others",
    { hint: "Name a whole mailbox, or leave --exact out." },
  );
}

function emptyPast(): RestoreError {
  return new RestoreError(
    "restore.image-empty",
    "Cannot make the account exactly as it was: there is no message at all at that moment",
    { hint: "Choose another moment. An empty listing is never taken for a reason to remove mail." },
  );
}
