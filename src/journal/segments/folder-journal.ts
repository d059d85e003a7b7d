import { systemErrorCode } from "#errors";
import { maxDataBytes } from "../journal-event.ts";
import type { ContentPiece, JournalEvent, JournalRecord, Sequence } from "../journal-event.ts";
import { JournalError } from "../journal-error.ts";
import type {
  AppendOptions,
  Appended,
  Journal,
  JournalProblem,
  JournalReadOptions,
  JournalSpan,
} from "../journal.ts";
import { FieldWriter } from "./field-writer.ts";
import type { FolderJournalReader } from "./folder-journal-reader.ts";
import { GroupCommit } from "./group-commit.ts";
import type { JournalFiles } from "./journal-files.ts";
import type { DurablePosition } from "./position-file.ts";
import { removeSegmentsBefore, type SegmentFacts } from "./segment-facts.ts";
import { PendingFrame } from "./pending-frame.ts";
import { readFailure, removed } from "./journal-failure.ts";
import { firstOfSegment } from "./segment-name.ts";
import { encodeRecord, type NewSegment, SegmentEncoder } from "./segment-encoder.ts";

export type FolderJournalOptions = {
  readonly id: string;
  readonly group: string;
  readonly key: Uint8Array;
  readonly session: number;
  /** Nanoseconds since 1970 UTC. */
  readonly clock: () => bigint;
  readonly segmentBytes: number;
  readonly sealAfterNs: bigint | undefined;
  readonly maxWaitingBytes: number;
  /** What is there when it is opened. */
  readonly end: JournalEnd;
  readonly files: JournalFiles;
  readonly reader: FolderJournalReader;
  readonly commit: GroupCommit;
  readonly lock: AsyncDisposable;
};

/** Where what is there ends, and what comes next goes on from. */
export type JournalEnd = {
  /** The last sequence that can be read, and the last that was promised to anybody, whichever is later. */
  readonly lastSequence: Sequence;
  /** The last sequence that can be read; 0 where there is none. */
  readonly lastBefore: Sequence;
  readonly tagBefore: Buffer;
  /** Of the newest segment; 0 where there is none. */
  readonly segmentNumber: number;
};

