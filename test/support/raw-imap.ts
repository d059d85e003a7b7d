/** A raw IMAP session on the server's own `imap`, logged in, over its standard input and output. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/** One response without its literals, and those. `{n}` stands where each was. */
export type ImapResponse = { readonly line: string; readonly literals: readonly Buffer[] };

export class RawImap implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #input: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  #tag = 0;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#input = child.stdout[Symbol.asyncIterator]();
  }

  static async open(configuration: string, user: string): Promise<RawImap> {
    // As root it refuses what looks like a network connection, as Node's pipes do.
    // The shell gives up its own ends, so that a server that does not begin is noticed.
    const pipes =
      'exec 3<&0; cat <&3 | doveadm -c "$1" exec imap -u "$2" | cat & exec >&- 3<&- <&-; wait';
    const child = spawn("sh", ["-c", pipes, "sh", configuration, user], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    const session = new RawImap(child);
    const greeting = await session.#response();
    if (!greeting.line.startsWith("* PREAUTH")) throw new Error(`imap greets: ${greeting.line}`);
    return session;
  }

  /** The untagged responses of a command. Bytes in it go as literals. Throws when the answer is not OK. */
  async command(...parts: readonly (string | Uint8Array)[]): Promise<readonly ImapResponse[]> {
    const tag = `t${++this.#tag}`;
    const bytes = parts.map((part) =>
      typeof part === "string"
        ? Buffer.from(part, "latin1")
        : Buffer.concat([Buffer.from(`{${part.length}+}\r\n`), part]),
    );
    this.#child.stdin.write(Buffer.concat([Buffer.from(`${tag} `), ...bytes, Buffer.from("\r\n")]));
    const untagged: ImapResponse[] = [];
    for (;;) {
      const response = await this.#response();
      if (response.line.startsWith("* BYE")) throw new Error(response.line);
      if (!response.line.startsWith(`${tag} `)) untagged.push(response);
      else if (response.line.startsWith(`${tag} OK`)) return [...untagged, response];
      else
        throw new Error(
          `${parts.filter((part) => typeof part === "string").join(" ")}: ${response.line}`,
        );
    }
  }

  async #response(): Promise<ImapResponse> {
    const literals: Buffer[] = [];
    let line = "";
    for (;;) {
      line += (await this.#line()).toString("latin1");
      const length = /\{([0-9]+)\}$/.exec(line)?.[1];
      if (length === undefined) return { line, literals };
      literals.push(await this.#take(Number(length)));
    }
  }

  async #line(): Promise<Buffer> {
    for (;;) {
      const end = this.#held.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#held.subarray(0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      await this.#more();
    }
  }

  async #take(length: number): Promise<Buffer> {
    const pieces = [this.#held];
    let held = this.#held.length;
    while (held < length) {
      const { value, done } = await this.#input.next();
      if (done === true) throw new Error("imap ended");
      pieces.push(value);
      held += value.length;
    }
    const all = Buffer.concat(pieces);
    this.#held = all.subarray(length);
    return all.subarray(0, length);
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#input.next();
    if (done === true) throw new Error("imap ended");
    this.#held = Buffer.concat([this.#held, value]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin.end();
    await ended;
  }
}
