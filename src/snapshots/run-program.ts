import { spawn } from "node:child_process";
import { systemErrorCode } from "#errors";
import { displayPath, type RawPath } from "#image";
import { SnapshotError } from "./snapshot-error.ts";

export type ProgramOptions = {
  /** Open folders, for the program as /proc/self/fd/3, 4, …: its arguments are text, names are bytes. */
  readonly folders?: readonly { readonly descriptor: number }[];
  /** Default ten minutes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

const defaultTimeoutMs = 600_000;
const outputLimitBytes = 16 * 1024 * 1024;
const tailLength = 500;

/** The n-th open folder as the program's arguments name it. */
export function folderArgument(index: number, name?: string): string {
  const place = `/proc/self/fd/${3 + index}`;
  return name === undefined ? place : `${place}/${name}`;
}

/**
 * Runs a program without a shell and returns what it prints. Throws `snapshots.program-failed`.
 * One that hangs in the kernel cannot be killed, so it is not waited for after its time is up.
 */
export function runProgram(
  program: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { signal, timeoutMs = defaultTimeoutMs, folders = [] } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const child = spawn(program, parameters, {
      stdio: ["ignore", "pipe", "pipe", ...folders.map(({ descriptor }) => descriptor)],
    });
    const output = { text: "", errors: "" };
    child.stdout?.setEncoding("latin1").on("data", (text: string) => {
      if (output.text.length < outputLimitBytes) output.text += text;
      else giveUp(failed(program, parameters, `it printed more than ${outputLimitBytes} bytes`));
    });
    child.stderr?.setEncoding("latin1").on("data", (text: string) => {
      output.errors = (output.errors + text).slice(-4 * tailLength);
    });
    const giveUp = (reason: Error): void => {
      child.kill("SIGKILL");
      child.unref();
      settle(() => reject(reason));
    };
    const onAbort = (): void => giveUp(signal?.reason as Error);
    const limit = setTimeout(
      () => giveUp(failed(program, parameters, `it was not done after ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const settle = (done: () => void): void => {
      clearTimeout(limit);
      signal?.removeEventListener("abort", onAbort);
      done();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    child.once("error", (error) => settle(() => reject(cannotRun(program, error))));
    child.once("close", (code, killedBy) =>
      settle(() => {
        if (code === 0) return resolve(output.text);
        const how = code === null ? `it was ended by ${killedBy}` : `it exited with ${code}`;
        reject(failed(program, parameters, `${how}${tailOf(output.errors || output.text)}`));
      }),
    );
  });
}

function tailOf(output: string): string {
  const line = output
    .trim()
    .split(/\s*\n\s*/)
    .join(" / ")
    .slice(-tailLength);
  return line === "" ? "" : ` (${displayPath(line as RawPath)})`;
}

function failed(program: string, parameters: readonly string[], state: string): SnapshotError {
  const words = parameters.filter((word) => /^[a-z]+$/.test(word)).slice(0, 2);
  return new SnapshotError(
    "snapshots.program-failed",
    `Cannot finish "${[program, ...words].join(" ")}": ${state}`,
    {
      hint: "Its own message says why; run it by hand, or choose another way to freeze the store.",
    },
  );
}

function cannotRun(program: string, error: Error): SnapshotError {
  const code = systemErrorCode(error) ?? error.message;
  return new SnapshotError(
    "snapshots.program-failed",
    `Cannot run "${program}": ${code === "ENOENT" ? "it is not installed" : code}`,
    {
      hint: `Install it (Debian: ${program === "btrfs" ? "btrfs-progs" : "coreutils"}), or choose another way.`,
      cause: error,
    },
  );
}
