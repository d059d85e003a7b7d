import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { quoted, systemErrorCode } from "#errors";
import {
  type CommandEnd,
  type CommandResult,
  defaultOutputBytes,
  largestInputBytes,
  largestOutputBytes,
  type RunOptions,
} from "./host.ts";
import { HostError, tooLarge } from "./host-error.ts";

/** Between asking a command to end and making it. */
const graceMs = 2000;
/** How long what a command left running may keep the outputs open before they are taken as they are. */
const lingerMs = 1000;

/**
 * Runs a program to its end. It gets a process group of its own: an interrupt typed at the terminal
 * is for us, and what it started is ended with it. Each output is kept up to a limit and read to its
 * end, so that a command that says much is neither blocked nor a danger to our memory.
 */
export async function runCommand(
  command: readonly string[],
  options: RunOptions,
): Promise<CommandResult> {
  const { input, limitBytes = defaultOutputBytes } = options;
  checkCommand(command, options);
  const [program = "", ...parameters] = command;
  const child = start(program, parameters);
  const outputs = [new Kept(child.stdout, limitBytes), new Kept(child.stderr, limitBytes)] as const;
  // A command that does not read its input to the end closes the pipe: that is its own affair.
  child.stdin.on("error", () => undefined).end(input);
  const end = await ended(child, { ...options, program });
  await Promise.all(outputs.map((output) => output.drained()));
  const [stdout, stderr] = outputs;
  return {
    ...end,
    stdout: stdout.bytes(),
    stderr: stderr.bytes(),
    isCut: stdout.isCut || stderr.isCut,
  };
}

/** What every host refuses alike, before anything is run. */
export function checkCommand(command: readonly string[], options: RunOptions): void {
  const { input, limitBytes = 0 } = options;
  options.signal?.throwIfAborted();
  const [program = ""] = command;
  if (program === "" || command.some((word) => word.includes("\0")))
    throw notRun(program, "it has no name, or an argument holds a zero byte");
  if (input !== undefined && input.length > largestInputBytes)
    throw tooLarge("give a command", input.length, largestInputBytes);
  if (limitBytes > largestOutputBytes)
    throw tooLarge("keep of a command", limitBytes, largestOutputBytes);
}

function start(program: string, parameters: readonly string[]): ChildProcessWithoutNullStreams {
  try {
    return spawn(program, parameters, { detached: true, stdio: "pipe" });
  } catch (error) {
    // Some refusals of the system are thrown at once (E2BIG), others come as an event.
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw notRun(program, `the system reports ${code}`, error);
  }
}

/** The beginning of a stream that is read to its end. */
class Kept {
  isCut = false;
  readonly #stream: Readable;
  readonly #pieces: Uint8Array[] = [];
  readonly #ended: Promise<void>;
  #roomBytes: number;

  constructor(stream: Readable, limitBytes: number) {
    this.#stream = stream;
    this.#roomBytes = limitBytes;
    this.#ended = new Promise((resolve) => {
      stream.once("close", resolve).once("error", () => resolve());
    });
    stream.on("data", (bytes: Uint8Array) => this.#keep(bytes));
  }

  /** Resolves when all was read, or when only something that was left running could still write. */
  async drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, lingerMs);
    await Promise.race([this.#ended, promise]);
    clearTimeout(timer);
    // Read on as long as this process lives, but do not live for it.
    if (!this.#stream.closed) (this.#stream as Readable & { unref?: () => void }).unref?.();
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#pieces);
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length > this.#roomBytes) this.isCut = true;
    const kept = bytes.subarray(0, this.#roomBytes);
    this.#roomBytes -= kept.length;
    if (kept.length > 0) this.#pieces.push(kept);
  }
}

function ended(
  child: ChildProcess,
  { program, timeoutMs, signal }: RunOptions & { readonly program: string },
): Promise<CommandEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandEnd>();
  let reason: unknown;
  let force: NodeJS.Timeout | undefined;
  const end = (why: unknown): void => {
    reason ??= why;
    killGroup(child, "SIGTERM");
    force ??= setTimeout(() => killGroup(child, "SIGKILL"), graceMs);
  };
  const onAbort = (): void => end(signal?.reason);
  const limit = setTimeout(() => end(notInTime(program, timeoutMs)), timeoutMs);
  signal?.addEventListener("abort", onAbort);
  const finish = (): void => {
    clearTimeout(limit);
    clearTimeout(force);
    signal?.removeEventListener("abort", onAbort);
  };
  // "exit", not "close": what the command left running may keep the outputs open for ever.
  child.once("exit", (exitCode, killedBy) => {
    finish();
    // What it started and did not wait for must not outlive the limit either.
    if (reason !== undefined) killGroup(child, "SIGKILL");
    if (reason !== undefined) reject(reason);
    else resolve(exitCode === null ? { signal: killedBy ?? "unknown" } : { exitCode });
  });
  child.once("error", (error) => {
    finish();
    reject(notRun(program, `the system reports ${systemErrorCode(error) ?? error.message}`, error));
  });
  return promise;
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // Nobody of it is left; or what is left has become another user's, and is not ours to end.
    if (systemErrorCode(error) !== "ESRCH" && systemErrorCode(error) !== "EPERM") throw error;
  }
}

function notRun(program: string, state: string, cause?: unknown): HostError {
  return new HostError("host.command-not-run", `Cannot run ${quoted(program)}: ${state}`, {
    hint: "Check that the program is installed there and may be run by this user.",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function notInTime(program: string, timeoutMs: number): HostError {
  return new HostError(
    "host.command-timeout",
    `Cannot wait longer for ${quoted(program)}: it was not done after ${timeoutMs / 1000} s and was ended`,
    { hint: "See why it hangs, or give it more time." },
  );
}
