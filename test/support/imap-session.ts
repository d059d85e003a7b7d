/** One IMAP session with Dovecot's own `imap`, logged in, over pipes: no port is opened. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

/** What a server says of one message. */
export type ServedMessage = {
  readonly uid: number;
  /** Flags and keywords, ascending; without `\Recent`. */
  readonly flags: readonly string[];
  /** Seconds since 1970. */
  readonly internalDate: number;
  readonly sizeBytes: number;
  readonly bytes: Buffer;
};

export type ServedMailbox = {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: readonly ServedMessage[];
};

export class ImapSession implements AsyncDisposable {
  readonly #imap: ChildProcessWithoutNullStreams;
  #received = Buffer.alloc(0);
  #hasEnded = false;
  #wake: () => void = () => undefined;
  #tag = 0;

  private constructor(imap: ChildProcessWithoutNullStreams) {
    this.#imap = imap;
    imap.stdout.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    imap.stdout.on("end", () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  static async open(configuration: string, user: string): Promise<ImapSession> {
    // It wants pipes: what Node gives a child are sockets, which it takes for those of inetd.
    const line = 'cat | /usr/lib/dovecot/imap -c "$1" -u "$2" | cat';
    const imap = spawn("sh", ["-c", line, "sh", configuration, user]);
    const session = new ImapSession(imap);
    await session.#until(/^\* PREAUTH .*\r\n/m);
    return session;
  }

  /** Sends a command and gives what the server answered; throws where that is not OK. */
  async command(text: string, literal?: Buffer): Promise<Buffer> {
    this.#tag += 1;
    const tag = `t${this.#tag}`;
    this.#imap.stdin.write(
      literal === undefined ? `${tag} ${text}\r\n` : `${tag} ${text} {${literal.length}+}\r\n`,
    );
    if (literal !== undefined)
      this.#imap.stdin.write(Buffer.concat([literal, Buffer.from("\r\n")]));
    const answer = await this.#until(new RegExp(`^${tag} (?:OK|NO|BAD) .*\r\n`, "m"));
    const last = answer.subarray(answer.lastIndexOf(`${tag} `)).toString();
    if (!last.startsWith(`${tag} OK`)) throw new Error(`${text}: ${last}`);
    return answer;
  }

  async append(
    mailbox: string,
    bytes: Buffer,
    { flags = "", date }: { readonly flags?: string; readonly date: string },
  ): Promise<void> {
    await this.command(`APPEND ${JSON.stringify(mailbox)} (${flags}) "${date}"`, bytes);
  }

  async mailboxes(): Promise<readonly string[]> {
    const answer = (await this.command('LIST "" "*"')).toString();
    return [...answer.matchAll(/^\* LIST \(([^)]*)\) "." (.*)\r$/gm)]
      .filter(([, attributes = ""]) => !/\\No(?:select|nexistent)/i.test(attributes))
      .map(([, , name = ""]) => name.replace(/^"(.*)"$/, "$1"));
  }

  /** Everything that the server says of a mailbox, without changing it. */
  async read(mailbox: string): Promise<ServedMailbox> {
    const examined = (await this.command(`EXAMINE ${JSON.stringify(mailbox)}`)).toString();
    const number = (name: string): number =>
      Number(new RegExp(`\\[${name} (\\d+)\\]`).exec(examined)?.[1]);
    const fetched = /^\* 0 EXISTS/m.test(examined)
      ? Buffer.alloc(0)
      : await this.command("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])");
    return {
      uidValidity: number("UIDVALIDITY"),
      uidNext: number("UIDNEXT"),
      messages: [...messagesIn(fetched)],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#imap, "exit");
    this.#imap.stdin.end("bye LOGOUT\r\n");
    await ended;
  }

  async #until(pattern: RegExp): Promise<Buffer> {
    for (;;) {
      // Only what comes after literals can end an answer: the end is looked for in the last lines.
      const tail = Math.max(0, this.#received.length - 4096);
      const found = pattern.exec(this.#received.subarray(tail).toString("latin1"));
      if (found !== null && tail + found.index + found[0].length === this.#received.length) {
        const answer = this.#received;
        this.#received = Buffer.alloc(0);
        return answer;
      }
      if (this.#hasEnded) throw new Error(`imap ended: ${this.#received.toString().slice(-500)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function* messagesIn(fetched: Buffer): Generator<ServedMessage> {
  let at = 0;
  for (;;) {
    const start = fetched.indexOf(" FETCH (", at);
    if (start < 0) return;
    const open = fetched.indexOf("{", start);
    const line = fetched.subarray(start, open).toString("latin1");
    const close = fetched.indexOf("}\r\n", open);
    const length = Number(fetched.subarray(open + 1, close).toString());
    const flags = (/FLAGS \(([^)]*)\)/.exec(line)?.[1] ?? "").split(" ");
    yield {
      uid: Number(/UID (\d+)/.exec(line)?.[1]),
      flags: flags.filter((flag) => flag !== "" && flag !== "\\Recent").sort(),
      internalDate: Date.parse(/INTERNALDATE "([^"]*)"/.exec(line)?.[1] ?? "") / 1000,
      sizeBytes: Number(/RFC822\.SIZE (\d+)/.exec(line)?.[1]),
      bytes: fetched.subarray(close + 3, close + 3 + length),
    };
    at = close + 3 + length;
  }
}
