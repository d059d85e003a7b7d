import { readCapabilities, type Capabilities } from "../protocol/capabilities.ts";
import { isPositive, type Reply, ReplyReader } from "../protocol/reply.ts";
import { type Endpoint, endpointText } from "../network/endpoint.ts";
import { Connection, timedOut } from "../network/connection.ts";
import { openSocket } from "../network/open-socket.ts";
import type { StageClock } from "../network/stage-clock.ts";
import { startTls, type ServerTls } from "../network/start-tls.ts";
import { LmtpError } from "../lmtp-error.ts";
import type { StageLimits } from "../limits.ts";

export type ServerOptions = {
  readonly endpoint: Endpoint;
  /** What we call ourselves. */
  readonly name: string;
  readonly tls?: ServerTls;
  readonly limits: StageLimits;
  readonly clock: StageClock;
};

type Waiter = {
  readonly limitMs: number;
  /** "answer to RCPT": what the mail server owes. */
  readonly what: string;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
};

/**
 * A connection to the mail server that has greeted. Answers come in the order of what was asked;
 * whatever goes wrong ends it, and everybody who waits is told.
 */
export class ServerConnection implements Disposable {
  #connection: Connection;
  readonly #options: ServerOptions;
  readonly #waiting: Waiter[] = [];
  #timer: Disposable | undefined;
  #failure: Error | undefined;
  #capabilities: Capabilities = new Map();
  /** Told once, when it cannot be used any more. */
  onBroken: (() => void) | undefined;
  /** How many transactions it has carried. */
  uses = 0;

  private constructor(connection: Connection, options: ServerOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Throws LmtpError `lmtp.unreachable`, `lmtp.server-refused`, `lmtp.timeout`, `lmtp.bad-reply`. */
  static async open(options: ServerOptions): Promise<ServerConnection> {
    const { endpoint, limits, clock, tls } = options;
    const socket = await openSocket(endpoint, { limitMs: limits.connectMs, clock });
    const server = new ServerConnection(new Connection(socket, { clock, who }), options);
    try {
      server.#startReading();
      requirePositive(await server.#await(limits.greetingMs, "greeting"), endpoint);
      await server.#greet();
      if (tls !== undefined) await server.#secure(tls);
      return server;
    } catch (error) {
      server[Symbol.dispose]();
      throw error;
    }
  }

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  get unsentBytes(): number {
    return this.#connection.unsentBytes;
  }

  /** Sends a command at once; resolves with its answer. */
  async command(line: string, options: { readonly limitMs: number }): Promise<Reply> {
    this.#throwIfBroken();
    this.#connection.write(`${line}\r\n`);
    const space = line.indexOf(" ");
    const verb = space === -1 ? line : line.slice(0, space);
    return await this.#await(options.limitMs, `answer to ${verb}`);
  }

  /** One more answer to what was sent. */
  async reply(options: { readonly limitMs: number; readonly what: string }): Promise<Reply> {
    this.#throwIfBroken();
    return await this.#await(options.limitMs, options.what);
  }

  /** Something short that is not waited for. */
  sendAtOnce(bytes: Uint8Array | string): void {
    this.#connection.write(bytes);
  }

  /** Bytes of a message; resolves when there is room for more. */
  async send(bytes: Uint8Array): Promise<void> {
    this.#throwIfBroken();
    this.#connection.write(bytes);
    if (this.#connection.needsDrain) {
      try {
        await this.#connection.drained(this.#options.limits.blockMs);
      } catch (error) {
        this.#fail(error as Error);
      }
      this.#throwIfBroken();
    }
  }

  /** Says QUIT where it can; never throws. */
  async quit(limitMs: number): Promise<void> {
    if (!this.isBroken) {
      this.#connection.write("QUIT\r\n");
      this.#failure = gone();
    }
    await this.#connection.end(limitMs);
  }

  [Symbol.dispose](): void {
    this.#fail(gone());
  }

  async #greet(): Promise<void> {
    const { name, limits, endpoint } = this.#options;
    const answer = await this.command(`LHLO ${name}`, { limitMs: limits.greetingMs });
    requirePositive(answer, endpoint);
    this.#capabilities = readCapabilities(answer);
  }

  async #secure(tls: ServerTls): Promise<void> {
    const { endpoint, limits, clock } = this.#options;
    if (!this.#capabilities.has("STARTTLS"))
      throw new LmtpError(
        "lmtp.server-refused",
        `Cannot speak to ${endpointText(endpoint)} under TLS: it does not offer STARTTLS`,
        { hint: "Configure TLS for the server's LMTP service, or leave --server-tls out." },
      );
    requirePositive(await this.command("STARTTLS", { limitMs: limits.greetingMs }), endpoint);
    const plain = this.#connection;
    const socket = await startTls(plain.detach(), { tls, limitMs: limits.greetingMs, clock });
    this.#connection = new Connection(socket, { clock, who });
    this.#startReading();
    await this.#greet();
  }

  #startReading(): void {
    const connection = this.#connection;
    const reader = new ReplyReader();
    const read = async (): Promise<void> => {
      for (;;) {
        const bytes = await connection.read();
        if (connection !== this.#connection) return;
        if (bytes === undefined) throw gone();
        reader.push(bytes);
        for (let found = reader.next(); found !== undefined; found = reader.next())
          this.#deliver(found);
      }
    };
    read().catch((error: Error) => {
      if (connection === this.#connection) this.#fail(error);
    });
  }

  #deliver(found: Reply): void {
    const waiter = this.#waiting.shift();
    // 421 comes when it likes (RFC 5321 §3.8); anything else that nobody asked for is as bad.
    if (waiter === undefined) return this.#fail(gone());
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#watchFirst();
    waiter.resolve(found);
  }

  #await(limitMs: number, what: string): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#waiting.push({ limitMs, what, resolve, reject });
    if (this.#waiting.length === 1) this.#watchFirst();
    return promise;
  }

  #watchFirst(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { limitMs, what } = first;
    this.#timer = this.#options.clock.after(limitMs, () =>
      this.#fail(timedOut(`wait for the mail server's ${what}`, limitMs)),
    );
  }

  #fail(error: Error): void {
    const isFirst = this.#failure === undefined;
    this.#failure ??= error;
    this.#timer?.[Symbol.dispose]();
    this.#connection[Symbol.dispose]();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    if (isFirst) this.onBroken?.();
  }

  #throwIfBroken(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

const who = "the mail server";

function requirePositive(answer: Reply, endpoint: Endpoint): void {
  if (isPositive(answer)) return;
  const said = [answer.code, ...answer.lines].join(" ").replace(/[^\x20-\x7e]/g, "?");
  throw new LmtpError(
    "lmtp.server-refused",
    `Cannot begin with the mail server at ${endpointText(endpoint)}: it says ${said.slice(0, 200)}`,
    { hint: "See the mail server's log.", retryable: answer.code < 500 },
  );
}

function gone(): LmtpError {
  return new LmtpError(
    "lmtp.server-gone",
    "Cannot go on with the mail server: it closed the connection",
    { hint: "See the mail server's log.", retryable: true },
  );
}
