import { isRecoveryError, type RecoveryError } from "#errors";
import type { Image, RawPath } from "#image";
import type { Repository } from "#repository";
import { JournalError } from "../journal-error.ts";
import type { ContentPiece, JournalRecord, Sequence } from "../journal-event.ts";
import type {
  JournalPoint,
  JournalProblem,
  JournalReader,
  JournalReadOptions,
  JournalSpan,
} from "../journal.ts";
import { peekEvent } from "../segments/event-codec.ts";
import { isSegmentName, parseFolder, shippedSnapshots } from "./shipped-place.ts";
import {
  decodeShippedRows,
  decodeShippedTrailer,
  recordOf,
  type ShippedRow,
  type ShippedTrailer,
  shippedTrailerBytes,
} from "./shipped-segment.ts";

type Segment = { readonly path: RawPath; readonly trailer: ShippedTrailer };

/** Whose records are kept in memory: without the bytes of mail some megabytes each at most. */
const maxRecent = 4;
const maxProblems = 1000;
const noBytes: Uint8Array = Buffer.alloc(0);

/**
 * The newest journal of a group as far as its segments are in the repository, for when its folder is
 * lost; undefined where none is. The repository is the caller's and must stay open as long.
 */
export async function openShippedJournal(
  repository: Repository,
  group: string,
  signal?: AbortSignal,
): Promise<JournalReader | undefined> {
  const snapshot = (await shippedSnapshots(repository, group, signal)).at(-1);
  if (snapshot === undefined) return undefined;
  const image = await repository.image(snapshot, signal === undefined ? {} : { signal });
  const journal = await ShippedJournal.open(image, group, signal);
  if (journal === undefined) await image[Symbol.asyncDispose]();
  return journal;
}

class ShippedJournal implements JournalReader {
  readonly id: string;
  readonly group: string;
  readonly #image: Image;
  /** By their first sequence. */
  #segments: readonly Segment[] = [];
  readonly #problems = new Map<string, JournalProblem>();
  readonly #recent = new Map<RawPath, readonly ShippedRow[]>();

