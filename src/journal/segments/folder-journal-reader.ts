import { systemErrorCode } from "#errors";
import type { ContentPiece, JournalRecord, Sequence } from "../journal-event.ts";
import { JournalError } from "../journal-error.ts";
import type { JournalProblem, JournalReader, JournalReadOptions, JournalSpan } from "../journal.ts";
import { frameLength, openData, openMetadata, readDescriptor } from "./frame.ts";
import { type JournalFile, type JournalFiles } from "./journal-files.ts";
import { readFailure } from "./journal-failure.ts";
import type { DurablePosition } from "./position-file.ts";
import { readSegment } from "./read-segment.ts";
import type { Segment, SegmentHole } from "./segment.ts";
import { factsOf, type SegmentFacts } from "./segment-facts.ts";
import { type LoadedSegment, SegmentRow } from "./segment-row.ts";
import { SharedSegments } from "./shared-segments.ts";
import { holeProblem, surveySegments } from "./survey-segments.ts";
import type { ProcessIdentity } from "./writer-lock.ts";

/** So many problems are told of; a disk that is bad all over has more. */
const maxProblems = 1000;

export type FolderReaderOptions = {
  readonly key: Uint8Array;
  readonly identity: ProcessIdentity;
  /** How far the journal is durable, where this process writes it. */
  readonly ownPosition?: () => DurablePosition | undefined;
};

/** Reads a journal that another process may be writing. */
export class FolderJournalReader implements JournalReader {
  readonly #files: JournalFiles;
  readonly #row: SegmentRow;
  /** Of which pieces of content are read. */
  readonly #shared: SharedSegments;
  readonly #problems = new Map<string, JournalProblem>();
  #spans: readonly JournalSpan[] = [];
  #refreshing: Promise<void> = Promise.resolve();
  #lastContent: { readonly sequence: Sequence; readonly bytes: Buffer } | undefined;

  constructor(files: JournalFiles, options: FolderReaderOptions) {
    this.#files = files;
    this.#row = new SegmentRow(files, options);
    this.#shared = new SharedSegments(files);
  }

  get id(): string {
    return this.#row.newest?.opened.header.id ?? "";
  }

  get group(): string {
    return this.#row.newest?.opened.header.group ?? "";
  }

  get problems(): readonly JournalProblem[] {
    return [...this.#problems.values()];
  }

  /** What is there, for whoever opens the journal for writing. */
  get row(): SegmentRow {
    return this.#row;
  }

  /** Looks at what is new in the folder. */
  refresh(signal?: AbortSignal): Promise<void> {
    const refreshed = this.#refreshing.then(async () => {
      try {
        await this.#row.refresh(signal);
        await this.#shared.keepOnly(new Set(this.#row.entries.map(({ name }) => name)));
      } catch (error) {
        if (signal?.aborted === true) throw error;
        throw readFailure(error, this.#files.location);
      }
      this.survey();
    });
    this.#refreshing = refreshed.catch(() => undefined);
    return refreshed;
  }

