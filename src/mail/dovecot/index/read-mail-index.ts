import {
  type Image,
  type ImageError,
  isImageError,
  joinRawPath,
  readAll,
  type RawName,
  type RawPath,
} from "#image";
import { addProblem, type MailProblem } from "../../mail-problem.ts";
import { parseIndexFile } from "./index-file.ts";
import { whyNoIndex } from "./index-header.ts";
import { MailIndex } from "./mail-index.ts";
import { viewOf } from "./record-body.ts";
import { replayLog } from "./replay.ts";
import { TooMuchWork } from "./room.ts";
import { type LogFile, openLogFile } from "./transaction-log.ts";

export type ReadIndex = {
  readonly index: MailIndex;
  /** Neither an index nor a log is there. */
  readonly isMissing: boolean;
  /** Something of it is lost, so what it says is not all. */
  readonly isDamaged: boolean;
  /** The server deleted the mailbox. */
  readonly isDeleted: boolean;
  /** Why not even what is damaged could be had: nothing of the index was read. */
  readonly failure?: ImageError;
};

export type ReadIndexOptions = {
  readonly folder: RawPath;
  /** "dovecot.index", "dovecot.map.index", "dovecot.list.index". */
  readonly prefix: string;
  readonly problems: MailProblem[];
  readonly signal?: AbortSignal | undefined;
};

/** The files of an index: what depends on it depends on all of them, there or not. */
export function indexFiles(folder: RawPath, prefix: string): readonly RawPath[] {
  return ["", ".log", ".log.2"].map((end) => joinRawPath(folder, `${prefix}${end}` as RawName));
}

/**
 * An index as its server would see it: the file, and what its logs say beyond it. What cannot be
 * read is a problem, and the rest is read; throws only where the Image fails otherwise.
 */
export async function readMailIndex(image: Image, options: ReadIndexOptions): Promise<ReadIndex> {
  const [basePath, logPath, olderPath] = indexFiles(options.folder, options.prefix) as [
    RawPath,
    RawPath,
    RawPath,
  ];
  const reader = new IndexReader(image, options);
  const base = await reader.bytes(basePath);
  const log = await reader.log(logPath);
  const older = await reader.log(olderPath);
  try {
    return reader.combine({ base, log, older });
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    reader.complain("asks for more memory than a mailbox can need");
    return { index: new MailIndex(), isMissing: false, isDamaged: true, isDeleted: false };
  }
}

type Files = {
  readonly base: Uint8Array | undefined;
  readonly log: LogFile | undefined;
  readonly older: LogFile | undefined;
};

class IndexReader {
  readonly #image: Image;
  readonly #options: ReadIndexOptions;
  #isDamaged = false;
  #failure: ImageError | undefined;

  constructor(image: Image, options: ReadIndexOptions) {
    this.#image = image;
    this.#options = options;
  }

