import { isPositive, type Reply } from "../protocol/reply.ts";
import type { MailCommand, RecipientCommand } from "../protocol/command.ts";
import { isLmtpError } from "../lmtp-error.ts";
import type { ServerConnection } from "../server/server-connection.ts";
import type { StageContext } from "../stage-context.ts";
import { notClosing, ours, refusalOfData, temporary } from "./answers.ts";
import { type Handing, MessageDelivery } from "./message-delivery.ts";

/** How the message's bytes come and go: with dots after DATA, or in chunks of known size. */
export type TransferMode = "data" | "chunks";

export type DataStart =
  /** The mail server waits for the message; its answer is to be given. */
  | { readonly kind: "go"; readonly reply: Reply; readonly delivery: MessageDelivery }
  | { readonly kind: "no"; readonly reply: Reply };

/** What an MTA sent behind MAIL without waiting for its answer (PIPELINING, RFC 2920). */
export type CommandsAhead = {
  readonly recipients: readonly RecipientCommand[];
  /** DATA came behind them. It is still to be obeyed. */
  readonly hasData: boolean;
};

/**
 * One MAIL with its RCPTs, on one connection to the mail server. Answers are the mail server's;
 * where it gives none, they are temporary failures.
 */
export class Transaction {
  readonly #context: StageContext;
  readonly #mail: MailCommand;
  readonly #accepted: string[] = [];
  #connection: ServerConnection | undefined;
  #recipients = 0;
  /** What the MTA sent behind MAIL without waiting. */
  readonly #ahead: CommandsAhead;
  #recipientAnswers: readonly Promise<Reply>[];
  #dataAnswer: Promise<Reply> | undefined;

  constructor(context: StageContext, mail: MailCommand, ahead: CommandsAhead) {
    this.#context = context;
    this.#mail = mail;
    this.#ahead = ahead;
    this.#recipientAnswers = ahead.recipients.map(async () => ours.mailFirst);
  }

  /** The answers to the recipients that came with MAIL; for when `begin` has answered. None rejects. */
  get recipientAnswers(): readonly Promise<Reply>[] {
    return this.#recipientAnswers;
  }

  /** Whether the mail server answers in order without being waited for. */
  get mayPipeline(): boolean {
    return this.#connection?.capabilities.has("PIPELINING") === true;
  }

