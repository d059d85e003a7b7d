import type { Appended, ContentPiece, Journal, JournalEvent } from "#journal";
import { asError } from "#errors";
import type { StageClock } from "../network/stage-clock.ts";
import { withLimit } from "../network/stage-clock.ts";
import { timedOut } from "../network/connection.ts";

/**
 * What happens to mail while the journal cannot be written: it is refused for now, so that the MTA
 * keeps it, or it goes to the mail server alone, and the gap is recorded as soon as it can be.
 */
export const journalPolicies = ["tempfail", "pass-through"] as const;
export type JournalPolicy = (typeof journalPolicies)[number];

export type JournalKeeperOptions = {
  /** Opens the journal: at the start, and again after the one it gave has failed. */
  readonly open: (failed?: Journal) => Promise<Journal>;
  readonly clock: StageClock;
  readonly limitMs: number;
  /** The least time between two attempts to open it again. */
  readonly retryMs: number;
  readonly maxRemembered: number;
  readonly onFailure: (error: Error) => void;
  readonly onRecovery: (rememberedEvents: number) => void;
};

/** Mail that went to the server without being in the journal. */
type PassedThrough = { fromNs: bigint; toNs: bigint; messages: number };

/** The journal as the stage sees it: there, or not for now; and what is still to be said in it. */
export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  readonly #limit: Parameters<typeof withLimit>[1];
  #journal: Journal | undefined;
  #failed: Journal | undefined;
  #opening: Promise<Journal | undefined> | undefined;
  #nextAttemptMs = -Infinity;
  #passedThrough: PassedThrough | undefined;
  /** Outcomes that could not be written. */
  #remembered: JournalEvent[] = [];

  constructor(options: JournalKeeperOptions) {
    const { clock, limitMs } = options;
    this.#options = options;
    const expired = (): Error => timedOut("wait for the journal", limitMs);
    this.#limit = { clock, limitMs, expired };
  }

  get isWorking(): boolean {
    return this.#journal !== undefined;
  }

  /** Throws what opening it threw: a stage that never had a journal does not start. */
  async openFirst(): Promise<void> {
    this.#journal = await this.#options.open();
  }

  /** The journal where it can be written, as far as one knows without waiting. */
  get working(): Journal | undefined {
    return this.#journal;
  }

  /** The journal where it can be written; undefined while it cannot. Never throws. */
  async current(): Promise<Journal | undefined> {
    if (this.#journal !== undefined) return this.#journal;
    const { clock, retryMs } = this.#options;
    if (this.#opening === undefined) {
      if (clock.nowMs() < this.#nextAttemptMs) return undefined;
      this.#nextAttemptMs = clock.nowMs() + retryMs;
      this.#opening = this.#open().finally(() => (this.#opening = undefined));
    }
    return await this.#opening;
  }

  /** Writes, and waits for what that promises. Throws what the journal failed with, and `lmtp.timeout`. */
  async write(journal: Journal, write: () => Promise<void>): Promise<void> {
    try {
      await this.#withLimit(write());
    } catch (error) {
      throw this.#note(journal, error);
    }
  }

  /** Puts bytes into the journal, and waits where it is behind. Throws what it failed with. */
  async store(journal: Journal, bytes: Uint8Array): Promise<readonly ContentPiece[]> {
    try {
      const pieces = journal.store(bytes, this.#options.clock.nowNs());
      await this.#withLimit(journal.ready());
      return pieces;
    } catch (error) {
      throw this.#note(journal, error);
    }
  }

  /** An event that is true although it could not be written: it will be, once that is possible. */
  remember(event: JournalEvent): void {
    if (this.#remembered.length < this.#options.maxRemembered) this.#remembered.push(event);
  }

  /** A message went to the mail server between these instants without being in the journal. */
  passedThrough(fromNs: bigint, toNs: bigint): void {
    const gap = (this.#passedThrough ??= { fromNs, toNs, messages: 0 });
    if (fromNs < gap.fromNs) gap.fromNs = fromNs;
    if (toNs > gap.toNs) gap.toNs = toNs;
    gap.messages += 1;
    // Where it works again by now, this is said at once.
    if (this.#journal !== undefined) this.#catchUp(this.#journal).catch(() => undefined);
  }

  /** Says what is still to be said, where that is possible; the last thing before the end. */
  async settle(): Promise<void> {
    if (this.#passedThrough === undefined && this.#remembered.length === 0) return;
    const journal = await this.current();
    if (journal !== undefined) await this.#catchUp(journal).catch(() => undefined);
  }

  async #open(): Promise<Journal | undefined> {
    const failed = this.#failed;
    try {
      const journal = await this.#options.open(failed);
      const owed = this.#remembered.length + (this.#passedThrough === undefined ? 0 : 1);
      await this.#catchUp(journal);
      this.#journal = journal;
      this.#failed = undefined;
      if (failed !== undefined || owed > 0) this.#options.onRecovery(owed);
      return journal;
    } catch (error) {
      this.#options.onFailure(asError(error));
      return undefined;
    }
  }

  /** Writes the gap and the outcomes that could not be written. What fails again stays owed. */
  async #catchUp(journal: Journal): Promise<void> {
    const nowNs = this.#options.clock.nowNs();
    const gap = this.#passedThrough;
    const events = this.#remembered;
    const appended: Appended[] = [];
    this.#passedThrough = undefined;
    this.#remembered = [];
    try {
      if (gap !== undefined) appended.push(journal.append(gapEvent(gap), nowNs));
      for (const event of events) appended.push(journal.append(event, nowNs));
      const all = Promise.all(appended.map(async ({ durable }) => await durable));
      await this.#withLimit(all);
    } catch (error) {
      // Said twice is better than never: events are idempotent.
      this.#passedThrough = merged(gap, this.#passedThrough);
      this.#remembered = [...events, ...this.#remembered].slice(0, this.#options.maxRemembered);
      throw this.#note(journal, error);
    }
  }

  #withLimit<Result>(work: Promise<Result>): Promise<Result> {
    return withLimit(work, this.#limit);
  }

  /** A journal that failed takes no more; one that is slow may yet. */
  #note(journal: Journal, error: unknown): Error {
    const known = asError(error);
    const isSlow = "code" in known && known.code === "lmtp.timeout";
    if (this.#journal === journal && !isSlow) {
      this.#journal = undefined;
      this.#failed = journal;
      this.#nextAttemptMs = this.#options.clock.nowMs() + this.#options.retryMs;
      this.#options.onFailure(known);
    }
    return known;
  }
}

function gapEvent({ fromNs, toNs, messages }: PassedThrough): JournalEvent {
  const message = `${messages} ${messages === 1 ? "message" : "messages"} went to the mail server while the journal could not be written`;
  return { type: "gap", fromNs, toNs, why: "passed-through", message };
}

function merged(
  one: PassedThrough | undefined,
  other: PassedThrough | undefined,
): PassedThrough | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    fromNs: one.fromNs < other.fromNs ? one.fromNs : other.fromNs,
    toNs: one.toNs > other.toNs ? one.toNs : other.toNs,
    messages: one.messages + other.messages,
  };
}
