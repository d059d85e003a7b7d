import { maxDataBytes } from "./journal-event.ts";
import type { ContentPiece, JournalEvent, JournalRecord, Sequence } from "./journal-event.ts";
import type {
  Appended,
  Journal,
  JournalProblem,
  JournalReadOptions,
  JournalSpan,
} from "./journal.ts";
import { JournalError } from "./journal-error.ts";

export type MemoryJournalOptions = {
  readonly id?: string;
  readonly group?: string;
  /** What a former process left behind. */
  readonly records?: readonly JournalRecord[];
};

/** A journal in memory: for tests, and to show what the port means. Durable as soon as the caller yields. */
export function memoryJournal(options: MemoryJournalOptions = {}): MemoryJournal {
  return new MemoryJournal(options);
}

export class MemoryJournal implements Journal {
  readonly id: string;
  readonly group: string;
  readonly problems: readonly JournalProblem[] = [];
  readonly #records: JournalRecord[];
  readonly #listeners = new Set<(record: JournalRecord) => void>();
  #isClosed = false;
  #failure: Error | undefined;

  constructor({ id = "memory", group = "group", records = [] }: MemoryJournalOptions) {
    this.id = id;
    this.group = group;
    this.#records = [...records];
  }

  get lastSequence(): Sequence {
    return this.#records.at(-1)?.sequence ?? 0;
  }

  /** All there is, for tests. */
  get records(): readonly JournalRecord[] {
    return this.#records;
  }

  /** From now on nothing can be written: a disk that is full, or gone. */
  fail(error: Error): void {
    this.#failure = error;
  }

  append(event: JournalEvent, atNs: bigint): Appended {
    if (this.#isClosed) throw closed(this.group);
    if (this.#failure !== undefined) throw this.#failure;
    const record = { sequence: this.lastSequence + 1, atNs, event: owned(event) };
    this.#records.push(record);
    const durable = Promise.resolve().then(() => {
      for (const listener of this.#listeners) listener(record);
    });
    return { sequence: record.sequence, written: durable, durable };
  }

  store(bytes: Uint8Array, atNs: bigint): readonly ContentPiece[] {
    const pieces: ContentPiece[] = [];
    for (let at = 0; at < bytes.length; at += maxDataBytes) {
      const part = bytes.subarray(at, at + maxDataBytes);
      const { sequence } = this.append({ type: "data", bytes: part }, atNs);
      pieces.push({ data: sequence, offset: 0, lengthBytes: part.length });
    }
    return pieces;
  }

  async ready(): Promise<void> {}

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.append({ type: "mark", name: "clean-stop" }, this.#records.at(-1)?.atNs ?? 0n);
    await this.flush();
    this.#isClosed = true;
  }

  async removeBefore(sequence: Sequence): Promise<number> {
    const stays = this.#records.findIndex((record) => record.sequence >= sequence);
    const gone = stays < 0 ? this.#records.length - 1 : stays;
    return this.#records.splice(0, Math.max(0, gone)).length;
  }

  subscribe(listener: (record: JournalRecord) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async spans(): Promise<readonly JournalSpan[]> {
    const [first, last] = [this.#records[0], this.#records.at(-1)];
    return first === undefined || last === undefined ? [] : [{ first, last }];
  }

  async *read(options: JournalReadOptions = {}): AsyncIterable<JournalRecord> {
    const { from = 0, to = this.lastSequence, withoutData = false, signal } = options;
    for (const record of this.#records) {
      signal?.throwIfAborted();
      if (record.sequence < from || record.sequence > to) continue;
      yield withoutData && record.event.type === "data"
        ? { ...record, event: { type: "data", bytes: new Uint8Array(0) } }
        : record;
    }
  }

  async *content(pieces: readonly ContentPiece[], signal?: AbortSignal): AsyncIterable<Uint8Array> {
    for (const { data, offset, lengthBytes } of pieces) {
      signal?.throwIfAborted();
      const event = this.#records.find(({ sequence }) => sequence === data)?.event;
      if (event?.type !== "data" || offset + lengthBytes > event.bytes.length)
        throw new JournalError(
          "journal.data-missing",
          `Cannot read event ${data} of the journal of "${this.group}": it is not kept`,
          { hint: "Open a moment that a copy covers." },
        );
      yield event.bytes.subarray(offset, offset + lengthBytes);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
  }
}

function closed(group: string): JournalError {
  return new JournalError(
    "journal.closed",
    `Cannot write to the journal of "${group}": it was closed`,
  );
}

/** The caller may use its buffer again. */
function owned(event: JournalEvent): JournalEvent {
  return event.type === "data" ? { type: "data", bytes: Uint8Array.from(event.bytes) } : event;
}
