import type { SecureContext } from "node:tls";
import { offeredLines } from "../protocol/capabilities.ts";
import { ClientInput } from "../protocol/client-input.ts";
import { type Command, parseCommand, type RecipientCommand } from "../protocol/command.ts";
import type { Peer } from "../protocol/peer.ts";
import { encodeReply, isPositive, type Reply, reply } from "../protocol/reply.ts";
import { applyXclient } from "../protocol/xclient.ts";
import { ours, temporary } from "../delivery/answers.ts";
import { type CommandsAhead, Transaction } from "../delivery/transaction.ts";
import { Connection } from "../network/connection.ts";
import { acceptTls } from "../network/start-tls.ts";
import type { StageContext } from "../stage-context.ts";
import { ReplyQueue } from "./reply-queue.ts";
import { transferMessage } from "./transfer-message.ts";

export type SessionOptions = {
  readonly context: StageContext;
  readonly connection: Connection;
  readonly peer: Peer;
  /** What we call ourselves. */
  readonly name: string;
  /** Our certificate; absent: no TLS. */
  readonly tls?: SecureContext;
  /** Whether this peer may say on whose behalf it speaks. */
  readonly isTrusted: boolean;
  /** What came with the proxy's header. */
  readonly firstBytes?: Buffer;
};

/** One connection of an MTA, from greeting to goodbye. */
export class Session {
  readonly #options: SessionOptions;
  readonly #context: StageContext;
  readonly #input = new ClientInput();
  #connection: Connection;
  #replies: ReplyQueue;
  #peer: Peer;
  #transaction: Transaction | undefined;
  #hasGreeted = false;
  #isSecure = false;
  #badCommands = 0;
  #isStopping = false;
  #isWaiting = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#connection = options.connection;
    this.#peer = options.peer;
    this.#replies = this.#newQueue();
    if (options.firstBytes !== undefined) this.#input.push(options.firstBytes);
  }

  /** Whoever waits for a command is told that there will be none; a transaction is finished first. */
  stop(): void {
    this.#isStopping = true;
    if (this.#isWaiting && this.#transaction === undefined) this.#connection.wake();
  }

  /** Until one of both closes. Never throws: what goes wrong with one client is that client's. */
  async run(): Promise<void> {
    try {
      this.#say(reply(220, `${this.#options.name} LMTP Restante`));
      for (;;) {
        const next = await this.#nextCommand();
        if (next === undefined || (await this.#obey(next)) === "close") break;
      }
    } catch {
      // The client is gone, or too slow.
    } finally {
      await this.#transaction?.end();
      await this.#replies.sent().catch(() => undefined);
      await this.#connection.end(lastWordsMs);
    }
  }

  async #nextCommand(): Promise<Command | undefined> {
    const { limits, bounds } = this.#context;
    for (;;) {
      if (this.#isStopping && this.#transaction === undefined) {
        this.#say(reply(421, "4.3.2 The delivery stage is stopping; try again later"));
        return undefined;
      }
      if (this.#replies.isFull(bounds.maxPipelined)) await this.#replies.room(bounds.maxPipelined);
      const line = this.#input.line();
      if (line === undefined) {
        this.#isWaiting = true;
        const bytes = await this.#connection.read(limits.commandMs);
        this.#isWaiting = false;
        if (bytes === undefined) return undefined;
        this.#input.push(bytes);
        continue;
      }
      const command: Command = line.kind === "line" ? parseCommand(line.text) : badLine[line.kind];
      if (command.verb !== "problem") return command;
      this.#say(command.reply);
      this.#badCommands += 1;
      if (command.isFatal || this.#badCommands >= bounds.maxBadCommands) {
        this.#say(reply(421, "4.7.0 Too many errors"));
        return undefined;
      }
    }
  }

  async #obey(command: Command): Promise<"close" | undefined> {
    switch (command.verb) {
      case "LHLO":
        await this.#greet(command.name);
        return undefined;
      case "MAIL":
      case "RCPT":
        await this.#address(command);
        return undefined;
      case "DATA":
      case "BDAT":
        return await this.#transfer(command);
      case "RSET":
        await this.#forget();
        this.#say(reply(250, "2.0.0 OK"));
        return undefined;
      case "NOOP":
        this.#say(reply(250, "2.0.0 OK"));
        return undefined;
      case "VRFY":
        this.#say(reply(252, "2.3.3 Try RCPT instead"));
        return undefined;
      case "STARTTLS":
        return await this.#startTls();
      case "XCLIENT":
        await this.#takeXclient(command.attributes);
        return undefined;
      case "QUIT":
        this.#say(reply(221, "2.0.0 Bye"));
        return "close";
      case "problem":
        return undefined;
    }
  }

  async #greet(name: string): Promise<void> {
    await this.#forget();
    const { pool, bounds } = this.#context;
    const { isTrusted, tls, name: ownName } = this.#options;
    this.#peer = { greeting: name, ...this.#peer };
    try {
      const lines = offeredLines({
        name: ownName,
        server: await pool.capabilities(),
        maxMessageBytes: bounds.maxMessageBytes,
        withStartTls: tls !== undefined && !this.#isSecure,
        withXclient: isTrusted,
      });
      this.#hasGreeted = true;
      this.#say({ code: 250, lines });
    } catch (error) {
      // Without the mail server nobody knows what can be offered.
      this.#say(temporary(error));
    }
  }

  async #address(command: Extract<Command, { verb: "MAIL" | "RCPT" }>): Promise<void> {
    if (!this.#hasGreeted) return this.#say(reply(503, "5.5.1 LHLO first"));
    if (command.verb === "MAIL") {
      if (this.#transaction !== undefined) return this.#say(reply(503, "5.5.1 MAIL already given"));
      const transaction = new Transaction(this.#context, command, this.#takeAhead());
      const answer = await transaction.begin();
      if (isPositive(answer)) this.#transaction = transaction;
      this.#say(answer);
      for (const recipient of transaction.recipientAnswers) this.#replies.add(recipient);
      return;
    }
    const transaction = this.#transaction;
    if (transaction === undefined) return this.#say(ours.mailFirst);
    this.#replies.add(transaction.addRecipient(command));
    await this.#replies.room(transaction.mayPipeline ? this.#context.bounds.maxPipelined : 1);
  }

  /** Recipients that are here already, and whether DATA comes behind them; DATA itself stays. */
  #takeAhead(): CommandsAhead {
    const recipients: RecipientCommand[] = [];
    for (;;) {
      const line = this.#input.peek();
      const command = line === undefined ? undefined : parseCommand(line);
      if (command?.verb !== "RCPT" || recipients.length >= this.#context.bounds.maxPipelined)
        return { recipients, hasData: command?.verb === "DATA" && recipients.length > 0 };
      this.#input.line();
      recipients.push(command);
    }
  }

  async #transfer(
    command: Extract<Command, { verb: "DATA" | "BDAT" }>,
  ): Promise<"close" | undefined> {
    await this.#replies.sent();
    const transaction = this.#transaction;
    const end = await transferMessage(command, {
      context: this.#context,
      connection: this.#connection,
      input: this.#input,
      replies: this.#replies,
      peer: this.#peer,
      transaction,
      nextCommand: async () => await this.#nextCommand(),
    });
    if (end === "answered") transaction?.endAfterMessage();
    else await transaction?.end();
    this.#transaction = undefined;
    return end === "close" ? "close" : undefined;
  }

  async #startTls(): Promise<"close" | undefined> {
    const { tls, context } = this.#options;
    if (tls === undefined || this.#isSecure) {
      this.#say(reply(502, "5.5.1 STARTTLS is not offered"));
      return undefined;
    }
    await this.#forget();
    this.#say(reply(220, "2.0.0 Begin TLS"));
    await this.#replies.sent();
    // What was sent in the clear behind STARTTLS may be anybody's.
    this.#input.clear();
    const options = { context: tls, limitMs: context.limits.greetingMs, clock: context.clock };
    const socket = await acceptTls(this.#connection.detach(), options);
    this.#connection = new Connection(socket, { clock: context.clock, who: "the MTA" });
    this.#replies = this.#newQueue();
    [this.#isSecure, this.#hasGreeted] = [true, false];
    return undefined;
  }

  async #takeXclient(attributes: string): Promise<void> {
    if (!this.#options.isTrusted) return this.#say(reply(550, "5.7.0 You may not say XCLIENT"));
    if (this.#transaction !== undefined) return this.#say(reply(503, "5.5.1 Not now"));
    const peer = applyXclient(attributes, this.#peer);
    if (peer === undefined) return this.#say(reply(501, "5.5.4 Bad XCLIENT attributes"));
    this.#peer = peer;
    this.#hasGreeted = false;
    this.#say(reply(220, `${this.#options.name} LMTP Restante`));
  }

  async #forget(): Promise<void> {
    await this.#replies.sent();
    const transaction = this.#transaction;
    this.#transaction = undefined;
    await transaction?.end();
  }

  #say(answer: Reply): void {
    this.#replies.say(answer);
  }

  #newQueue(): ReplyQueue {
    const connection = this.#connection;
    const { blockMs } = this.#context.limits;
    return new ReplyQueue({
      write: (answer) => connection.write(encodeReply(answer)),
      room: () => (connection.needsDrain ? connection.drained(blockMs) : undefined),
    });
  }
}

/** How long a client that was told goodbye may take to go. */
const lastWordsMs = 2000;

const badLine = {
  "too-long": { verb: "problem", reply: reply(500, "5.5.2 Line too long"), isFatal: false },
  "bare-lf": {
    verb: "problem",
    reply: reply(500, "5.5.2 A line ends with CR LF"),
    isFatal: false,
  },
} as const satisfies Record<string, Command>;
