import { isRecoveryError } from "#errors";
import { rawBaseName, rawParent, type RawPath } from "#image";
import type { ContentPiece, JournalEvent, JournalPoint, JournalReader, Sequence } from "#journal";
import { messageIdentity } from "#mail";
import { ArrivalLedger, type ArrivalState, type Judge } from "./arrival-ledger.ts";
import { type StoredMail, storedMail } from "./stored-mail.ts";
import type { JournalSurvey } from "./survey-journal.ts";

export type ArrivedMailOptions = {
  /** As `surveyJournal` read it. */
  readonly survey: JournalSurvey;
  /** Arrivals after it do not count; what is known of the others is taken from all of the journal. */
  readonly upTo: Sequence;
  /** Addresses that a folder of the store may stand for, the whole account's first. Default: none. */
  readonly addressesOf?: (folder: RawPath) => readonly string[];
  /** Whether the account of a recipient is among what the journal follows. Default: all are. */
  readonly isFollowed?: (recipient: string) => boolean;
  /** Until when changes were being watched, though none came. Default: the last event. */
  readonly watchedUntilNs?: bigint;
  /** So much later than the server's answer a message may be seen in its store. Default: 15 minutes. */
  readonly settlingNs?: bigint;
  readonly signal?: AbortSignal;
};

/** A message that came in through the delivery stage, for one recipient. */
export type ArrivedMessage = {
  readonly delivery: string;
  readonly sequence: Sequence;
  readonly atNs: bigint;
  readonly sender: string;
  /** As the sender's server named it. */
  readonly recipient: string;
  readonly sizeBytes: number;
  readonly content: readonly ContentPiece[];
  /** As #mail tells messages apart. */
  readonly identity: string;
};

export type ArrivedMail = {
  /** Of messages, each counted once for every recipient. */
  readonly counts: Readonly<Record<ArrivalState, number>>;
  /** Taken by the server, not seen in its store, while that was not watched all the time: they may be missing. */
  readonly missing: readonly ArrivedMessage[];
  /** Nobody knows whether the server took them. */
  readonly unanswered: readonly ArrivedMessage[];
  /** More than are listed, which are the oldest of their kind. */
  readonly omitted: number;
  /** Messages whose bytes the journal does not have any more. */
  readonly unreadable: number;
};

const defaultSettlingNs = 15n * 60n * 1_000_000_000n;
/** What servers keep beside messages. */
const noMessage = /^(?:dovecot|cyrus\.|maildirfolder$|subscriptions$|\.)/;

/**
 * What became of mail that the delivery stage journalled (paper §4.1, roll-forward): whether the server
 * refused it, and whether it was seen in the store since. Bytes are compared as identities, for the server
 * puts its trace in front and may change line ends. Reads the bytes of every arrival and of every file
 * that was seen while one of them was looked for; keeps hashes.
 */
export async function arrivedMail(
  journal: JournalReader,
  options: ArrivedMailOptions,
): Promise<ArrivedMail> {
  const { upTo, addressesOf = () => [], signal } = options;
  const reading = signal === undefined ? {} : { signal };
  const ledger = new ArrivalLedger(addressesOf);
  const store = new SeenFiles(journal, ledger, signal);
  let followedFrom = Infinity;
  for await (const { sequence, atNs, event } of journal.read({ withoutData: true, ...reading })) {
    switch (event.type) {
      case "arrived":
        if (sequence <= upTo) {
          const bytes = journal.content(event.content, signal);
          const identity = await readable(() => messageIdentity(bytes));
          ledger.arrived({ ...event, sequence, atNs }, identity);
        }
        break;
      case "outcome":
        ledger.answered(event, atNs);
        break;
      case "mark":
        if (event.name === "reconciled" && (event.path ?? "") === "")
          followedFrom = Math.min(followedFrom, sequence);
        break;
      case "rename":
      case "link":
        await store.moved(event, { sequence, atNs });
        break;
      case "put":
      case "write":
        await store.written(event, { sequence, atNs });
        break;
      default:
    }
  }
  return ledger.result(judgeOf({ ...options, followedFrom, blindNs: store.blindNs }));
}

type Written = Extract<JournalEvent, { type: "put" | "write" }>;
type SeenFile = {
  readonly event: Written;
  found?: StoredMail | undefined;
};

/** Files that are remembered: one that came in under another name is seen when it gets its own. */
const maxRecent = 4096;