  /** Asks the mail server whether it takes mail of that sender. */
  async begin(): Promise<Reply> {
    const { keeper, policy } = this.#context;
    const size = Number(this.#mail.parameters.get("SIZE") ?? 0);
    if (size > this.#context.bounds.maxMessageBytes) return ours.tooLarge;
    if (policy === "tempfail" && (keeper.working ?? (await keeper.current())) === undefined)
      return ours.journalFails;
    try {
      const answer = await this.#say(false);
      // A connection that was used before may have been closed meanwhile; 421 says so in words.
      if (answer !== undefined && answer.code !== 421) return answer;
      return notClosing((await this.#say(true)) ?? ours.serverGone);
    } catch (error) {
      return temporary(error);
    }
  }

  /** MAIL on a connection; undefined where one that had been used before turned out to be closed. */
  async #say(fresh: boolean): Promise<Reply | undefined> {
    const { pool, limits } = this.#context;
    const connection = await pool.acquire({ fresh });
    const wasUsed = connection.uses > 0;
    connection.uses += 1;
    this.#accepted.length = 0;
    this.#recipients = 0;
    try {
      const mail = connection.command(this.#mail.line, { limitMs: limits.mailMs });
      const mayPipeline = connection.capabilities.has("PIPELINING");
      if (mayPipeline) this.#sendAhead(connection);
      const answer = await mail;
      if (!isPositive(answer)) {
        await this.#refused(connection);
        return answer;
      }
      this.#connection = connection;
      if (!mayPipeline) await this.#sendOneByOne(connection);
      return answer;
    } catch (error) {
      connection[Symbol.dispose]();
      if (wasUsed && !isLmtpError(error, "lmtp.timeout")) return undefined;
      throw error;
    }
  }

  /** What the MTA did not wait with, we do not either. */
  #sendAhead(connection: ServerConnection): void {
    const { recipients, hasData } = this.#ahead;
    this.#recipientAnswers = recipients.map(async (one) => await this.#ask(connection, one));
    if (!hasData || this.#mayTakeOneChunk(connection)) return;
    const { dataMs } = this.#context.limits;
    this.#dataAnswer = connection.command("DATA", { limitMs: dataMs });
    // Whoever asks for it is told.
    this.#dataAnswer.catch(() => undefined);
  }

  /** For a mail server that wants to be waited for. */
  async #sendOneByOne(connection: ServerConnection): Promise<void> {
    const answers: Reply[] = [];
    for (const one of this.#ahead.recipients) answers.push(await this.#ask(connection, one));
    this.#recipientAnswers = answers.map(async (answer) => answer);
  }

  /** MAIL was: what was sent behind it is refused as well. */
  async #refused(connection: ServerConnection): Promise<void> {
    await Promise.all(this.#recipientAnswers);
    this.#recipientAnswers = this.#ahead.recipients.map(async () => ours.mailFirst);
    const data = await this.#dataAnswer?.catch(() => undefined);
    this.#dataAnswer = undefined;
    // A server that waits for a message all the same gets none.
    if (data?.code === 354) connection[Symbol.dispose]();
    await this.#giveBack(connection);
  }

  /** Asks the mail server for one recipient; what is called first is asked first. */
  async addRecipient(command: RecipientCommand): Promise<Reply> {
    if (this.#connection === undefined) return ours.serverGone;
    return await this.#ask(this.#connection, command);
  }

  async #ask(connection: ServerConnection, command: RecipientCommand): Promise<Reply> {
    const { limits, bounds } = this.#context;
    if (this.#recipients >= bounds.maxRecipients) return ours.tooManyRecipients;
    this.#recipients += 1;
    try {
      const answer = await connection.command(command.line, { limitMs: limits.recipientMs });
      if (isPositive(answer)) this.#accepted.push(command.recipient);
      return notClosing(answer);
    } catch (error) {
      return temporary(error);
    }
  }

  /** Asks the mail server to take the message for those recipients that it accepted. */
  async start(mode: TransferMode): Promise<DataStart> {
    const { limits } = this.#context;
    const connection = this.#connection;
    if (connection === undefined || connection.isBroken) return await this.#no(ours.serverGone);
    if (this.#accepted.length === 0) return await this.#no(ours.noRecipients);
    const handing = this.#handing(mode, connection);
    const delivery = await MessageDelivery.begin(this.#context, {
      connection,
      handing,
      sender: this.#mail.sender,
      recipients: this.#accepted,
    });
    if (delivery === undefined) return await this.#no(ours.journalFails);
    if (handing !== "dots") return { kind: "go", reply: ours.startMail, delivery };
    try {
      const asked = this.#dataAnswer ?? connection.command("DATA", { limitMs: limits.dataMs });
      this.#dataAnswer = undefined;
      const answer = await asked;
      if (answer.code === 354) return { kind: "go", reply: answer, delivery };
      return await this.#no(refusalOfData(answer));
    } catch (error) {
      return await this.#no(temporary(error));
    }
  }

  #handing(mode: TransferMode, connection: ServerConnection): Handing {
    if (mode === "chunks" && connection.capabilities.has("CHUNKING")) return "chunks";
    const isAsked = this.#dataAnswer !== undefined;
    return !isAsked && this.#mayTakeOneChunk(connection) ? "one-chunk-or-dots" : "dots";
  }

  #mayTakeOneChunk({ capabilities }: ServerConnection): boolean {
    return this.#recipients === 1 && capabilities.has("CHUNKING");
  }

  /** A mail server that was asked for DATA and waits for the message now is not given one. */
  async #no(reply: Reply): Promise<DataStart> {
    const data = await this.#dataAnswer?.catch(() => undefined);
    this.#dataAnswer = undefined;
    if (data?.code === 354) this.#connection?.[Symbol.dispose]();
    return { kind: "no", reply };
  }

  /** It is over; whatever was not sent is forgotten. */
  async end(): Promise<void> {
    await this.#no(ours.serverGone);
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) await this.#giveBack(connection);
  }

  /** The message was answered for: the mail server has forgotten the transaction by itself. */
  endAfterMessage(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) this.#context.pool.release(connection);
  }

  /** Without RSET a connection would carry over what was said on it. */
  async #giveBack(connection: ServerConnection): Promise<void> {
    const { pool, limits } = this.#context;
    if (connection.isBroken) return;
    try {
      const answer = await connection.command("RSET", { limitMs: limits.mailMs });
      if (isPositive(answer)) pool.release(connection);
      else connection[Symbol.dispose]();
    } catch {
      connection[Symbol.dispose]();
    }
  }
}