  complain(state: string): void {
    this.#isDamaged = true;
    addProblem(this.#options.problems, "index", `${this.#options.prefix} ${state}`);
  }

  /** Undefined where there is none, or it cannot be read. */
  async bytes(path: RawPath): Promise<Uint8Array | undefined> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    try {
      return await readAll(this.#image, path, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!isImageError(error)) throw error;
      if (error.code === "image.not-found") return undefined;
      this.#isDamaged = true;
      this.#failure ??= error;
      addProblem(this.#options.problems, "index", error.message);
      return undefined;
    }
  }

  async log(path: RawPath): Promise<LogFile | undefined> {
    const bytes = await this.bytes(path);
    if (bytes === undefined) return undefined;
    const file = openLogFile(bytes);
    if (typeof file !== "string") return file;
    this.complain(`has a log that cannot be read: ${file}`);
    return undefined;
  }

  combine({ base, log, older: olderFile }: Files): ReadIndex {
    const isMissing = base === undefined && log === undefined && !this.#isDamaged;
    const started = this.#base(base, log);
    // The older file is of another life of the index, or was left behind.
    const older =
      log !== undefined &&
      olderFile?.header.indexId === log.header.indexId &&
      olderFile.header.sequence === log.header.previousSequence
        ? olderFile
        : undefined;
    const index = started ?? new MailIndex();
    const isDeleted = this.#replay(index, { log, older, hasBase: started !== undefined });
    const isUnread = base === undefined && log === undefined;
    return {
      index,
      isMissing,
      isDamaged: this.#isDamaged,
      isDeleted,
      ...(isUnread && this.#failure !== undefined ? { failure: this.#failure } : {}),
    };
  }

  #base(bytes: Uint8Array | undefined, log: LogFile | undefined): MailIndex | undefined {
    if (bytes === undefined) return undefined;
    const reason = whyNoIndex(bytes);
    if (reason !== undefined) {
      this.complain(`cannot be read: ${reason}`);
      return undefined;
    }
    const { index, damage } = parseIndexFile(bytes);
    for (const text of damage) this.complain(`is damaged: ${text}`);
    if (log !== undefined && log.header.indexId !== index.header.indexId) {
      if (log.header.indexId === 0) this.complain("has a log that its server marked as corrupted");
      else {
        this.complain("and its log are of two different mailboxes; the log counts");
        return undefined;
      }
    }
    const modseqs = index.modseqs?.header;
    if (modseqs !== undefined && modseqs.length >= 8)
      index.highestModseq = viewOf(modseqs).getBigUint64(0, true);
    return index;
  }

  /** Returns whether the mailbox was deleted. */
  #replay(
    index: MailIndex,
    { log, older, hasBase }: Pick<Files, "log" | "older"> & { readonly hasBase: boolean },
  ): boolean {
    if (log === undefined) {
      if (hasBase) this.complain("has no log; what changed last may be missing");
      return false;
    }
    const { logSequence, logOffset } = index.header;
    const baseModseq = index.highestModseq;
    if (hasBase && logSequence > log.header.sequence) {
      this.complain("is newer than its log");
      return false;
    }
    const startsAnew = log.header.previousSequence === 0;
    const fromOlder =
      older !== undefined && !startsAnew && (!hasBase || logSequence < log.header.sequence);
    let isDeleted: boolean | undefined;
    let withoutNumbers = false;
    if (!hasBase) {
      const first = fromOlder ? older : log;
      withoutNumbers = first.header.previousSequence !== 0;
      if (withoutNumbers)
        this.complain("is missing, and the log does not reach back to its beginning");
    } else if (logSequence < log.header.sequence) {
      if (startsAnew) index.clear();
      else if (!fromOlder || older.header.sequence !== logSequence)
        this.complain("is older than the oldest log; changes in between are missing");
    }
    if (fromOlder) {
      const isSame = hasBase && older.header.sequence === logSequence;
      const fromOffset = isSame ? logOffset : 0;
      const { endOffset, isDeleted: was } = this.#apply(index, older, {
        fromOffset,
        withoutNumbers,
      });
      if (endOffset !== log.header.previousEnd)
        this.complain("has an older log that is not whole; changes are missing");
      isDeleted = was;
    }
    const isSame = hasBase && log.header.sequence === logSequence;
    const fromOffset = isSame ? logOffset : 0;
    const last = this.#apply(index, log, { fromOffset, withoutNumbers });
    if (isSame && logOffset > last.endOffset) {
      this.complain("is newer than its log");
      if (baseModseq > index.highestModseq) index.highestModseq = baseModseq;
    }
    return last.isDeleted ?? isDeleted ?? false;
  }

  #apply(
    index: MailIndex,
    file: LogFile,
    options: Parameters<typeof replayLog>[2],
  ): ReturnType<typeof replayLog> {
    const replayed = replayLog(index, file, options);
    for (const text of replayed.damage) this.complain(`has a log that is damaged: ${text}`);
    return replayed;
  }
}
