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
    let [isMessage, isComplete, isSilent] = [false, false, false];
    let tail = "";
    const silence = (): void => {
      if (isSilent) return;
      isSilent = true;
      this.#due -= 1;
      if (this.#due === 0) this.#reached.resolve();
    };
    stage.on("data", (bytes: Buffer) => {
      const text = bytes.toString("latin1");
      isMessage ||= /^BDAT \d/m.test(text);
      if (this.#held === "message" && isMessage) {
        silence();
        // What is not read here fills the pipes up to the MTA.
        stage.pause();
      }
      // The end comes by itself, when the journal is durable.
      tail = (tail + text.slice(-20)).slice(-20);
      isComplete = isMessage && /(?:\n\.|\nBDAT 0 LAST)\r\n$/.test(tail);
      if (!isSilent) server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      isMessage ||= /^354/m.test(bytes.toString("latin1"));
      if (this.#held === "answer" && isComplete) silence();
      if (!isSilent) stage.write(bytes);
      if (isComplete) isMessage = false;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
