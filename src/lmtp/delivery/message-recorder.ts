import type { ContentPiece, DeliveryReply, Journal, JournalEvent } from "#journal";
import type { BufferMeter } from "./buffer-meter.ts";
import type { JournalKeeper, JournalPolicy } from "./journal-keeper.ts";
import type { StageClock } from "../network/stage-clock.ts";
import type { Reply } from "../protocol/reply.ts";

export type RecorderOptions = {
  readonly keeper: JournalKeeper;
  readonly clock: StageClock;
  readonly policy: JournalPolicy;
  readonly meter: BufferMeter;
  /** So much is gathered before it goes into the journal. */
  readonly pieceBytes: number;
  /** Unique in the journal. */
  readonly delivery: string;
  readonly sender: string;
};

/**
 * One message on its way into the journal. With `pass-through` it goes on without the journal when
 * that fails, and says so in the end.
 */
export class MessageRecorder {
  readonly #options: RecorderOptions;
  readonly #fromNs: bigint;
  #journal: Journal | undefined;
  readonly #pieces: ContentPiece[] = [];
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #sizeBytes = 0;
  /** Whether `arrived` was written, or may have been: without it an outcome says nothing. */
  #isInJournal = false;

  /** Without a journal the message passes by it. */
  constructor(options: RecorderOptions, journal: Journal | undefined) {
    this.#options = options;
    this.#journal = journal;
    this.#fromNs = options.clock.nowNs();
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get isPassedThrough(): boolean {
    return this.#journal === undefined;
  }

  /** Takes the next bytes; whether so many are gathered that they should be flushed. */
  add(bytes: Buffer): boolean {
    this.#sizeBytes += bytes.length;
    if (this.#journal === undefined || bytes.length === 0) return false;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    this.#options.meter.add(bytes.length);
    return this.#gatheredBytes >= this.#options.pieceBytes;
  }

  /** All of it is here, for these recipients: resolves when that is durable, or passed through. */
  async arrived(recipients: readonly string[]): Promise<void> {
    const { delivery, sender, keeper, clock } = this.#options;
    const journal = this.#journal;
    if (journal === undefined) return this.discard();
    const sizeBytes = this.#sizeBytes;
    try {
      // In one turn with the rest of the message: they go to the disk together.
      await keeper.write(journal, () => {
        const nowNs = clock.nowNs();
        const content = [...this.#pieces, ...journal.store(joined(this.#gathered), nowNs)];
        const { durable } = journal.append(
          { type: "arrived", delivery, sender, recipients, sizeBytes, content },
          nowNs,
        );
        this.#isInJournal = true;
        return durable;
      });
    } catch (error) {
      this.#goWithout(error);
    } finally {
      this.discard();
    }
  }

  /**
   * What the mail server said of one recipient. Never throws: what it said is true whether the journal
   * can be written or not, and is written later where it cannot now. A success is not waited for until it is
   * durable: the message is, and where a power cut takes the success it is one of which that is not known. A
   * refusal is: what the server refused is never brought back.
   */
  async outcome(recipient: string, { code, lines }: Reply): Promise<void> {
    const { keeper, clock, delivery } = this.#options;
    if (!this.#isInJournal) return;
    const reply: DeliveryReply = { code, lines: lines.map(textOfBytes) };
    const event: JournalEvent = { type: "outcome", delivery, recipient, reply };
    const journal = this.#journal;
    if (journal === undefined) return keeper.remember(event);
    try {
      const isPatient = code >= 200 && code < 300;
      await keeper.write(journal, () => {
        const { written, durable } = journal.append(event, clock.nowNs(), { isPatient });
        return isPatient ? written : durable;
      });
    } catch {
      keeper.remember(event);
    }
  }

  /** The mail server has it, or may have it; what of that is not in the journal will be said there. */
  ended(): void {
    const { keeper, clock } = this.#options;
    if (this.#journal === undefined) keeper.passedThrough(this.#fromNs, clock.nowNs());
  }

  /** The message will not be: what was gathered is forgotten. */
  discard(): void {
    this.#options.meter.remove(this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }

  /** Puts what is gathered into the journal. Throws where that fails and the policy is to wait for it. */
  async flush(): Promise<void> {
    const journal = this.#journal;
    if (journal === undefined || this.#gatheredBytes === 0) return;
    try {
      const bytes = joined(this.#gathered);
      this.#pieces.push(...(await this.#options.keeper.store(journal, bytes)));
    } catch (error) {
      this.#goWithout(error);
    } finally {
      this.discard();
    }
  }

  #goWithout(error: unknown): void {
    if (this.#options.policy === "tempfail") throw error;
    this.#journal = undefined;
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes as text: UTF-8 where they are (RFC 6531), otherwise one character each. */
export function textOfBytes(bytes: string): string {
  if (isAscii(bytes)) return bytes;
  try {
    return utf8.decode(Buffer.from(bytes, "latin1"));
  } catch {
    return bytes;
  }
}

const isAscii = (bytes: string): boolean => !/[^\0-\x7f]/.test(bytes);
