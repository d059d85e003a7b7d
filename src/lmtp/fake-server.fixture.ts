/** A mail server for tests that does what the test says: LMTP, in this process, lines ending with any LF. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Endpoint } from "./network/endpoint.ts";

export type FakeStep = {
  readonly verb:
    | "greeting"
    | "LHLO"
    | "MAIL"
    | "RCPT"
    | "DATA"
    | "BDAT"
    | "final"
    | "RSET"
    | "NOOP";
  /** The whole command; of `final` the recipient. */
  readonly text: string;
  /** Counted from 1. */
  readonly connection: number;
};

/** A line to answer with; `silence`: none; `close`: the end of the connection; absent: the usual. */
export type FakeAnswer = string | undefined;

export type FakeMessage = {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly sizeBytes: number;
  /** Latin-1; empty where the server was told to only count. */
  readonly text: string;
};

export type FakeServerOptions = {
  readonly capabilities?: readonly string[];
  readonly script?: (step: FakeStep) => FakeAnswer;
  /** Keep no message, only its size. */
  readonly countOnly?: boolean;
  /** Read nothing of a message until the test says so. */
  readonly pauseData?: boolean;
};

export class FakeServer implements AsyncDisposable {
  /** Messages for which the final dot was seen. */
  readonly messages: FakeMessage[] = [];
  /** Connections that ended in the middle of a message. */
  unfinished = 0;
  connections = 0;
  readonly commands: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = [];

