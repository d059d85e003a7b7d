/** Talks IMAP and LMTP to a Cyrus over its sockets. */
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Cyrus } from "./cyrus.ts";

/** Lines and counted bytes off a socket. */
class SocketReader {
  readonly socket: Socket;
  readonly #input: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.socket = connect(path);
    this.#input = this.socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Without its end, one character per byte. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#held.toString("latin1", 0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      await this.#more();
    }
  }

  async take(length: number): Promise<Buffer> {
    while (this.#held.length < length) await this.#more();
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  /** Until the server hangs up: it has written everything down then. */
  async close(): Promise<void> {
    this.socket.end();
    while ((await this.#input.next()).done !== true);
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#input.next();
    if (done === true) throw new Error("the server hung up");
    this.#held = Buffer.concat([this.#held, value]);
  }
}

export type ServedMessage = {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly isRecent: boolean;
  /** Seconds since 1970. */
  readonly internalDate: number;
  readonly saved: number;
  readonly sizeBytes: number;
  readonly modseq: bigint;
  readonly sha256: string;
};

export type ServedMailbox = {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: bigint;
  readonly id: string;
  readonly messages: readonly ServedMessage[];
};

export class CyrusSession {
  readonly #reader: SocketReader;
  #commands = 0;

  private constructor(reader: SocketReader) {
    this.#reader = reader;
  }

  static async logIn(server: Cyrus, user: string): Promise<CyrusSession> {
    const session = new CyrusSession(new SocketReader(server.imapSocket));
    await session.#reader.line();
    await session.command(`LOGIN ${user} pw`);
    return session;
  }

  /** What the server answers without a tag, literals taken out. Throws where it does not say OK. */
  async command(
    text: string,
    literal?: Uint8Array,
  ): Promise<readonly { readonly line: string; readonly literals: readonly Buffer[] }[]> {
    const tag = `c${++this.#commands}`;
    const { socket } = this.#reader;
    socket.write(
      `${tag} ${text}${literal === undefined ? "" : ` {${literal.length}+}`}\r\n`,
      "latin1",
    );
    if (literal !== undefined) socket.write(Buffer.concat([literal, Buffer.from("\r\n")]));
    const answers = [];
    for (;;) {
      const literals: Buffer[] = [];
      let line = await this.#reader.line();
      for (let size = /\{(\d+)\}$/.exec(line); size !== null; size = /\{(\d+)\}$/.exec(line)) {
        literals.push(await this.#reader.take(Number(size[1])));
        line = `${line.slice(0, size.index)}~${await this.#reader.line()}`;
      }
      if (line.startsWith(`${tag} OK`)) return answers;
      if (line.startsWith(`${tag} `)) throw new Error(`${text}: ${line}`);
      answers.push({ line, literals });
    }
  }

  /** Names as the wire has them. */
  async mailboxes(pattern = "*"): Promise<readonly string[]> {
    return this.#names(`LIST "" ${pattern}`);
  }

  async subscriptions(): Promise<readonly string[]> {
    return this.#names('LSUB "" *');
  }

  async #names(command: string): Promise<readonly string[]> {
    const answers = await this.command(command);
    return answers.flatMap(({ line }) => {
      const match = /^\* (?:LIST|LSUB) \(([^)]*)\) "\/" (.*)$/.exec(line);
      if (match === null || /\\No(?:select|nexistent)/i.test(match[1] ?? "")) return [];
      return [(match[2] ?? "").replace(/^"(.*)"$/, "$1").replaceAll(/\\(["\\])/g, "$1")];
    });
  }

  /** Everything that the server says of a mailbox, without changing it. */
  async read(mailbox: string): Promise<ServedMailbox> {
    const examined = await this.command(`EXAMINE "${mailbox.replaceAll(/["\\]/g, "\\$&")}"`);
    const said = examined.map(({ line }) => line).join("\n");
    const code = (name: string): string =>
      new RegExp(`\\[${name} \\(?([0-9a-z]+)`).exec(said)?.[1] ?? "";
    const items = "UID FLAGS INTERNALDATE SAVEDATE RFC822.SIZE MODSEQ BODY.PEEK[]";
    const fetched = /^\* 0 EXISTS$/m.test(said) ? [] : await this.command(`FETCH 1:* (${items})`);
    return {
      uidValidity: Number(code("UIDVALIDITY")),
      uidNext: Number(code("UIDNEXT")),
      highestModseq: BigInt(code("HIGHESTMODSEQ")),
      id: code("MAILBOXID"),
      messages: fetched.flatMap(({ line, literals }) =>
        line.includes(" FETCH (") && literals.length === 1
          ? [servedMessage(line, literals[0] as Buffer)]
          : [],
      ),
    };
  }

  async logOut(): Promise<void> {
    await this.command("LOGOUT");
    await this.#reader.close();
  }
}

function servedMessage(line: string, bytes: Uint8Array): ServedMessage {
  const item = (pattern: RegExp): string => pattern.exec(line)?.[1] ?? "";
  const seconds = (text: string): number => Date.parse(text) / 1000;
  const all = item(/FLAGS \(([^)]*)\)/)
    .split(" ")
    .filter((flag) => flag !== "");
  return {
    uid: Number(item(/UID (\d+)/)),
    flags: all.filter((flag) => flag.startsWith("\\") && flag !== "\\Recent").sort(),
    keywords: all.filter((flag) => !flag.startsWith("\\")).sort(),
    isRecent: all.includes("\\Recent"),
    internalDate: seconds(item(/INTERNALDATE "([^"]*)"/)),
    saved: seconds(item(/SAVEDATE "([^"]*)"/)),
    sizeBytes: Number(item(/RFC822\.SIZE (\d+)/)),
    modseq: BigInt(item(/MODSEQ \((\d+)\)/)),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** Messages with CRLF, one transaction each, to all the recipients. */
export async function deliverByLmtp(
  server: Cyrus,
  recipients: readonly string[],
  messages: readonly Uint8Array[],
): Promise<void> {
  const reader = new SocketReader(server.lmtpSocket);
  const answer = async (count = 1): Promise<void> => {
    for (let replies = 0; replies < count;) {
      const line = await reader.line();
      if (!/^[23]/.test(line)) throw new Error(`LMTP: ${line}`);
      if (line[3] !== "-") replies++;
    }
  };
  const say = async (line: string, replies = 1): Promise<void> => {
    reader.socket.write(`${line}\r\n`);
    await answer(replies);
  };
  await answer();
  await say("LHLO test");
  for (const message of messages) {
    await say("MAIL FROM:<sender@example.test>");
    for (const recipient of recipients) await say(`RCPT TO:<${recipient}>`);
    await say("DATA");
    const dotted = Buffer.from(message).toString("latin1").replace(/^\./gm, "..");
    reader.socket.write(`${dotted}${dotted.endsWith("\r\n") ? "" : "\r\n"}`, "latin1");
    await say(".", recipients.length);
  }
  await say("QUIT");
  await reader.close();
}
