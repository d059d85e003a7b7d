/** Stands before a mail server's LMTP socket, and holds back what the test says. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** What is held back: a message that has begun, or the answer to one that is complete. */
export type Held = "message" | "answer";

export class LmtpGate implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #held: Held | undefined;
  #due = 0;
  #reached: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor(server: string) {
    this.#server = createServer((socket) => this.#join(socket, connect({ path: server })));
  }

  static async start(path: string, server: string): Promise<LmtpGate> {
    const gate = new LmtpGate(server);
    gate.#server.listen(path);
    await once(gate.#server, "listening");
    return gate;
  }

  /** From the next message on. Resolves when something is held back in so many connections. */
  hold(what: Held, connections = 1): Promise<void> {
    this.#held = what;
    this.#due = connections;
    this.#reached = Promise.withResolvers();
    return this.#reached.promise;
  }

  /** Everything passes again; connections in which something was held back stay silent. */
  open(): void {
    this.#held = undefined;
  }

  #join(stage: Socket, server: Socket): void {
    for (const socket of [stage, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        stage.destroy();
        server.destroy();
      });
    }
    const message = new MessageWatch();
    let isSilent = false;
    const silence = (): void => {
      if (isSilent) return;
      isSilent = true;
      this.#due -= 1;
      if (this.#due === 0) this.#reached.resolve();
    };
    stage.on("data", (bytes: Buffer) => {
      message.sent(bytes.toString("latin1"));
      if (this.#held === "message" && message.hasBegun) {
        silence();
        // What is not read here fills the pipes up to the MTA.
        stage.pause();
      }
      if (!isSilent) server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (this.#held === "answer" && message.isComplete) silence();
      if (!isSilent) stage.write(bytes);
      message.answered(bytes.toString("latin1"));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}

/** Where the message stands that a client sends: with dots after 354, or in chunks. */
class MessageWatch {
  hasBegun = false;
  isComplete = false;
  #isDotted = false;
  #chunk = { left: 0, isLast: false };
  #tail = "";

  sent(text: string): void {
    if (this.#isDotted) {
      this.#tail = (this.#tail + text).slice(-5);
      this.isComplete = this.#tail.endsWith("\n.\r\n");
      return;
    }
    this.#tail += text;
    while (this.#tail !== "" && this.#step());
  }

  answered(text: string): void {
    if (/^354/m.test(text)) [this.hasBegun, this.#isDotted, this.#tail] = [true, true, "\r\n"];
    if (this.isComplete) [this.hasBegun, this.isComplete, this.#isDotted] = [false, false, false];
  }

  /** Takes a command or some of a chunk; whether there was one. */
  #step(): boolean {
    const chunk = this.#chunk;
    if (chunk.left > 0) {
      const taken = Math.min(chunk.left, this.#tail.length);
      this.#tail = this.#tail.slice(taken);
      chunk.left -= taken;
    } else {
      const end = this.#tail.indexOf("\r\n");
      if (end === -1) return false;
      const [, size, last] = /^BDAT (\d+)( LAST)?$/.exec(this.#tail.slice(0, end)) ?? [];
      this.#tail = this.#tail.slice(end + 2);
      if (size === undefined) return true;
      this.hasBegun = true;
      this.#chunk = { left: Number(size), isLast: last !== undefined };
    }
    // The end comes by itself, when the journal is durable.
    this.isComplete ||= this.#chunk.isLast && this.#chunk.left === 0;
    if (this.isComplete) this.#chunk = { left: 0, isLast: false };
    return true;
  }
}