/** Looks into what was written into the store, as long as something is looked for. */
class SeenFiles {
  /** When something was seen whose bytes are not to be had, nanoseconds since 1970 UTC. */
  readonly blindNs: bigint[] = [];
  readonly #journal: JournalReader;
  readonly #ledger: ArrivalLedger;
  readonly #signal: AbortSignal | undefined;
  readonly #recent = new Map<RawPath, SeenFile>();

  constructor(journal: JournalReader, ledger: ArrivalLedger, signal: AbortSignal | undefined) {
    this.#journal = journal;
    this.#ledger = ledger;
    this.#signal = signal;
  }

  async written(event: Written, when: JournalPoint): Promise<void> {
    const { path } = event;
    this.#ledger.visited(rawParent(path));
    if (!mayBeMail(event)) return;
    await this.#look({ event }, path, when);
  }

  async moved({ path, to }: Moved, when: JournalPoint): Promise<void> {
    this.#ledger.visited(rawParent(to));
    const seen = this.#recent.get(path);
    if (seen !== undefined) await this.#look(seen, to, when);
  }

  async #look(file: SeenFile, path: RawPath, { sequence, atNs }: JournalPoint): Promise<void> {
    this.#recent.delete(path);
    this.#recent.set(path, file);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > maxRecent && oldest !== undefined) this.#recent.delete(oldest);
    if (!this.#ledger.isLooking) return;
    file.found ??= await readable(() =>
      storedMail((range) =>
        this.#journal.content(piecesOf(file.event.content, range), this.#signal),
      ),
    );
    if (file.found === undefined) {
      this.blindNs.push(atNs);
      return;
    }
    const { isMbox, identities } = file.found;
    const folder = isMbox ? path : rawParent(path);
    this.#ledger.visited(folder);
    for (const identity of identities) this.#ledger.observed(identity, folder, sequence);
  }
}

/** The pieces of a part of what they are of. */
function piecesOf(
  pieces: readonly ContentPiece[],
  { offset, lengthBytes = Infinity }: { readonly offset: number; readonly lengthBytes?: number },
): readonly ContentPiece[] {
  let start = 0;
  return pieces.flatMap((piece): ContentPiece[] => {
    const from = Math.max(offset - start, 0);
    const until = Math.min(offset + lengthBytes - start, piece.lengthBytes);
    start += piece.lengthBytes;
    if (until <= from) return [];
    return [{ ...piece, offset: piece.offset + from, lengthBytes: until - from }];
  });
}

/** Undefined where the journal has the bytes no more, or they are damaged. */
async function readable<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isRecoveryError(error)) return undefined;
    throw error;
  }
}

type Moved = Extract<JournalEvent, { type: "rename" | "link" }>;

function mayBeMail(event: Written): boolean {
  if (event.content.length === 0 || event.state.type !== "file") return false;
  return !noMessage.test(rawBaseName(event.path));
}

type Judging = ArrivedMailOptions & {
  readonly followedFrom: number;
  /** When something was seen whose bytes are not to be had. */
  readonly blindNs: readonly bigint[];
};

/**
 * Whether everything that the store did with a message was seen: it was followed before that came, there
 * was no gap, and it has been followed for long enough since. Then what was not seen was not stored.
 */
function judgeOf({ survey, followedFrom, blindNs, ...options }: Judging): Judge {
  const { settlingNs = defaultSettlingNs, watchedUntilNs = 0n, isFollowed } = options;
  const lastNs = survey.last?.atNs ?? 0n;
  const endNs = watchedUntilNs > lastNs ? watchedUntilNs : lastNs;
  const gaps = survey.gaps
    .filter(({ why, narrowed }) => {
      const isEmpty = narrowed !== undefined && narrowed.toNs <= narrowed.fromNs;
      return why !== "passed-through" && !isEmpty;
    })
    .map(({ narrowed, fromNs, toNs, reconciled }) => ({
      fromNs: narrowed?.fromNs ?? fromNs,
      toNs: reconciled === undefined ? undefined : (narrowed?.toNs ?? toNs),
    }));
  return ({ recipient, sequence, atNs, answeredNs }) => {
    const untilNs = answeredNs + settlingNs;
    if (followedFrom > sequence || untilNs > endNs) return false;
    if (isFollowed?.(recipient) === false) return false;
    const isWithin = (ns: bigint): boolean => ns >= atNs && ns <= untilNs;
    if (blindNs.some(isWithin)) return false;
    return !gaps.some(
      ({ fromNs, toNs }) => fromNs <= untilNs && (toNs === undefined || toNs >= atNs),
    );
  };
}
