import { isRecoveryError } from "#errors";
import { isHostError, largestLogPiece, type LogFolder } from "#hosts";
import { JournalError } from "../journal-error.ts";
import type { Sequence } from "../journal-event.ts";
import type { FolderJournal } from "../segments/folder-journal.ts";
import { type DurablePosition, encodePosition } from "../segments/position-file.ts";
import type { SegmentFacts } from "../segments/segment-facts.ts";
import {
  copyKeys,
  diverged,
  findMirrorPlace,
  mirroredSequence,
  type MirrorPlace,
  type MirrorSides,
} from "./mirror-place.ts";

export type MirrorOptions = {
  readonly journal: Pick<FolderJournal, "id" | "group" | "position" | "segments" | "subscribe">;
  /** The journal's own folder. */
  readonly source: LogFolder;
  readonly target: LogFolder;
  readonly clock: {
    readonly now: () => bigint;
    readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  };
  /** After so many failures in a row. */
  readonly backOffMs: (failures: number) => number;
  readonly onNote?: (text: string, isBad: boolean) => void;
};

export type MirrorStatus = {
  readonly location: string;
  readonly state: "catching-up" | "following" | "waiting" | "refused";
  /** Why it waits, or is refused, and what to do. */
  readonly note?: string;
  /** The last event that is durable there. */
  readonly sequence: Sequence;
  /** What is durable here and not there. */
  readonly lagSequences: number;
  readonly lagBytes: number;
  /** How long it has not had everything. */
  readonly lagMs: number;
};

/** An index is being written; it takes milliseconds. */
const sealingMs = 100;
/**
 * While one event follows another the position there is not said after each: that would be a second way
 * there and back, and two more syncs. Whoever opens the mirror reads on behind it.
 */
const sayEveryNs = 100_000_000n;