  /** Sees what is known now in one. */
  survey(): void {
    const { problems, spans } = surveySegments(this.#row);
    this.#spans = spans;
    for (const problem of problems) this.#tell(problem);
  }

  /** The files of the journal, from oldest to newest, with what their indexes say of them. */
  async segments(signal?: AbortSignal): Promise<readonly SegmentFacts[]> {
    await this.refresh(signal);
    return this.#row.entries.map(factsOf);
  }

  async spans(signal?: AbortSignal): Promise<readonly JournalSpan[]> {
    await this.refresh(signal);
    return this.#spans;
  }

  async *read(options: JournalReadOptions = {}): AsyncIterable<JournalRecord> {
    const { from = 0, withoutData = false, signal } = options;
    await this.refresh(signal);
    const to = options.to ?? this.#row.lastSequence;
    for (const loaded of this.#row.entries) {
      const { segment } = loaded;
      if (segment?.first === undefined || segment.last === undefined) continue;
      if (segment.last.sequence < from || segment.first.sequence > to) continue;
      const file = await this.#openIfThere(loaded.name);
      if (file === undefined) continue;
      const found = (hole: Omit<SegmentHole, "isDamage">): void => this.#found(loaded, hole);
      try {
        const reading = { segment, file, from, to, withoutData, signal };
        for await (const records of readSegment(reading, found))
          for (const record of records) yield record;
      } catch (error) {
        throw signal?.aborted === true ? error : readFailure(error, this.#files.location);
      } finally {
        if (segment.hasDamagedIndex === true) this.survey();
        await file.close();
      }
      if (segment.last.sequence >= to) return;
    }
  }

  async *content(pieces: readonly ContentPiece[], signal?: AbortSignal): AsyncIterable<Uint8Array> {
    for (const { data, offset, lengthBytes } of pieces) {
      signal?.throwIfAborted();
      const bytes = await this.#dataOf(data, signal);
      if (bytes === undefined || offset + lengthBytes > bytes.length)
        throw dataMissing(data, this.group);
      yield bytes.subarray(offset, offset + lengthBytes);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#refreshing;
    await this.#shared[Symbol.asyncDispose]();
  }

  /** Closes a segment that is being removed. */
  async release(name: string): Promise<void> {
    await this.#shared.drop(name);
  }

  /** Damage that was not known before. */
  #found(loaded: LoadedSegment, hole: Omit<SegmentHole, "isDamage">): void {
    const known = [...(loaded.segment?.holes ?? []), ...loaded.foundLater];
    if (known.some(({ offset, endOffset }) => offset <= hole.offset && endOffset >= hole.endOffset))
      return;
    const damage = { ...hole, isDamage: true };
    if (loaded.foundLater.length < maxProblems) loaded.foundLater.push(damage);
    this.#tell(holeProblem(damage));
  }

  async #dataOf(sequence: Sequence, signal?: AbortSignal): Promise<Buffer | undefined> {
    if (this.#lastContent?.sequence === sequence) return this.#lastContent.bytes;
    if (sequence > this.#row.lastSequence) await this.refresh(signal);
    const { name, segment } = this.#row.segmentOf(sequence) ?? {};
    if (name === undefined || segment === undefined) return undefined;
    try {
      let bytes = await this.#dataIn(name, segment, sequence);
      if (bytes === undefined) {
        // What is open may not be what has that name by now.
        await this.#shared.drop(name);
        bytes = await this.#dataIn(name, segment, sequence);
      }
      if (bytes !== undefined) this.#lastContent = { sequence, bytes };
      return bytes;
    } catch (error) {
      await this.#shared.drop(name).catch(() => undefined);
      throw readFailure(error, this.#files.location);
    }
  }

  async #dataIn(name: string, segment: Segment, sequence: Sequence): Promise<Buffer | undefined> {
    return await this.#shared.use(name, async (shared) => {
      const place = await segment.dataAt(sequence, shared.file);
      this.#row.remember(segment);
      if (segment.hasDamagedIndex === true) this.survey();
      const frame = place === undefined ? undefined : await shared.frame(place, segment.endOffset);
      if (frame === undefined) return undefined;
      const { header, keys } = segment.opened;
      const descriptor = readDescriptor(frame, 0, header.salt);
      if (descriptor?.sequence !== sequence || frameLength(descriptor) > frame.length)
        return undefined;
      if (openMetadata(frame, descriptor, keys.frame) === undefined) return undefined;
      return openData(frame, descriptor, keys.frame);
    });
  }

  /** Undefined where it was removed since: what is too old goes while others read. */
  async #openIfThere(name: string): Promise<JournalFile | undefined> {
    try {
      return await this.#files.open(name, "read");
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw readFailure(error, this.#files.location);
    }
  }

  #tell(problem: JournalProblem): void {
    // The same place comes again with each look, sometimes with more known of what follows.
    const key = `${problem.code} ${problem.after?.sequence ?? ""}`;
    if (this.#problems.has(key) || this.#problems.size < maxProblems)
      this.#problems.set(key, problem);
  }
}

function dataMissing(sequence: Sequence, group: string): JournalError {
  return new JournalError(
    "journal.data-missing",
    `Cannot read event ${sequence} of the journal of "${group}": it is not kept, or damaged`,
    { hint: "Open a moment that a copy covers." },
  );
}
