import { isRecoveryError } from "#errors";
import {
  type Entry,
  findEntry,
  type Image,
  isImageError,
  joinRawPath,
  type RawName,
  type RawPath,
} from "#image";
import type { Journal, JournalPoint, Sequence } from "#journal";
import { countDovecotIndex, countedIndexBytes, type DovecotIndexCount } from "#mail";
import { replayedImage } from "#methods";
import { logPlaceOf, type MailThere } from "#signals";
import type { DaemonGroup } from "./daemon-group.ts";
import { headBytesOf, mostLogBytes } from "./start-of-file.ts";

/** A base may have been read this long before the first event that it lacks. */
const marginNs = 10_000_000_000n;
/** Folders of one account's mailboxes that are looked through. */
const mostFolders = 100_000;

type KnownGroup = Pick<DaemonGroup, "newestBase" | "openBase">;
export type KnownMailOptions = {
  readonly journal: Journal;
  /** The last event before the journal was opened. */
  readonly end: JournalPoint | undefined;
  readonly signal: AbortSignal;
};

/**
 * What the files that tell of many messages said when following ended: a base and the journal since. Where
 * messages go inside files that stay, what changed while nothing ran shows by this alone.
 */
export class KnownMail implements AsyncDisposable {
  readonly #image: Image;
  readonly #signal: AbortSignal;

  private constructor(image: Image, signal: AbortSignal) {
    this.#image = image;
    this.#signal = signal;
  }

  /** Undefined where nothing was followed before, or no base is older than the end of it. */
  static async open(
    group: KnownGroup,
    { journal, end, signal }: KnownMailOptions,
  ): Promise<KnownMail | undefined> {
    const span = (await journal.spans(signal)).at(-1);
    if (end === undefined || span === undefined) return undefined;
    const moment = await group.newestBase(signal, end.atNs);
    if (moment === undefined || moment.fromNs < span.first.atNs) return undefined;
    const base = await group.openBase(moment, signal);
    try {
      const fromSequence = await firstFrom(journal, base.fromNs - marginNs, signal);
      const upTo = end.sequence;
      const replay = { base: base.image, journal, fromSequence, upTo, signal };
      return new KnownMail(await replayedImage(replay), signal);
    } catch (error) {
      await base.image[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The same file as it was then; itself where it is as it was, was not there, or cannot be read. */
  async before(there: MailThere): Promise<MailThere> {
    const { path, sizeBytes, mtimeNs } = there;
    const entry = await this.#entry(path);
    if (entry?.type !== "file") return there;
    if (entry.sizeBytes === sizeBytes && entry.mtimeNs === mtimeNs) return there;
    if (there.isMbox === true) return { ...there, sizeBytes: entry.sizeBytes };
    if (there.head !== undefined) {
      const head = await this.#start(path, headBytesOf(path));
      return head === undefined ? there : { ...there, head };
    }
    const index = there.index === undefined ? undefined : await this.#count(path);
    return index === undefined ? there : { ...there, index };
  }

  /** Logs of indexes that were below these accounts' folders then, beside those that are there. */
  async *gone(
    accounts: ReadonlySet<RawPath>,
    there: ReadonlySet<RawPath>,
  ): AsyncGenerator<MailThere> {
    for (const account of accounts) {
      const waiting = [joinRawPath(account, "mailboxes" as RawName)];
      for (let looked = 0; looked < mostFolders; looked++) {
        const folder = waiting.pop();
        if (folder === undefined) break;
        for (const { name, type } of await this.#list(folder)) {
          const path = joinRawPath(folder, name);
          if (type === "directory") waiting.push(path);
          if (type !== "file" || there.has(path) || logPlaceOf(path)?.name !== "log") continue;
          const index = await this.#count(path);
          if (index !== undefined) yield { path, index };
        }
      }
    }
  }

  async #count(path: RawPath): Promise<DovecotIndexCount | undefined> {
    const base = path.slice(0, -".log".length);
    const log = await this.#start(path, mostLogBytes);
    if (log === undefined) return undefined;
    const older = await this.#start(`${base}.log.2` as RawPath, mostLogBytes);
    const index = await this.#start(base as RawPath, countedIndexBytes);
    return countDovecotIndex({ index, log, older });
  }

  async #entry(path: RawPath): Promise<Entry | undefined> {
    try {
      return await findEntry(this.#image, path, this.#signal);
    } catch (error) {
      if (isImageError(error)) return undefined;
      throw error;
    }
  }

  async #list(folder: RawPath): Promise<Iterable<Entry>> {
    try {
      return await this.#image.list(folder, this.#signal);
    } catch (error) {
      if (isImageError(error)) return [];
      throw error;
    }
  }

  async #start(path: RawPath, mostBytes: number): Promise<Uint8Array | undefined> {
    if ((await this.#entry(path)) === undefined) return undefined;
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of this.#image.read(path, {
        lengthBytes: mostBytes,
        signal: this.#signal,
      }))
        pieces.push(piece);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (isRecoveryError(error)) return undefined;
      throw error;
    }
    return Buffer.concat(pieces);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#image[Symbol.asyncDispose]();
  }
}

/** The last event before the journal was opened the last time; undefined where there is none. */
export async function endOfFollowing(
  journal: Journal,
  signal: AbortSignal,
): Promise<JournalPoint | undefined> {
  await journal.flush();
  // Near its end, unless much has come in through a delivery stage since.
  for (const back of [1000, 100_000, Infinity]) {
    const from = Math.max(1, journal.lastSequence - back);
    let [last, end]: (JournalPoint | undefined)[] = [undefined, undefined];
    for await (const record of journal.read({ from, withoutData: true, signal })) {
      const { sequence, atNs, event } = record;
      if (event.type === "mark" && event.name === "start") end = last;
      last = { sequence, atNs };
    }
    if (end !== undefined || from === 1) return end;
  }
  return undefined;
}

async function firstFrom(journal: Journal, ns: bigint, signal: AbortSignal): Promise<Sequence> {
  for await (const { sequence, atNs } of journal.read({ withoutData: true, signal }))
    if (atNs >= ns) return sequence;
  return journal.lastSequence + 1;
}
