import { DotEncoder } from "../protocol/dot-stuffing.ts";
import { isPositive, type Reply } from "../protocol/reply.ts";
import type { ServerConnection } from "../server/server-connection.ts";
import type { StageContext } from "../stage-context.ts";
import { MessageRecorder, textOfBytes } from "./message-recorder.ts";
import { notClosing, ours, refusalOfData, temporary } from "./answers.ts";

const noBytes: Buffer = Buffer.alloc(0);

/**
 * How the mail server is given the message: with dots, after it said that it waits for it; in chunks,
 * as the MTA does; or, where it may be given chunks and has one recipient, in one chunk if the message
 * is here as a whole, and with dots if not, for which the mail server is still to be asked. One chunk
 * costs both sides less than DATA and its answer. With several recipients a server that takes no
 * chunk may answer it for all at once, and then one would wait for the others' answers.
 */
export type Handing = "dots" | "chunks" | "one-chunk-or-dots";

export type DeliveryOptions = {
  readonly connection: ServerConnection;
  readonly handing: Handing;
  /** As they stood in the commands, bytes as characters. */
  readonly sender: string;
  readonly recipients: readonly string[];
};

/** What became of one recipient. */
export type RecipientResult = {
  readonly recipient: string;
  readonly reply: Reply;
  /** Whether the mail server said so, or we for want of its answer. */
  readonly isServers: boolean;
};

/**
 * A message on its way to the mail server and into the journal at the same time; its last part, which
 * is all of most messages, goes to the server with what ends it: the dot or the last chunk. That is sent
 * when the journal has it for good, and not before; each recipient's answer is the server's.
 */
export class MessageDelivery {
  readonly id: string;
  readonly #context: StageContext;
  readonly #options: DeliveryOptions;
  readonly #recorder: MessageRecorder;
  readonly #encoder = new DotEncoder();
  #handing: Handing;
  /** What every recipient is told when the final dot was not sent. */
  #failure: Reply | undefined;
  #isComplete = false;
  /** The end of a message that goes to the mail server with what ends it: one call less for both sides. */
  #held: Buffer = noBytes;
  /** The mail server's answer to the chunk that was sent last. Never rejects. */
  #chunkAnswered: Promise<void> | undefined;

  private constructor(
    context: StageContext,
    options: DeliveryOptions & { readonly id: string; readonly recorder: MessageRecorder },
  ) {
    this.#context = context;
    this.#options = options;
    this.#handing = options.handing;
    this.id = options.id;
    this.#recorder = options.recorder;
  }

  /** Undefined where the journal cannot be written and mail is to wait for it. */
  static async begin(
    context: StageContext,
    options: DeliveryOptions,
  ): Promise<MessageDelivery | undefined> {
    const { keeper, clock, policy, meter, bounds } = context;
    const journal = keeper.working ?? (await keeper.current());
    if (journal === undefined && policy === "tempfail") return undefined;
    const id = context.newId();
    const recorderOptions = {
      keeper,
      clock,
      policy,
      meter,
      pieceBytes: bounds.pieceBytes,
      delivery: id,
      sender: textOfBytes(options.sender),
    };
    const recorder = new MessageRecorder(recorderOptions, journal);
    return new MessageDelivery(context, { ...options, id, recorder });
  }

  get sender(): string {
    return this.#options.sender;
  }

  get sizeBytes(): number {
    return this.#recorder.sizeBytes;
  }

  /** Whether the mail server ended the transaction with its answers: after a chunk that it refused it may not have (RFC 3030 §2). */
  get endsTransaction(): boolean {
    return this.#handing === "dots";
  }

  get isPassedThrough(): boolean {
    return this.#recorder.isPassedThrough;
  }

  /** What stands in the way of this message by now. */
  get failure(): Reply | undefined {
    return this.#failure;
  }