  private constructor(options: FakeServerOptions) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      new FakeSession(socket, this, { ...options, number: ++this.connections }).begin();
    });
  }

  static async start(options: FakeServerOptions = {}): Promise<FakeServer> {
    const server = new FakeServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get endpoint(): Endpoint {
    const { port } = this.#server.address() as AddressInfo;
    return { kind: "tcp", host: "127.0.0.1", port };
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets connections that were paused read on. */
  resume(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  changed(): void {
    for (const { test, resolve } of this.#waiting) if (test()) resolve();
  }

  /** Resolves when something that the server saw makes it true. */
  async until(test: () => boolean): Promise<void> {
    if (test()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ test, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
  }
}

const usualCapabilities: readonly string[] = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"];

type Serving = FakeServerOptions & { readonly number: number };

const usual: Record<FakeStep["verb"], string> = {
  greeting: "220 fake ready",
  LHLO: "",
  MAIL: "250 2.1.0 OK",
  RCPT: "250 2.1.5 OK",
  DATA: "354 OK",
  BDAT: "250 2.0.0 OK",
  final: "250 2.0.0 Saved",
  RSET: "250 2.0.0 OK",
  NOOP: "250 2.0.0 OK",
};

type Receiving = {
  /** After DATA, until the dot; between chunks there are commands. */
  readonly isDotted: boolean;
  readonly parts: string[];
  sizeBytes: number;
  tail: string;
};

class FakeSession {
  readonly #socket: Socket;
  readonly #server: FakeServer;
  readonly #options: Serving;
  #pending = "";
  #sender = "";
  #recipients: string[] = [];
  #chunk: { left: number; readonly isLast: boolean } | undefined;
  #message: Receiving | undefined;

  constructor(socket: Socket, server: FakeServer, options: Serving) {
    this.#socket = socket;
    this.#server = server;
    this.#options = options;
  }

  begin(): void {
    this.#socket.on("data", (bytes) => {
      this.#pending += bytes.toString("latin1");
      while (!this.#socket.destroyed && this.#step());
      this.#server.changed();
    });
    this.#socket.on("close", () => {
      if (this.#message !== undefined) this.#server.unfinished += 1;
      this.#server.changed();
    });
    this.#answer({ verb: "greeting", text: "" });
  }

  /** Whether it was a positive one. */
  #answer(step: Omit<FakeStep, "connection">): boolean {
    const { script, number, capabilities = usualCapabilities } = this.#options;
    const said = script?.({ ...step, connection: number });
    this.#server.changed();
    if (said === "silence") return true;
    if (said === "close") {
      this.#socket.destroy();
      return false;
    }
    const offered = ["fake", ...capabilities];
    const lhlo = offered.map((line, at) => `250${at === offered.length - 1 ? " " : "-"}${line}`);
    this.#socket.write(
      `${said ?? (step.verb === "LHLO" ? lhlo.join("\r\n") : usual[step.verb])}\r\n`,
    );
    return said === undefined || said.startsWith("2") || said.startsWith("354");
  }

  /** Whether something was taken. */
  #step(): boolean {
    if (this.#chunk !== undefined) return this.#takeChunk(this.#chunk);
    const message = this.#message?.isDotted === true ? this.#message : undefined;
    if (message !== undefined && this.#options.countOnly === true)
      return this.#countMessage(message);
    const end = this.#pending.indexOf("\n") + 1;
    if (end === 0) return false;
    const line = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end);
    if (message === undefined) this.#command(line.replace(/\r?\n$/, ""));
    else if (line === ".\n" || line === ".\r\n") this.#finish();
    else this.#keep(line.startsWith(".") ? line.slice(1) : line);
    return true;
  }

  #command(line: string): void {
    this.#server.commands.push(line);
    const verb = /^[A-Z]+/i.exec(line)?.[0].toUpperCase() ?? "";
    if (verb === "QUIT") return void this.#socket.end("221 2.0.0 Bye\r\n");
    if (verb === "RSET") [this.#recipients, this.#message] = [[], undefined];
    if (verb === "BDAT") {
      const [, size = "0", last] = /^BDAT (\d+)( LAST)?/.exec(line) ?? [];
      this.#message ??= { isDotted: false, parts: [], sizeBytes: 0, tail: "" };
      this.#chunk = { left: Number(size), isLast: last !== undefined };
      return;
    }
    const isPositive = this.#answer({ verb: verb as FakeStep["verb"], text: line });
    const path = /<(.*?)>/.exec(line)?.[1] ?? "";
    if (verb === "MAIL" && isPositive) [this.#sender, this.#recipients] = [path, []];
    if (verb === "RCPT" && isPositive) this.#recipients.push(path);
    if (verb === "DATA" && isPositive) {
      this.#message = { isDotted: true, parts: [], sizeBytes: 0, tail: "" };
      if (this.#options.pauseData === true) this.#socket.pause();
    }
  }

  #takeChunk(chunk: { left: number; readonly isLast: boolean }): boolean {
    const part = this.#pending.slice(0, chunk.left);
    this.#pending = this.#pending.slice(part.length);
    this.#keep(part);
    chunk.left -= part.length;
    if (chunk.left > 0) return false;
    this.#chunk = undefined;
    if (chunk.isLast) this.#finish();
    else this.#answer({ verb: "BDAT", text: "BDAT" });
    return true;
  }

  /** Only the end is looked for: a message of 50 MB is not split into lines. */
  #countMessage(message: Receiving): boolean {
    const whole = message.tail + this.#pending;
    const end = whole.indexOf("\r\n.\r\n");
    const counted = message.tail.length;
    if (end === -1) {
      message.sizeBytes += this.#pending.length;
      message.tail = whole.slice(-4);
      this.#pending = "";
      return false;
    }
    message.sizeBytes += end + 2 - counted;
    this.#pending = whole.slice(end + 5);
    this.#finish();
    return true;
  }

  #keep(text: string): void {
    if (this.#message === undefined) return;
    this.#message.sizeBytes += text.length;
    this.#message.parts.push(text);
  }

  #finish(): void {
    const { parts = [], sizeBytes = 0 } = this.#message ?? {};
    const recipients = this.#recipients;
    [this.#message, this.#recipients] = [undefined, []];
    const text = parts.join("");
    this.#server.messages.push({ sender: this.#sender, recipients, sizeBytes, text });
    for (const recipient of recipients) this.#answer({ verb: "final", text: recipient });
  }
}
