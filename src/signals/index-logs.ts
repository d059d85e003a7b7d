import {
  type DovecotLogChanges,
  type DovecotLogPlace,
  openDovecotLog,
  readDovecotLogChanges,
} from "#mail";

/** A log of an index by how its name ends: the one in use, the one before, and the one that is to follow. */
export type LogName = "log" | "log.2" | "log.newlock";

/** Bytes that a file has from here on. */
export type LogStretch = {
  readonly offset: number;
  /** Undefined where they are not at hand. */
  readonly bytes: Uint8Array | undefined;
  /** Of the file as it is then. */
  readonly sizeBytes: number;
};

type Followed = DovecotLogPlace & {
  /** Bytes from there on that are no whole record yet. */
  readonly pending: Uint8Array;
  /** Nothing of it was read yet, and no log was before it. */
  readonly isAnew: boolean;
};

/** A transaction that is waited for; beyond it, it never comes. */
const mostPendingBytes = 4 * 1024 * 1024;
const nothing = new Uint8Array();

/**
 * The logs of one index as they grow. Every record is read once: a log is known by its index's ID and its
 * sequence, whatever it is called, and how far it was read is kept for each. What is not at hand is left out.
 */
export class IndexLogs {
  readonly #logs = new Map<LogName, Followed>();

  /** What was read when following began. */
  learn(name: LogName, place: DovecotLogPlace): void {
    this.#logs.set(name, { ...place, pending: nothing, isAnew: false });
  }

  rename(from: LogName, to: LogName): void {
    const moved = this.#logs.get(from);
    if (moved === undefined || from === to) return;
    this.#logs.delete(from);
    this.#logs.set(to, moved);
  }

  /** What is new in it. `isAnew`: the index begins here, for the first time or because its server made it again. */
  read(
    name: LogName,
    stretch: LogStretch,
  ): { readonly changes: DovecotLogChanges; readonly isAnew: boolean } | undefined {
    const log = this.#logOf(name, stretch);
    if (log === undefined) return undefined;
    const { isAnew } = log;
    const { offset, bytes, sizeBytes } = stretch;
    const known = log.offset + log.pending.length;
    if (bytes === undefined || offset > known || sizeBytes < log.offset)
      return this.#goOn(name, log, sizeBytes);
    const end = Math.max(known, offset + bytes.length);
    const unread = Buffer.alloc(end - log.offset);
    unread.set(log.pending);
    const skipped = Math.max(0, log.offset - offset);
    unread.set(bytes.subarray(skipped), offset + skipped - log.offset);
    const changes = readDovecotLogChanges(unread);
    const pending = unread.subarray(changes.readBytes);
    if (changes.isDamaged || pending.length > mostPendingBytes)
      this.#goOn(name, log, Math.max(end, sizeBytes));
    else
      this.#logs.set(name, {
        ...log,
        offset: log.offset + changes.readBytes,
        pending: new Uint8Array(pending),
        isAnew: false,
      });
    return { changes, isAnew };
  }

  /** It is read from here on. */
  #goOn(name: LogName, log: Followed, offset: number): undefined {
    this.#logs.set(name, { ...log, offset, pending: nothing, isAnew: false });
  }

  #logOf(name: LogName, { offset, bytes, sizeBytes }: LogStretch): Followed | undefined {
    const before = this.#logs.get(name);
    if (offset > 0 || bytes === undefined) return before;
    const file = openDovecotLog(bytes);
    if (typeof file === "string") return before;
    const { indexId, sequence, previousSequence } = file.header;
    const isIt = (one: Followed): boolean => one.indexId === indexId && one.sequence === sequence;
    if (before !== undefined && isIt(before)) return before;
    const [otherName, other] = [...this.#logs].find(([, one]) => isIt(one)) ?? [];
    // It was renamed, and that is told of later or never.
    if (otherName !== undefined && other !== undefined) {
      this.#logs.delete(otherName);
      this.#logs.set(name, other);
      return other;
    }
    const isNext = [...this.#logs.values()].some(
      (one) => one.indexId === indexId && one.sequence < sequence,
    );
    const isAnew = previousSequence === 0;
    // Of another index that has gone on for a while, what is in it was there before.
    const start = isNext || isAnew ? file.headerBytes : sizeBytes;
    if (before !== undefined && name === "log") this.#logs.set("log.2", before);
    const log = { indexId, sequence, offset: start, pending: nothing, isAnew };
    this.#logs.set(name, log);
    return log;
  }
}
