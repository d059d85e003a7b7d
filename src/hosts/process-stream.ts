import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { HostError } from "./host-error.ts";
import { quoted } from "#errors";

const keptComplaintBytes = 4096;

/**
 * What a program of this machine reads and writes, as a stream that can be written to. Its pipes are
 * pipes: Node's own are sockets, which some programs take for a network. It ends where the program
 * does; one that fails ends it with `host.failed` and the program's last words. Destroying it
 * ends the program and what that started.
 */
export function openProcessStream(command: readonly string[]): ProcessStream {
  return new ProcessStream(command);
}

/**
 * The shell's own ends are closed, so that the output ends with the program; "$@" is the program. Its
 * exit code is the last word of what it complains of.
 */
const script = `exec 3<&0
cat <&3 | { "$@"; echo "exit $?" >&2; } | cat &
exec >&- 3<&- <&-
wait`;

export class ProcessStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #program: string;
  #complaint = "";
  #timeout: NodeJS.Timeout | undefined;
  #timeoutMs = 0;

  constructor(command: readonly string[]) {
    super({ allowHalfOpen: false });
    this.#program = command[0] ?? "";
    this.#child = start(command);
    const { stdin, stdout, stderr } = this.#child;
    stdin.on("error", () => undefined);
    stdout.on("data", (bytes: Buffer) => {
      this.#alive();
      if (!this.push(bytes)) stdout.pause();
    });
    stderr.on("data", (bytes: Buffer) => {
      this.#complaint = (this.#complaint + bytes.toString()).slice(-keptComplaintBytes);
    });
    this.#child.once("error", (error) => this.destroy(this.#failed(error.message)));
    // What feeds the program waits for input that nobody will give: it ends with the group.
    stdout.once("end", () => setImmediate(() => this.#ended()));
  }

  #ended(): void {
    const code = /exit (\d+)\s*$/.exec(this.#complaint)?.[1];
    if (code === "0") this.push(null);
    else this.destroy(this.#failed(lastWords(this.#complaint)));
    this.#endGroup();
  }

  /** As a socket's: "timeout" is emitted after so long a silence. 0: never. */
  setTimeout(timeoutMs: number): this {
    this.#timeoutMs = timeoutMs;
    this.#alive();
    return this;
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#alive();
    this.#child.stdin.write(bytes, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timeout);
    this.#timeoutMs = 0;
    this.#endGroup();
    done(error);
  }

  #endGroup(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, "SIGTERM");
    } catch {
      // It ended at this moment.
    }
  }

  #alive(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    if (this.#timeoutMs > 0)
      this.#timeout = setTimeout(() => this.emit("timeout"), this.#timeoutMs).unref();
  }

  #failed(words: string): HostError {
    return new HostError(
      "host.failed",
      `Cannot go on talking to ${quoted(this.#program)}: ${words}`,
      { hint: "Run it by hand as this user, and look at its log." },
    );
  }
}

function start(command: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn("/bin/sh", ["-c", script, "sh", ...command], {
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own, so that all of it can be ended.
    detached: true,
  });
}

/** The last line that says anything. */
function lastWords(complaint: string): string {
  const lines = complaint
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^exit \d+$/.test(line));
  return lines.at(-1) ?? "it ended";
}
