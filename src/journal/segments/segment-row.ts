import { systemErrorCode } from "#errors";
import { JournalError } from "../journal-error.ts";
import type { Sequence } from "../journal-event.ts";
import type { JournalFile, JournalFiles } from "./journal-files.ts";
import { OpenSegment } from "./open-segment.ts";
import { type DurablePosition, readPosition } from "./position-file.ts";
import type { Segment, SegmentHole } from "./segment.ts";
import { decodeHeader, foreignVersion, headerBytes, headerCopyBytes } from "./segment-header.ts";
import { firstOfSegment } from "./segment-name.ts";
import { hasWriter, type ProcessIdentity } from "./writer-lock.ts";

export type LoadedSegment = {
  readonly name: string;
  readonly firstOfName: Sequence;
  readonly segment: Segment | undefined;
  readonly foundLater: SegmentHole[];
};

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
  position: DurablePosition | undefined;
  hasWriter = false;

  constructor(files: JournalFiles, options: SegmentRowOptions) {
    this.#files = files;
    this.#options = options;
  }

  get entries(): readonly LoadedSegment[] {
    return this.#entries;
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
    for (const name of names.toSorted()) {
      signal?.throwIfAborted();
      const firstOfName = firstOfSegment(name);
      if (firstOfName === undefined) continue;
      if (limit !== undefined && firstOfName > limit.segment) continue;
      const to = limit?.segment === firstOfName ? limit.offset : undefined;
      const entry = await this.#look(
        known.get(name) ?? { name, firstOfName, segment: undefined, foundLater: [] },
        { to, signal },
      );
      if (entry !== undefined) entries.push(entry);
    }
    for (const [index, { segment }] of entries.entries()) {
      const next = entries[index + 1]?.segment?.opened.header;
      if (!(segment instanceof OpenSegment)) continue;
      segment.promise(next?.lastBefore ?? this.position?.sequence ?? 0);
      const isWhole = next !== undefined && (segment.last?.sequence ?? 0) >= next.lastBefore;
      if (isWhole || segment.isCleanStop) segment.ignoreEnd();
    }
    this.#entries = entries;
  }

  /** Undefined where there is nothing yet: the file was made, and what belongs in it is still to be written. */
  async #look(
    entry: LoadedSegment,
    { to, signal }: { readonly to: number | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<LoadedSegment | undefined> {
    if (entry.segment !== undefined && !(entry.segment instanceof OpenSegment)) return entry;
    const file = await this.#openIfThere(entry.name);
    if (file === undefined) return undefined;
    try {
      const sizeBytes = await file.sizeBytes();
      const loaded = entry.segment === undefined ? await this.#open(entry, file) : entry;
      if (loaded.segment === undefined)
        return this.#isUnfinished(entry, sizeBytes) ? undefined : loaded;
      if (loaded.segment instanceof OpenSegment)
        await loaded.segment.advance(file, { to: Math.min(to ?? sizeBytes, sizeBytes), signal });
      return loaded;
    } finally {
      await file.close();
    }
  }

  async #open(entry: LoadedSegment, file: JournalFile): Promise<LoadedSegment> {
    const bytes = Buffer.alloc(headerBytes);
    const length = await file.read(bytes, 0);
    const copies = [0, headerCopyBytes].map((at) =>
      bytes.subarray(Math.min(at, length), Math.min(at + headerCopyBytes, length)),
    );
    const opened = decodeHeader(copies, this.#options.key);
    if (opened !== undefined && opened.header.first === entry.firstOfName)
      return { ...entry, segment: new OpenSegment(opened) };
    const version = foreignVersion(copies);
    if (version !== undefined) throw newerVersion(this.#files.location, version);
    return entry;
  }

  /** A header that was never whole, of a segment in which nothing was promised. */
  #isUnfinished({ firstOfName }: LoadedSegment, sizeBytes: number): boolean {
    return sizeBytes <= headerBytes && (this.position?.segment ?? 0) < firstOfName;
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
