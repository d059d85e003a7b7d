import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { quoted, systemErrorCode } from "#errors";
import { HostError } from "./host-error.ts";
import { streamWire, type Wire } from "./wire.ts";

export type SshWireOptions = {
  readonly destination: string;
  readonly sshCommand: readonly string[];
  readonly peerCommand: readonly string[];
  /** Told what ssh and the peer say on standard error, line by line. */
  readonly log?: ((line: string) => void) | undefined;
};

/** How much of what ssh and the peer say is kept to explain how the connection ended. */
const tailBytes = 4096;
/** Between ending a connection in order and making ssh end. */
const graceMs = 2000;
/** How long what ssh left running may keep its standard error open before it is taken as it is. */
const lingerMs = 500;
/** What every shell takes as it is. Nothing else goes into the remote command line, so nothing needs quoting. */
const plainWord = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Throws `host.bad-destination` for what ssh, or the shell there, could take for something else. */
export function checkSshCommand(options: SshWireOptions): void {
  const { destination, sshCommand, peerCommand } = options;
  // oxlint-disable-next-line no-control-regex
  if (destination === "" || destination.startsWith("-") || /[\s\x00-\x1f\x7f]/.test(destination)) {
    throw new HostError(
      "host.bad-destination",
      `Cannot use ${quoted(destination)} as a host: it is no destination of ssh`,
      {
        hint: "Give it as ssh takes it: user@host, ssh://user@host:port, or a Host of ~/.ssh/config.",
      },
    );
  }
  if (
    sshCommand.length === 0 ||
    sshCommand.some((word) => word.includes("\0")) ||
    peerCommand.length === 0
  ) {
    throw new HostError(
      "host.bad-destination",
      `Cannot reach ${quoted(destination)}: there is no command to do it with`,
      {
        hint: "Leave the commands at their defaults, or give a program and its arguments.",
      },
    );
  }
  const odd = peerCommand.find((word) => !plainWord.test(word));
  if (odd === undefined) return;
  throw new HostError(
    "host.bad-destination",
    `Cannot start the peer on ${quoted(destination)} with the word ${quoted(odd)}: a shell could change it`,
    { hint: "Use letters, digits and _@%+=:,./- only; put anything else into a script there." },
  );
}

/** Starts ssh with the peer's command; the wire is its standard input and output. */
export function openSshWire(options: SshWireOptions): Wire {
  checkSshCommand(options);
  const { destination, sshCommand, peerCommand } = options;
  const [program = "", ...parameters] = sshCommand;
  // A session of its own: an interrupt typed at the terminal is for us, who end the connection in order.
  const child = spawn(program, [...parameters, destination, ...peerCommand], {
    detached: true,
    stdio: "pipe",
  });
  const ssh = new SshProcess(child, options);
  return streamWire({
    input: child.stdout,
    output: child.stdin,
    diagnosis: () => ssh.diagnosis(),
    destroy: () => ssh.end(),
  });
}

type Ending =
  | { readonly kind: "not-started"; readonly code: string }
  | { readonly kind: "exit"; readonly exitCode: number }
  | { readonly kind: "signal"; readonly signal: string };

class SshProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #options: SshWireOptions;
  readonly #ending: Promise<Ending>;
  readonly #lines: StderrLines;

  constructor(child: ChildProcessWithoutNullStreams, options: SshWireOptions) {
    this.#child = child;
    this.#options = options;
    this.#lines = new StderrLines(options.log);
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#lines.add(text));
    this.#ending = new Promise((resolve) => {
      child.once("error", (error) =>
        resolve({ kind: "not-started", code: systemErrorCode(error) ?? error.message }),
      );
      child.once("exit", (exitCode, signal) => {
        const ending: Ending =
          exitCode === null
            ? { kind: "signal", signal: signal ?? "unknown" }
            : { kind: "exit", exitCode };
        // What it said last is wanted too; but a master of shared connections (ControlPersist) that
        // it left running keeps standard error open for as long as it lives.
        const linger = setTimeout(() => {
          child.stderr.destroy();
          resolve(ending);
        }, lingerMs);
        child.once("close", () => {
          clearTimeout(linger);
          resolve(ending);
        });
      });
    });
  }

  /** Why it ended, as an error; undefined where it ended well. */
  async diagnosis(): Promise<Error | undefined> {
    const ending = await this.#endWithin(graceMs);
    return sshError(ending, this.#options, this.#lines.tail());
  }

  async end(): Promise<void> {
    await this.#endWithin(graceMs);
  }

  /** Its output has ended or nobody reads it: it is on its way out, or is helped. */
  async #endWithin(durationMs: number): Promise<Ending> {
    const timers = [
      setTimeout(() => this.#child.kill("SIGTERM"), durationMs),
      setTimeout(() => this.#child.kill("SIGKILL"), 2 * durationMs),
    ];
    this.#child.stdin.destroy();
    this.#child.stdout.resume();
    try {
      return await this.#ending;
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }
}

class StderrLines {
  readonly #log: ((line: string) => void) | undefined;
  #tail = "";
  #line = "";

  constructor(log: ((line: string) => void) | undefined) {
    this.#log = log;
  }

  add(text: string): void {
    this.#tail = (this.#tail + text).slice(-tailBytes);
    const lines = (this.#line + text).split("\n");
    // A line without an end is passed on in parts: nothing grows without a bound.
    this.#line = (lines.pop() ?? "").slice(-tailBytes);
    for (const line of lines) if (line.trim() !== "") this.#log?.(line.trimEnd());
  }

  /** The last line, which says what went wrong. */
  tail(): string {
    return this.#tail.trim().split("\n").at(-1)?.trim() ?? "";
  }
}

/** Nothing of this passes by itself: a person has to do something. */
const permanent: RegExp =
  /permission denied|host key verification failed|identification has changed|could not resolve|no such identity|too many authentication|bad configuration|no matching|unprotected private key/i;

export function sshError(
  ending: Ending,
  { destination, sshCommand, peerCommand }: SshWireOptions,
  said: string,
): HostError | undefined {
  const host = `Cannot reach host ${quoted(destination)}`;
  const words = said === "" ? "" : `: ${quoted(said)}`;
  if (ending.kind === "not-started") {
    return new HostError(
      "host.refused",
      `${host}: ${quoted(sshCommand[0] ?? "")} could not be started (${ending.code})`,
      {
        hint: "Install OpenSSH's client on this machine, or name its program.",
      },
    );
  }
  if (ending.kind === "signal") {
    return new HostError(
      "host.disconnected",
      `${host}: ssh was ended by ${ending.signal}${words}`,
      {
        hint: "Try again.",
        retryable: true,
      },
    );
  }
  const { exitCode } = ending;
  if (exitCode === 0) return undefined;
  if (exitCode === 255 && permanent.test(said) && !/temporary failure/i.test(said)) {
    return new HostError("host.refused", `${host}: ssh was refused${words}`, {
      hint: "Let `ssh HOST true` succeed as this user without a question: key, known_hosts and name of the host.",
    });
  }
  if (exitCode === 255) {
    return new HostError("host.unreachable", `${host}: ssh ended${words}`, {
      hint: "Check the network and that its sshd runs.",
      retryable: true,
    });
  }
  const state =
    exitCode === 127 || exitCode === 126
      ? `the program ${quoted(peerCommand[0] ?? "")} is not there or cannot be run`
      : `${quoted(peerCommand.join(" "))} ended with ${exitCode}`;
  return new HostError(
    "host.no-peer",
    `Cannot start the peer on host ${quoted(destination)}: ${state}${words}`,
    {
      hint: "Install Restante there, or name its program with its whole path: shells without a terminal search in fewer folders.",
    },
  );
}
