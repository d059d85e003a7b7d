/**
 * The Journal port: the log of every observed write of one protection group (paper §3.5). One writer,
 * many readers. Whoever writes is told when it is safe; whoever reads is told where it is whole.
 */
import type { ContentPiece, JournalEvent, JournalRecord, Sequence } from "./journal-event.ts";

/** An event that has its place in the order. */
export type Appended = {
  readonly sequence: Sequence;
  /**
   * Resolves when this event and all before it survive a power cut. Many waiters share one flush
   * (group commit). Rejects with JournalError `journal.full` or `journal.write-failed`: then nothing
   * from this event on is promised, and the writer takes no more.
   */
  readonly durable: Promise<void>;
  /** Resolves when it has left this process: it survives that one, and no power cut yet. Rejects as `durable` does. */
  readonly written: Promise<void>;
};

export type AppendOptions = {
  /** Nobody waits until it is durable: it goes with the next flush, at the latest some 20 ms later. */
  readonly isPatient?: boolean;
};

/** What of a journal is there, without a lapse in its sequence. */
export type JournalSpan = {
  readonly first: JournalPoint;
  readonly last: JournalPoint;
};
export type JournalPoint = { readonly sequence: Sequence; readonly atNs: bigint };

/** Something wrong with what is stored; the records around it are read all the same. */
export type JournalProblem = {
  readonly code: "torn-tail" | "damaged" | "missing" | "unclean-stop";
  /** The last whole record before, and the first after; absent where there is none. */
  readonly after?: JournalPoint;
  readonly before?: JournalPoint;
  /** One sentence in plain words. */
  readonly message: string;
};

export type JournalReadOptions = {
  /** The first sequence wanted. Default: the oldest kept. */
  readonly from?: Sequence;
  /** The last sequence wanted. Default: the newest that is durable when reading begins. */
  readonly to?: Sequence;
  /** Leaves the bytes of `data` events out (they come with `bytes` of length 0), and reads past them. */
  readonly withoutData?: boolean;
  readonly signal?: AbortSignal;
};

export interface JournalReader extends AsyncDisposable {
  /** Unique; a journal that is begun anew has another. */
  readonly id: string;
  readonly group: string;
  /** From oldest to newest; more than one where something is missing in between. Empty of a new journal. */
  spans(signal?: AbortSignal): Promise<readonly JournalSpan[]>;
  /** In order of sequence. Skips what is damaged, which `problems` tells of. */
  read(options?: JournalReadOptions): AsyncIterable<JournalRecord>;
  /**
   * The bytes of pieces, one after another. Throws JournalError `journal.data-missing` where an
   * event is not kept any more, or is damaged.
   */
  content(pieces: readonly ContentPiece[], signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** What was found wrong so far. Grows. */
  readonly problems: readonly JournalProblem[];
}

export interface Journal extends JournalReader {
  /** The newest sequence, durable or not; 0 of a new journal. */
  readonly lastSequence: Sequence;
  /**
   * Puts an event at the end. Returns at once; order is order of call. Throws JournalError
   * `journal.closed`, and what the promise of an earlier event was rejected with. When more than the
   * writer's bound is waiting for the disk, `ready` is what to wait for.
   */
  append(event: JournalEvent, atNs: bigint, options?: AppendOptions): Appended;
  /** Stores bytes as `data` events of at most `maxDataBytes`, and says how to point at them. */
  store(bytes: Uint8Array, atNs: bigint): readonly ContentPiece[];
  /** Resolves when less than the bound of bytes waits for the disk. */
  ready(): Promise<void>;
  /** Waits for everything appended so far. */
  flush(): Promise<void>;
  /** Ends it with a `clean-stop` mark. Disposing without it leaves an unclean stop, as a crash does. */
  close(): Promise<void>;
  /**
   * Removes events before `sequence`, oldest first, in whole parts as they are stored: what is left has no
   * hole, may begin earlier, and always has the newest. Events that are left may point at bytes that
   * go: it is the caller who knows. How many parts went. Again, it removes nothing more.
   */
  removeBefore(sequence: Sequence, signal?: AbortSignal): Promise<number>;
  /** Called with each event when it is durable, in order: for a mirror, and for whoever looks at changes. */
  subscribe(listener: (record: JournalRecord) => void): Disposable;
}
