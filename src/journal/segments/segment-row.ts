import { systemErrorCode } from "#errors";
import { JournalError } from "../journal-error.ts";
import type { Sequence } from "../journal-event.ts";
import type { JournalFile, JournalFiles } from "./journal-files.ts";
import { OpenSegment } from "./open-segment.ts";
import { type DurablePosition, readPosition } from "./position-file.ts";
import type { Segment, SegmentHole } from "./segment.ts";
import { readTrailer, SealedSegment } from "./sealed-segment.ts";
import {
  decodeHeader,
  foreignVersion,
  headerBytes,
  headerCopyBytes,
  type OpenedHeader,
} from "./segment-header.ts";
import { firstOfSegment } from "./segment-name.ts";
import { headerCopyOf, looksLikeTrailer } from "./segment-trailer.ts";
import { hasWriter, type ProcessIdentity } from "./writer-lock.ts";

export type LoadedSegment = {
  readonly name: string;
  readonly firstOfName: Sequence;
  readonly sizeBytes: number;
  readonly segment: Segment | undefined;
  readonly foundLater: SegmentHole[];
};

/** How many segments' places of data are kept in memory: some hundred kilobytes each. */
const maxRecent = 32;

export type SegmentRowOptions = {
  readonly key: Uint8Array;
  readonly identity: ProcessIdentity;
  /** How far the journal is durable, where this process writes it. */
  readonly ownPosition?: () => DurablePosition | undefined;
};

/** The segments in a folder, as far as they are durable. */
export class SegmentRow {
  readonly #files: JournalFiles;
  readonly #options: SegmentRowOptions;
  #entries: readonly LoadedSegment[] = [];
  #unfinished: LoadedSegment[] = [];
  readonly #recent = new Set<SealedSegment>();
  position: DurablePosition | undefined;
  hasWriter = false;

  constructor(files: JournalFiles, options: SegmentRowOptions) {
    this.#files = files;
    this.#options = options;
  }

  get entries(): readonly LoadedSegment[] {
    return this.#entries;
  }

  /** Files that were begun and hold nothing that anybody was promised. */
  get unfinished(): readonly LoadedSegment[] {
    return this.#unfinished;
  }

  /** The newest that can be read. */
  get newest(): Segment | undefined {
    return this.#entries.findLast(({ segment }) => segment !== undefined)?.segment;
  }

  get lastSequence(): Sequence {
    const newest = this.#entries.findLast(({ segment }) => segment?.last !== undefined);
    return newest?.segment?.last?.sequence ?? 0;
  }

  /** The segment that a sequence would stand in. */
  segmentOf(sequence: Sequence): LoadedSegment | undefined {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.firstOfName ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return this.#entries[low - 1];
  }