/** Carries a journal to another folder, in order, as it becomes durable (paper §2.2.3). Never removes anything there. */
export class JournalMirror {
  readonly #options: MirrorOptions;
  #state: MirrorStatus["state"] = "catching-up";
  #note: string | undefined;
  #sequence: Sequence = 0;
  /** What the position there says, and since when. */
  #said: Sequence = 0;
  #saidNs = 0n;
  #behindSinceNs: bigint | undefined;
  #place: MirrorPlace | undefined;
  #segments: readonly SegmentFacts[] = [];
  /** Unfinished when the journal was opened: nobody will finish them. */
  #leftBehind: ReadonlySet<string> | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#behindSinceNs = options.clock.now();
  }

  get status(): MirrorStatus {
    const { target, clock, journal } = this.#options;
    const durable = journal.position?.sequence ?? 0;
    const behindNs = this.#behindSinceNs === undefined ? 0n : clock.now() - this.#behindSinceNs;
    return {
      location: target.location,
      state: this.#state,
      ...(this.#note === undefined ? {} : { note: this.#note }),
      sequence: this.#sequence,
      lagSequences: Math.max(0, durable - this.#sequence),
      lagBytes: this.#lagBytes(),
      lagMs: behindNs < 0n ? 0 : Number(behindNs / 1_000_000n),
    };
  }

  /** Until the signal is aborted. Never rejects: what fails is tried again, later and later. */
  async run(signal: AbortSignal): Promise<void> {
    const { journal, clock, backOffMs, onNote } = this.#options;
    using _subscription = journal.subscribe(() => {
      this.#behindSinceNs ??= clock.now();
      this.#wake.resolve();
    });
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#begin(signal);
        while (!signal.aborted) {
          this.#wake = Promise.withResolvers<void>();
          await this.#carry(signal);
          failures = 0;
          this.#enter("following");
          await Promise.race([this.#wake.promise, stopped]);
        }
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const isRefused = needsPeople(error);
        const text = describe(error);
        if (text !== this.#note) onNote?.(`mirror: ${text}`, true);
        this.#enter(isRefused ? "refused" : "waiting", text);
        await clock.sleep(backOffMs(isRefused ? Infinity : failures), signal);
      }
    }
  }

  /** After `run` has ended and the journal was closed: carries what is left, its end included. */
  async finish(signal: AbortSignal): Promise<void> {
    try {
      if (this.#place === undefined) await this.#begin(signal);
      await this.#carry(signal, { isEnd: true });
    } catch {
      // The next start goes on from what is there.
    }
  }

  async #begin(signal: AbortSignal): Promise<void> {
    this.#enter("catching-up", this.#note);
    const sides = this.#sides(signal);
    await this.#look(signal);
    this.#place = await findMirrorPlace(sides);
    this.#said = this.#place === undefined ? 0 : await mirroredSequence(sides, this.#place);
    this.#sequence = this.#said;
    await copyKeys(sides);
  }

  async #carry(signal: AbortSignal, { isEnd = false } = {}): Promise<void> {
    const { journal, clock } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const { position } = journal;
      if (position === undefined) return;
      if (this.#place?.first === position.segment) {
        await this.#copy(this.#place, position.offset, signal);
        this.#sequence = position.sequence;
        if (journal.position !== position && clock.now() - this.#saidNs < sayEveryNs) continue;
        await this.#say(position, signal);
        if (journal.position !== position) continue;
        this.#behindSinceNs = undefined;
        const last = isEnd ? (await this.#look(signal)).at(-1) : undefined;
        if (last?.sealed !== undefined && last.firstSequence === position.segment)
          await this.#copy(this.#place, last.sizeBytes, signal);
        return;
      }
      const current = this.#current(await this.#look(signal));
      if (current.firstSequence === position.segment) continue;
      if (current.sealed === undefined && this.#leftBehind?.has(current.name) !== true)
        await clock.sleep(sealingMs, signal);
      else await this.#finishSegment(current, signal);
    }
  }

  /** The segment that the mirror goes on with; the next one that is there, where that was removed here. */
  #current(segments: readonly SegmentFacts[]): SegmentFacts {
    const first = this.#place?.first ?? 0;
    const current = segments.find(({ firstSequence }) => firstSequence >= first);
    if (current === undefined)
      throw diverged(this.#options, "it has a segment that the journal does not have");
    if (current.firstSequence !== this.#place?.first) this.#goTo(current);
    return current;
  }

  async #finishSegment(
    { sizeBytes, name, last }: SegmentFacts,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#place === undefined) return;
    try {
      await this.#copy(this.#place, sizeBytes, signal);
      this.#sequence = Math.max(this.#sequence, last?.sequence ?? 0);
    } catch (error) {
      // Removed meanwhile, by its rules: the mirror has a hole then, which it tells of.
      const isThere = (await this.#look(signal)).some((segment) => segment.name === name);
      if (isThere || !isHostError(error, "host.not-found")) throw error;
    }
    const next = this.#segments.find(({ name: other }) => other > name);
    if (next !== undefined) this.#goTo(next);
  }

  #goTo({ firstSequence: first, name }: SegmentFacts): void {
    this.#place = { first, name, offset: 0 };
  }

  async #copy(place: MirrorPlace, endBytes: number, signal: AbortSignal): Promise<void> {
    const { source, target } = this.#options;
    while (place.offset < endBytes) {
      const { name, offset } = place;
      const lengthBytes = Math.min(largestLogPiece, endBytes - offset);
      const bytes = await source.read(name, { offset, lengthBytes, signal });
      if (bytes.length < lengthBytes)
        throw new JournalError(
          "journal.unreadable",
          `Cannot read on in "${source.location}": ${name} is shorter than it was`,
          { hint: "Look at the disk of the journal." },
        );
      await target.write(name, { offset, bytes, signal });
      place.offset += bytes.length;
    }
  }

  /** Never before what it speaks of is there. */
  async #say(position: DurablePosition, signal: AbortSignal): Promise<void> {
    if (this.#said === position.sequence) return;
    await this.#options.target.setPosition(encodePosition(position), { signal });
    this.#said = position.sequence;
    this.#saidNs = this.#options.clock.now();
  }

  async #look(signal: AbortSignal): Promise<readonly SegmentFacts[]> {
    const { journal } = this.#options;
    this.#segments = await journal.segments(signal);
    const unfinished = this.#segments.filter(({ sealed }) => sealed === undefined).slice(0, -1);
    this.#leftBehind ??= new Set(unfinished.map(({ name }) => name));
    return this.#segments;
  }

  #lagBytes(): number {
    const { position } = this.#options.journal;
    if (position === undefined) return 0;
    const place = this.#place ?? { first: 0, offset: 0 };
    const missing = (first: Sequence, endBytes: number): number =>
      first < place.first ? 0 : Math.max(0, endBytes - (first === place.first ? place.offset : 0));
    return this.#segments
      .filter(({ firstSequence }) => firstSequence < position.segment)
      .reduce(
        (bytes, { firstSequence, sizeBytes }) => bytes + missing(firstSequence, sizeBytes),
        missing(position.segment, position.offset),
      );
  }

  #sides(signal: AbortSignal): MirrorSides {
    const { source, target, journal } = this.#options;
    return { source, target, journal, signal };
  }

  #enter(state: MirrorStatus["state"], note?: string): void {
    if (state === "following" && this.#note !== undefined)
      this.#options.onNote?.(
        `mirror: "${this.#options.target.location}" has everything again`,
        false,
      );
    this.#state = state;
    this.#note = note;
  }
}

function needsPeople(error: unknown): boolean {
  return (
    (error instanceof JournalError && error.code === "journal.mirror-diverged") ||
    isHostError(error, "host.differs")
  );
}

function describe(error: unknown): string {
  if (!isRecoveryError(error)) return error instanceof Error ? error.message : String(error);
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}
