import { isPositive, type Reply } from "../protocol/reply.ts";
import type { MailCommand, RecipientCommand } from "../protocol/command.ts";
import { isLmtpError } from "../lmtp-error.ts";
import type { ServerConnection } from "../server/server-connection.ts";
import type { StageContext } from "../stage-context.ts";
import { notClosing, ours, temporary } from "./answers.ts";
import { MessageDelivery } from "./message-delivery.ts";

/** How the message's bytes come and go: with dots after DATA, or in chunks of known size. */
export type TransferMode = "data" | "chunks";

export type DataStart =
  /** The mail server waits for the message; its answer is to be given. */
  | { readonly kind: "go"; readonly reply: Reply; readonly delivery: MessageDelivery }
  | { readonly kind: "no"; readonly reply: Reply };

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

  constructor(context: StageContext, mail: MailCommand) {
    this.#context = context;
    this.#mail = mail;
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
    if (policy === "tempfail" && (await keeper.current()) === undefined) return ours.journalFails;
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
    try {
      const answer = await connection.command(this.#mail.line, { limitMs: limits.mailMs });
      if (isPositive(answer)) this.#connection = connection;
      else await this.#giveBack(connection);
      return answer;
    } catch (error) {
      connection[Symbol.dispose]();
      if (wasUsed && !isLmtpError(error, "lmtp.timeout")) return undefined;
      throw error;
    }
  }

  /** Asks the mail server for one recipient; what is called first is asked first. */
  async addRecipient(command: RecipientCommand): Promise<Reply> {
    const { limits, bounds } = this.#context;
    if (this.#recipients >= bounds.maxRecipients) return ours.tooManyRecipients;
    this.#recipients += 1;
    const connection = this.#connection;
    if (connection === undefined) return ours.serverGone;
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
    if (connection === undefined || connection.isBroken)
      return { kind: "no", reply: ours.serverGone };
    if (this.#accepted.length === 0) return { kind: "no", reply: ours.noRecipients };
    const inChunks = mode === "chunks" && connection.capabilities.has("CHUNKING");
    const delivery = await MessageDelivery.begin(this.#context, {
      connection,
      inChunks,
      sender: this.#mail.sender,
      recipients: this.#accepted,
    });
    if (delivery === undefined) return { kind: "no", reply: ours.journalFails };
    if (inChunks) return { kind: "go", reply: ours.startMail, delivery };
    try {
      const answer = await connection.command("DATA", { limitMs: limits.dataMs });
      if (answer.code === 354) return { kind: "go", reply: answer, delivery };
      // A success here would be nonsense, and must not be taken for one.
      return { kind: "no", reply: isPositive(answer) ? ours.serverGone : notClosing(answer) };
    } catch (error) {
      return { kind: "no", reply: temporary(error) };
    }
  }

  /** It is over; whatever was not sent is forgotten. */
  async end(): Promise<void> {
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