  /** Bounds what is kept in memory of segments that were looked into. */
  remember(segment: Segment): void {
    if (!(segment instanceof SealedSegment)) return;
    this.#recent.delete(segment);
    this.#recent.add(segment);
    const [oldest] = this.#recent;
    if (this.#recent.size <= maxRecent || oldest === undefined) return;
    this.#recent.delete(oldest);
    oldest.forget();
  }

  async refresh(signal?: AbortSignal): Promise<void> {
    const { ownPosition, identity } = this.#options;
    // Before the names: what it says is durable is there then.
    const stored = ownPosition === undefined ? await readPosition(this.#files) : undefined;
    const names = await this.#files.list();
    this.hasWriter = ownPosition !== undefined || hasWriter(names, identity);
    this.position = ownPosition?.() ?? stored;
    await this.#load(names, this.hasWriter ? this.position : undefined, signal);
  }

  /** Everything that is there, for whoever is the only one to write: nothing is being written. */
  async loadAll(): Promise<void> {
    this.position = await readPosition(this.#files);
    this.hasWriter = false;
    await this.#load(await this.#files.list(), undefined, undefined);
  }

  async #load(
    names: readonly string[],
    limit: DurablePosition | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const known = new Map(this.#entries.map((entry) => [entry.name, entry]));
    const entries: LoadedSegment[] = [];
    this.#unfinished = [];
    for (const name of names.toSorted()) {
      signal?.throwIfAborted();
      const firstOfName = firstOfSegment(name);
      if (firstOfName === undefined) continue;
      if (limit !== undefined && firstOfName > limit.segment) continue;
      const to = limit?.segment === firstOfName ? limit.offset : undefined;
      const entry = await this.#look(
        known.get(name) ?? {
          name,
          firstOfName,
          sizeBytes: 0,
          segment: undefined,
          foundLater: [],
        },
        { to, signal },
      );
      if (entry === undefined) continue;
      if (this.#isUnfinished(entry)) this.#unfinished.push(entry);
      else entries.push(entry);
    }
    this.#judgeEnds(entries);
    this.#entries = entries;
  }

  /** What stands behind the records of an open segment may be an index that is being written, or lost records. */
  #judgeEnds(entries: readonly LoadedSegment[]): void {
    for (const [index, { segment }] of entries.entries()) {
      if (!(segment instanceof OpenSegment)) continue;
      const next = entries[index + 1];
      const lastBefore =
        next === undefined
          ? undefined
          : (next.segment?.opened.header.lastBefore ?? next.firstOfName - 1);
      segment.promise(lastBefore ?? this.position?.sequence ?? 0);
      const isWhole = lastBefore !== undefined && (segment.last?.sequence ?? 0) >= lastBefore;
      if (isWhole || segment.isCleanStop) segment.ignoreEnd();
      // One that is being written looks like that for a moment.
      if (this.hasWriter) segment.hasDamagedIndex = false;
    }
  }

  /** Undefined where it was removed since. */
  async #look(
    entry: LoadedSegment,
    { to, signal }: { readonly to: number | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<LoadedSegment | undefined> {
    if (entry.segment instanceof SealedSegment) return entry;
    const file = await this.#openIfThere(entry.name);
    if (file === undefined) return undefined;
    try {
      const sizeBytes = await file.sizeBytes();
      const trailer = await readTrailer(file, sizeBytes);
      const known = entry.segment?.opened;
      const opened = known ?? (await this.#openHeader(entry, file, trailer));
      if (opened === undefined) return { ...entry, sizeBytes };
      const { key } = this.#options;
      const sealed = await SealedSegment.open(file, opened, { trailer, sizeBytes, key });
      if (sealed !== undefined) return { ...entry, sizeBytes, segment: sealed };
      const segment = entry.segment ?? new OpenSegment(opened);
      if (!(segment instanceof OpenSegment)) return entry;
      await segment.advance(file, { to: Math.min(to ?? sizeBytes, sizeBytes), signal });
      segment.hasDamagedIndex = looksLikeTrailer(trailer);
      return { ...entry, sizeBytes, segment };
    } finally {
      await file.close();
    }
  }

  async #openHeader(
    entry: LoadedSegment,
    file: JournalFile,
    trailer: Buffer,
  ): Promise<OpenedHeader | undefined> {
    const bytes = Buffer.alloc(headerBytes);
    const length = await file.read(bytes, 0);
    const copies = [0, headerCopyBytes].map((at) =>
      bytes.subarray(Math.min(at, length), Math.min(at + headerCopyBytes, length)),
    );
    const opened = decodeHeader([...copies, headerCopyOf(trailer)], this.#options.key);
    if (opened?.header.first === entry.firstOfName) return opened;
    const version = foreignVersion(copies);
    if (version !== undefined) throw newerVersion(this.#files.location, version);
    return undefined;
  }

  /** Nothing whole is in it, and nothing was promised: it was begun, and what belongs in it never came. */
  #isUnfinished({ firstOfName, sizeBytes, segment }: LoadedSegment): boolean {
    if (segment?.last !== undefined) return false;
    if (this.position !== undefined) return this.position.sequence < firstOfName;
    return segment !== undefined || sizeBytes <= headerBytes;
  }

  async #openIfThere(name: string): Promise<JournalFile | undefined> {
    try {
      return await this.#files.open(name, "read");
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }
}

function newerVersion(location: string, version: number): JournalError {
  return new JournalError(
    "journal.unsupported",
    `Cannot open journal "${location}": it has format ${version}, which this version does not know`,
    { hint: "Use the version of Restante that wrote it, or a newer one." },
  );
}