  static async open(
    image: Image,
    group: string,
    signal: AbortSignal | undefined,
  ): Promise<ShippedJournal | undefined> {
    const folders: readonly string[] = (await image.list("" as RawPath, signal)).names;
    const newest = folders.filter((name) => parseFolder(name) !== undefined).at(-1) ?? "";
    const id = parseFolder(newest)?.id;
    if (id === undefined) return undefined;
    const journal = new ShippedJournal(image, { id, group });
    for (const folder of folders)
      if (parseFolder(folder)?.id === id) await journal.#load(folder as RawPath, signal);
    journal.#segments = journal.#segments.toSorted(
      (a, b) => a.trailer.first.sequence - b.trailer.first.sequence,
    );
    return journal;
  }

  private constructor(
    image: Image,
    { id, group }: { readonly id: string; readonly group: string },
  ) {
    this.#image = image;
    this.id = id;
    this.group = group;
  }

  get problems(): readonly JournalProblem[] {
    return [...this.#problems.values()];
  }

  async spans(signal?: AbortSignal): Promise<readonly JournalSpan[]> {
    const spans: { readonly first: JournalPoint; last: JournalPoint }[] = [];
    const add = (first: JournalPoint, last: JournalPoint): void => {
      const before = spans.at(-1);
      if (before !== undefined && last.sequence <= before.last.sequence) return;
      if (before === undefined || first.sequence > before.last.sequence + 1) {
        if (before !== undefined) this.#tellMissing(before.last, first);
        spans.push({ first, last });
      } else before.last = last;
    };
    for (const segment of this.#segments) {
      const { first, last, count } = segment.trailer;
      if (count === last.sequence - first.sequence + 1) add(first, last);
      else for (const row of await this.#rowsOf(segment, signal)) add(pointOf(row), pointOf(row));
    }
    return spans;
  }

  async *read(options: JournalReadOptions = {}): AsyncIterable<JournalRecord> {
    const { from = 0, to = Infinity, withoutData = false, signal } = options;
    let next = from;
    for (const segment of this.#segments) {
      const { first, last } = segment.trailer;
      if (last.sequence < next || first.sequence > to) continue;
      for (const row of await this.#rowsOf(segment, signal)) {
        if (row.sequence < next) continue;
        if (row.sequence > to) return;
        signal?.throwIfAborted();
        next = row.sequence + 1;
        const bytes =
          withoutData || row.dataBytes === 0
            ? noBytes
            : await this.#bytes(segment, { ...row, lengthBytes: row.dataBytes, signal });
        const record = bytes === undefined ? undefined : recordOf(row, bytes);
        if (record !== undefined) yield record;
      }
    }
  }

  async *content(pieces: readonly ContentPiece[], signal?: AbortSignal): AsyncIterable<Uint8Array> {
    for (const { data, offset, lengthBytes } of pieces) {
      signal?.throwIfAborted();
      const bytes = await this.#piece(data, { offset, lengthBytes, signal });
      if (bytes === undefined) throw dataMissing(data, this.group);
      yield bytes;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#image[Symbol.asyncDispose]();
  }

  /** What cannot be read is missing here as what is not there. */
  async #load(folder: RawPath, signal: AbortSignal | undefined): Promise<void> {
    const files = await this.#try(async () => await this.#image.list(folder, signal), {
      what: folder,
      signal,
    });
    for (const [at, name] of files?.names.entries() ?? []) {
      if (!isSegmentName(name)) continue;
      const path = `${folder}/${name}` as RawPath;
      const sizeBytes = files?.sizes[at] ?? 0;
      const offset = Math.max(0, sizeBytes - shippedTrailerBytes);
      const bytes = await this.#range(path, { offset, lengthBytes: shippedTrailerBytes, signal });
      const trailer = bytes === undefined ? undefined : decodeShippedTrailer(bytes, sizeBytes);
      if (trailer !== undefined) this.#segments = [...this.#segments, { path, trailer }];
      else this.#tell(path, { code: "damaged", message: `Segment ${path} cannot be read.` });
    }
  }

  async #piece(
    sequence: Sequence,
    range: {
      readonly offset: number;
      readonly lengthBytes: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Buffer | undefined> {
    for (const segment of this.#segments) {
      const { first, last } = segment.trailer;
      if (sequence < first.sequence || sequence > last.sequence) continue;
      const row = findRow(await this.#rowsOf(segment, range.signal), sequence);
      if (row === undefined || range.offset + range.lengthBytes > row.dataBytes) continue;
      return await this.#bytes(segment, { ...range, offset: row.offset + range.offset });
    }
    return undefined;
  }

  async #rowsOf(
    { path, trailer }: Segment,
    signal: AbortSignal | undefined,
  ): Promise<readonly ShippedRow[]> {
    const known = this.#recent.get(path);
    if (known !== undefined) return known;
    const place = { offset: trailer.dataBytes, lengthBytes: trailer.recordsBytes, signal };
    const bytes = await this.#range(path, place);
    const rows = bytes === undefined ? undefined : decodeShippedRows(bytes, trailer)?.rows;
    if (rows === undefined) {
      this.#segments = this.#segments.filter((segment) => segment.path !== path);
      this.#tell(path, { code: "damaged", message: `Segment ${path} cannot be read.` });
    }
    this.#recent.set(path, rows ?? []);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > maxRecent && oldest !== undefined) this.#recent.delete(oldest);
    return rows ?? [];
  }

  async #bytes(
    { path }: Segment,
    range: {
      readonly offset: number;
      readonly lengthBytes: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Buffer | undefined> {
    const bytes = await this.#range(path, range);
    if (bytes?.length === range.lengthBytes) return bytes;
    this.#tell(`${path} ${range.offset}`, {
      code: "damaged",
      message: `${range.lengthBytes} bytes of segment ${path} cannot be read.`,
    });
    return undefined;
  }

  async #range(
    path: RawPath,
    {
      offset,
      lengthBytes,
      signal,
    }: {
      readonly offset: number;
      readonly lengthBytes: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Buffer | undefined> {
    const optional = signal === undefined ? {} : { signal };
    const read = async (): Promise<Buffer> => {
      const parts: Uint8Array[] = [];
      for await (const part of this.#image.read(path, { offset, lengthBytes, ...optional }))
        parts.push(part);
      return Buffer.concat(parts);
    };
    return await this.#try(read, { what: path, signal });
  }

  async #try<Result>(
    work: () => Promise<Result>,
    { what, signal }: { readonly what: string; readonly signal: AbortSignal | undefined },
  ): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted === true || !isRecoveryError(error) || !isLoss(error)) throw error;
      this.#tell(what, { code: "missing", message: error.message });
      return undefined;
    }
  }

  #tellMissing(after: JournalPoint, before: JournalPoint): void {
    const message = "What is in between is not in the repository: it was not shipped, or is lost.";
    this.#tell(`${after.sequence}`, { code: "missing", after, before, message });
  }

  #tell(place: string, problem: JournalProblem): void {
    if (this.#problems.size < maxProblems && !this.#problems.has(place))
      this.#problems.set(place, problem);
  }
}

const lossCodes: ReadonlySet<string> = new Set([
  "repository.damaged",
  "repository.blob-missing",
  "image.not-found",
  "image.unlistable",
  "image.unreadable",
]);

/** Bytes that are gone, and not storage that does not answer now: that must not look like a gap. */
function isLoss(error: RecoveryError): boolean {
  if (error.retryable) return false;
  const { cause } = error;
  if (isRecoveryError(cause)) return isLoss(cause);
  return lossCodes.has(error.code) || error.code === "storage.not-found";
}

function findRow(rows: readonly ShippedRow[], sequence: Sequence): ShippedRow | undefined {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.sequence ?? 0) < sequence) low = middle + 1;
    else high = middle;
  }
  return rows[low]?.sequence === sequence ? rows[low] : undefined;
}

function pointOf(row: ShippedRow): JournalPoint {
  return { sequence: row.sequence, atNs: peekEvent(row.metadata).atNs };
}

function dataMissing(sequence: Sequence, group: string): JournalError {
  return new JournalError(
    "journal.data-missing",
    `Cannot read event ${sequence} of the journal of "${group}": it is not in the repository`,
    { hint: "Open a moment that a copy covers." },
  );
}