  /** The next bytes, without dots. Never throws: a message that cannot be is read to its end. */
  async write(
    bytes: Buffer,
    { isLast = false }: { readonly isLast?: boolean } = {},
  ): Promise<void> {
    if (this.#failure !== undefined || bytes.length === 0) return;
    const { meter, bounds } = this.#context;
    if (this.#recorder.sizeBytes + bytes.length > bounds.maxMessageBytes)
      return this.#fail(ours.tooLarge);
    meter.add(bytes.length);
    if (isLast) {
      this.#held = bytes;
      if (this.#recorder.add(bytes)) await this.#flush();
      return;
    }
    // Both at once; the message goes no faster than the slower of them.
    const recording = this.#recorder.add(bytes) ? this.#flush() : undefined;
    try {
      await this.#send(bytes);
    } catch (error) {
      this.#fail(temporary(error));
    }
    await recording;
    meter.remove(bytes.length);
  }

  /**
   * The message is complete. For each recipient, in order, what is to be answered, as it becomes
   * known: a mail server's word is in the journal before it is given on. None of them rejects.
   */
  async finish(isClientGone: () => boolean): Promise<readonly Promise<RecipientResult>[]> {
    this.#isComplete = true;
    await this.#commit(isClientGone);
    const { recipients, connection } = this.#options;
    const options = { limitMs: this.#context.limits.finalMs, what: "answer to the message" };
    return recipients.map(async (recipient): Promise<RecipientResult> => {
      if (this.#failure !== undefined) return { recipient, reply: this.#failure, isServers: false };
      try {
        const answer = await connection.reply(options);
        await this.#recorder.outcome(textOfBytes(recipient), answer);
        return { recipient, reply: notClosing(answer), isServers: true };
      } catch (error) {
        return { recipient, reply: temporary(error), isServers: false };
      }
    });
  }

  /** All of `finish` is answered. */
  ended(): void {
    if (this.#failure === undefined) this.#recorder.ended();
  }

  /** The client is gone, or changed its mind: unless the message was completed, it is forgotten. */
  abandon(): void {
    if (!this.#isComplete && this.#failure === undefined) this.#fail(ours.serverGone);
  }

  /** The point of no return: after it the mail server may have the message. */
  async #commit(isClientGone: () => boolean): Promise<void> {
    const { connection, recipients } = this.#options;
    try {
      await this.#chunkAnswered;
      if (this.#failure !== undefined) return;
      if (isClientGone() || connection.isBroken) return this.#fail(ours.serverGone);
      await this.#recorder.arrived(recipients.map(textOfBytes));
    } catch {
      return this.#fail(ours.journalFails);
    }
    // Whoever went away comes again: better no outcome than the message twice.
    if (isClientGone() || connection.isBroken) return this.#fail(ours.serverGone);
    this.#sendEnd();
  }

  #sendEnd(): void {
    const { connection } = this.#options;
    const held = this.#held;
    if (this.#handing === "dots") {
      connection.sendAtOnce(this.#encoder.push(held));
      connection.sendAtOnce(this.#encoder.end());
    } else {
      connection.sendAtOnce(`BDAT ${held.length} LAST\r\n`);
      if (held.length > 0) connection.sendAtOnce(held);
    }
    this.#letGo();
  }

  #letGo(): void {
    this.#context.meter.remove(this.#held.length);
    this.#held = noBytes;
  }

  async #flush(): Promise<void> {
    try {
      await this.#recorder.flush();
    } catch {
      this.#fail(ours.journalFails);
    }
  }

  async #send(bytes: Buffer): Promise<void> {
    const { connection } = this.#options;
    if (this.#handing === "one-chunk-or-dots") await this.#askForData();
    if (this.#handing === "dots") return await connection.send(this.#encoder.push(bytes));
    await this.#chunkAnswered;
    if (this.#failure !== undefined) return;
    connection.sendAtOnce(`BDAT ${bytes.length}\r\n`);
    const sent = connection.send(bytes);
    this.#chunkAnswered = this.#chunkAnswer();
    await sent;
  }

  /** The message is not here as a whole. Throws where the mail server does not answer; what it refuses with is the failure. */
  async #askForData(): Promise<void> {
    const { dataMs } = this.#context.limits;
    this.#handing = "dots";
    const answer = await this.#options.connection.command("DATA", { limitMs: dataMs });
    if (answer.code !== 354) this.#fail(refusalOfData(answer));
  }

  async #chunkAnswer(): Promise<void> {
    const { limits } = this.#context;
    const options = { limitMs: limits.finalMs, what: "answer to BDAT" };
    try {
      const answer = await this.#options.connection.reply(options);
      if (!isPositive(answer)) this.#fail(notClosing(answer));
    } catch (error) {
      this.#fail(temporary(error));
    }
  }

  /** Closing the connection is the only way to take back a message that was begun with DATA. */
  #fail(answer: Reply): void {
    this.#failure ??= answer;
    this.#recorder.discard();
    this.#letGo();
    this.#options.connection[Symbol.dispose]();
  }
}
