/** An MTA's side of LMTP for tests and measurements: pipelines as Postfix does, and knows what it was told. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A Unix socket's path, or a port of this machine. */
export type LmtpPlace = string | number;

export type DeliveryEnd =
  /** One reply per recipient that was accepted, and those of the ones that were not. */
  | { readonly kind: "answered"; readonly codes: readonly number[]; readonly refused: number }
  /** The connection broke before the final dot was written: nobody can have the message. */
  | { readonly kind: "not-sent" }
  /** It broke afterwards: nobody told us. Delivering it again may make it two. */
  | { readonly kind: "unknown" };

export class LmtpClient implements Disposable {
  readonly #socket: Socket;
  #pending = "";
  #hasEnded = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      this.#pending += bytes.toString("latin1");
      this.#wake?.();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#hasEnded = true;
      this.#wake?.();
    });
  }

  /** Throws where nobody listens. */
  static async connect(place: LmtpPlace): Promise<LmtpClient> {
    const socket =
      typeof place === "string"
        ? connect({ path: place })
        : connect({ host: "127.0.0.1", port: place });
    await once(socket, "connect");
    const client = new LmtpClient(socket);
    if ((await client.#reply()) !== 220) throw new Error("no greeting");
    socket.write("LHLO mta.example.org\r\n");
    if ((await client.#reply()) !== 250) throw new Error("no answer to LHLO");
    return client;
  }

  /** `wire` is the message with its dots stuffed and CR LF at its end, without the final dot. */
  async deliver(wire: Buffer, recipients: readonly string[]): Promise<DeliveryEnd> {
    const commands = recipients.map((recipient) => `RCPT TO:<${recipient}>\r\n`);
    this.#socket.write(`MAIL FROM:<sender@example.org>\r\n${commands.join("")}DATA\r\n`);
    const codes: (number | undefined)[] = [];
    for (let due = recipients.length + 2; due > 0; due--) codes.push(await this.#reply());
    if (codes.includes(undefined)) return { kind: "not-sent" };
    const accepted = codes.slice(1, -1).filter((code) => code === 250).length;
    const refused = recipients.length - accepted;
    if (codes.at(-1) !== 354) return { kind: "answered", codes: [codes.at(-1) ?? 0], refused };
    this.#socket.cork();
    this.#socket.write(wire);
    this.#socket.write(".\r\n");
    this.#socket.uncork();
    const answers: number[] = [];
    while (answers.length < accepted) {
      const code = await this.#reply();
      if (code === undefined) return { kind: "unknown" };
      answers.push(code);
    }
    return { kind: "answered", codes: answers, refused };
  }

  async quit(): Promise<void> {
    this.#socket.write("QUIT\r\n");
    await this.#reply();
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** The code of the next reply; undefined when the connection is gone. */
  async #reply(): Promise<number | undefined> {
    for (;;) {
      const end = this.#pending.indexOf("\n");
      if (end !== -1) {
        const line = this.#pending.slice(0, end);
        this.#pending = this.#pending.slice(end + 1);
        if (line[3] !== "-") return Number(line.slice(0, 3));
        continue;
      }
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** A message as it goes over the wire: lines end with CR LF, dots are stuffed. */
export function toWire(message: Buffer): Buffer {
  const text = message.toString("latin1").replace(/\r?\n/g, "\r\n");
  const whole = text.endsWith("\r\n") ? text : `${text}\r\n`;
  return Buffer.from(whole.replace(/^\./gm, ".."), "latin1");
}

/** The same as a server stores it, lines ending with LF. */
export function fromWire(wire: Buffer): string {
  return wire.toString("latin1").replace(/^\.\./gm, ".").replaceAll("\r\n", "\n");
}