/** The one writer of a journal in a folder. */
export class FolderJournal implements Journal {
  readonly id: string;
  readonly group: string;
  readonly #options: FolderJournalOptions;
  readonly #commit: GroupCommit;
  readonly #fields = new FieldWriter(1024);
  readonly #listeners = new Set<(record: JournalRecord) => void>();
  #segment: SegmentEncoder;
  #lastSequence: Sequence;
  #last: PendingFrame | undefined;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: FolderJournalOptions) {
    this.#options = options;
    this.#commit = options.commit;
    this.id = options.id;
    this.group = options.group;
    const { lastSequence, lastBefore, tagBefore, segmentNumber } = options.end;
    this.#lastSequence = lastSequence;
    this.#segment = this.#begin({ lastBefore, tagBefore, number: segmentNumber + 1 });
  }

  get lastSequence(): Sequence {
    return this.#lastSequence;
  }

  /** How far it is durable, and where that is; undefined before the first event. */
  get position(): DurablePosition | undefined {
    return this.#commit.position;
  }

  get problems(): readonly JournalProblem[] {
    return this.#options.reader.problems;
  }

  append(event: JournalEvent, atNs: bigint, { isPatient = false }: AppendOptions = {}): Appended {
    if (this.#isClosed) throw closed(this.group);
    if (this.#commit.failure !== undefined) throw this.#commit.failure;
    if (event.type === "data" && event.bytes.length > maxDataBytes) throw tooLarge(event.bytes);
    const encoded = encodeRecord(this.#fields, event, atNs);
    const before = this.#segment;
    if (!before.hasRoomFor(encoded, this.#options.segmentBytes) || this.#isOld(before))
      this.#segment = this.#begin({
        lastBefore: this.#lastSequence,
        tagBefore: before.tag,
        number: before.header.number + 1,
      });
    const sequence = (this.#lastSequence += 1);
    const unsynced = sequence - this.#commit.durableSequence;
    const frame = this.#segment.add(encoded, { sequence, unsynced });
    const pending = new PendingFrame({
      isPatient,
      segment: this.#segment,
      sequence,
      parts: frame.parts,
      sizeBytes: frame.lengthBytes,
      ...this.#teller({ sequence, atNs, event }),
    });
    this.#commit.add(pending);
    this.#last = pending;
    return pending;
  }

  store(bytes: Uint8Array, atNs: bigint): readonly ContentPiece[] {
    const pieces: ContentPiece[] = [];
    for (let at = 0; at < bytes.length; at += maxDataBytes) {
      const part = bytes.subarray(at, at + maxDataBytes);
      // Whoever points at it waits for the event that does: one sync is for both.
      const { sequence } = this.append({ type: "data", bytes: part }, atNs, { isPatient: true });
      pieces.push({ data: sequence, offset: 0, lengthBytes: part.length });
    }
    return pieces;
  }

  async ready(): Promise<void> {
    await this.#commit.hasRoom(this.#options.maxWaitingBytes);
  }

  async flush(): Promise<void> {
    await this.#last?.durable;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#isClosed ? this.#ended : this.#close();
    await this.#closing;
  }

  subscribe(listener: (record: JournalRecord) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** The files of the journal, from oldest to newest. */
  async segments(signal?: AbortSignal): Promise<readonly SegmentFacts[]> {
    return await this.#options.reader.segments(signal);
  }

  /**
   * Whether it is still where it was, while nothing is written that would show it. Throws JournalError
   * `journal.removed`, and what listing its folder fails with otherwise.
   */
  async check(): Promise<void> {
    const { files } = this.#options;
    if (this.#isClosed) return;
    const names = await files.list().catch((error: unknown): readonly string[] => {
      if (systemErrorCode(error) === "ENOENT") return [];
      throw readFailure(error, files.location);
    });
    if (!names.some((name) => firstOfSegment(name) !== undefined)) throw removed(files.location);
  }

  /** Finished segments of which nothing from `sequence` on is a part. */
  async removeBefore(sequence: Sequence, signal?: AbortSignal): Promise<number> {
    return await removeSegmentsBefore(sequence, {
      files: this.#options.files,
      segments: await this.segments(signal),
      release: async (name) => await this.#options.reader.release(name),
      signal,
    });
  }

  async spans(signal?: AbortSignal): Promise<readonly JournalSpan[]> {
    return await this.#options.reader.spans(signal);
  }

  read(options?: JournalReadOptions): AsyncIterable<JournalRecord> {
    return this.#options.reader.read(options);
  }

  content(pieces: readonly ContentPiece[], signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#options.reader.content(pieces, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#ended ??= this.#end();
    await this.#ended;
  }

  async #close(): Promise<void> {
    try {
      const { durable } = this.append({ type: "mark", name: "clean-stop" }, this.#options.clock());
      this.#isClosed = true;
      await durable;
      await this.#commit.seal();
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  async #end(): Promise<void> {
    try {
      await this.#commit.stop(closed(this.group));
      await this.#options.reader[Symbol.asyncDispose]();
    } finally {
      await this.#options.lock[Symbol.asyncDispose]();
    }
  }

  /** One without events stays: it would be no file of its own. */
  #isOld({ header, isEmpty }: SegmentEncoder): boolean {
    const { sealAfterNs, clock } = this.#options;
    return !isEmpty && sealAfterNs !== undefined && clock() - header.beganNs >= sealAfterNs;
  }

  #begin(place: Pick<NewSegment, "lastBefore" | "tagBefore" | "number">): SegmentEncoder {
    const { id, group, session, clock, key } = this.#options;
    const first = this.#lastSequence + 1;
    return new SegmentEncoder({ id, group, session, first, beganNs: clock(), ...place }, key);
  }

  /** Only who subscribed before an event is told of it: for nobody its bytes are not kept. */
  #teller({ sequence, atNs, event }: JournalRecord): { readonly whenDurable?: () => void } {
    if (this.#listeners.size === 0) return {};
    // The caller may use its buffer again.
    const record = { sequence, atNs, event: owned(event) };
    const whenDurable = (): void => {
      for (const listener of this.#listeners) tell(listener, record);
    };
    return { whenDurable };
  }
}

/** Its failure is its own: the event is durable, and those who wait for it are told so. */
function tell(listener: (record: JournalRecord) => void, record: JournalRecord): void {
  try {
    listener(record);
  } catch (error) {
    // As Node does with events: it goes to whoever watches the process, not into the journal.
    process.nextTick(() => {
      throw error;
    });
  }
}

function owned(event: JournalEvent): JournalEvent {
  return event.type === "data" ? { type: "data", bytes: Uint8Array.from(event.bytes) } : event;
}

function closed(group: string): JournalError {
  return new JournalError(
    "journal.closed",
    `Cannot write to the journal of "${group}": it was closed`,
  );
}

function tooLarge(bytes: Uint8Array): JournalError {
  return new JournalError(
    "journal.not-storable",
    `Cannot journal ${bytes.length} bytes in one event: more than ${maxDataBytes}`,
    { hint: "The event is not stored; a report of it is welcome." },
  );
}
