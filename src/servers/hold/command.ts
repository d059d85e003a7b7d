import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, unlinkSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { systemErrorCode } from "#errors";

/** Program and arguments, or a line for `/bin/sh -c`. */
export type Command = string | readonly string[];

export type CommandOptions = {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

export type CommandResult = {
  readonly succeeded: boolean;
  /** "it exited with 3", "it was not done after 120 s", … */
  readonly state: string;
  /** The end of what it wrote, on one line, control characters shown as \xNN. */
  readonly outputTail: string;
};

const tailBytes = 2048;
/** Between asking a command to end and making it. */
const graceMs = 2000;

/**
 * Runs a command to its end. It gets a process group of its own: an interrupt typed at the
 * terminal is for us, and must not kill the command that starts the mail server. It writes to a
 * file without a name, not to a pipe: a mail server that it leaves running keeps what it
 * inherited, and would die of a pipe that nobody reads any more.
 */
export async function runCommand(
  command: Command,
  options: CommandOptions,
): Promise<CommandResult> {
  const output = openNameless();
  try {
    const [program, ...parameters] = argumentsOf(command);
    const child = spawn(program, parameters, { detached: true, stdio: ["ignore", output, output] });
    const state = await ended(child, options);
    return {
      succeeded: state === undefined,
      state: state ?? "it succeeded",
      outputTail: readTail(output),
    };
  } finally {
    closeSync(output);
  }
}

/** The same without giving other work its turn: for the last moment of a process. */
export function runCommandNow(command: Command, timeoutMs: number): boolean {
  const [program, ...parameters] = argumentsOf(command);
  return spawnSync(program, parameters, { stdio: "ignore", timeout: timeoutMs }).status === 0;
}

/** The program's name; arguments may hold secrets. */
export function describeCommand(command: Command): string {
  return typeof command === "string" ? (/^\s*(\S+)/.exec(command)?.[1] ?? "") : (command[0] ?? "");
}

function argumentsOf(command: Command): [string, ...string[]] {
  if (typeof command === "string") return ["/bin/sh", "-c", command];
  const [program = "", ...parameters] = command;
  return [program, ...parameters];
}

/** Resolves with what went wrong, or undefined. */
function ended(
  child: ChildProcess,
  { timeoutMs, signal }: CommandOptions,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let reason: string | undefined;
    let force: NodeJS.Timeout | undefined;
    const end = (why: string): void => {
      reason ??= why;
      killGroup(child, "SIGTERM");
      force ??= setTimeout(() => killGroup(child, "SIGKILL"), graceMs);
    };
    const onAbort = (): void => end("it was interrupted");
    const limit = setTimeout(() => end(`it was not done after ${timeoutMs / 1000} s`), timeoutMs);
    const finish = (state: string | undefined): void => {
      clearTimeout(limit);
      clearTimeout(force);
      signal?.removeEventListener("abort", onAbort);
      resolve(reason ?? state);
    };
    signal?.addEventListener("abort", onAbort);
    // "exit", not "close": a server that the command left running keeps the output open.
    child.once("exit", (code, killedBy) =>
      finish(
        code === 0
          ? undefined
          : code === null
            ? `it was ended by ${killedBy}`
            : `it exited with ${code}`,
      ),
    );
    child.once("error", (error) =>
      finish(`it could not be run (${systemErrorCode(error) ?? error.message})`),
    );
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // It ended by itself.
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}

function openNameless(): number {
  const path = join(tmpdir(), `restante-command-${randomBytes(12).toString("hex")}`);
  const descriptor = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return descriptor;
}

function readTail(descriptor: number): string {
  const { size } = fstatSync(descriptor);
  const bytes = Buffer.alloc(Math.min(size, tailBytes));
  const length = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
  const lines = bytes
    .toString("utf8", 0, length)
    .trim()
    .split(/\s*\n\s*/);
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
  return lines
    .join(" / ")
    .replace(control, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
