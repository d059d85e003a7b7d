import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { systemErrorCode } from "#errors";
import { displayPath, type RawPath, rawPathToBytes } from "#image";
import { ServerError } from "../server-error.ts";

export type UtilityOptions = {
  /** Whom it runs as; ourselves where nothing is said. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Called with each line that it prints, or with its bytes as they come. */
  readonly output:
    | { readonly onLine: (line: string) => void }
    | { readonly onBytes: (bytes: Uint8Array) => void };
  /**
   * A folder that it reaches as `givenFolder`, whatever the folders above it let its user pass: it is
   * opened here and handed over.
   */
  readonly folder?: RawPath;
  /** The only variables it sees beside PATH. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

/** Where a mail server's programs are: our own PATH is the command line's business. */
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Where the utility finds the folder that it was given: descriptor 3 (proc(5)). */
export const givenFolder = "/proc/self/fd/3";
const lineLimit = 64 * 1024;
const tailLength = 500;

/**
 * Runs a mail server's utility to its end. Resolves with what went wrong in one sentence, or
 * undefined. Throws `server.validator-failed` where it cannot be run at all, and the signal's reason.
 */
export async function runUtility(
  command: readonly [string, ...string[]],
  options: UtilityOptions,
): Promise<string | undefined> {
  const { owner, environment, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const [program, ...parameters] = command;
  const child = start([program, ...parameters], { owner, environment, folder: options.folder });
  const printed = { line: "", errors: "" };
  let reason: string | undefined;
  const end = (why: string): void => {
    reason ??= why;
    child.kill("SIGKILL");
  };
  const { output } = options;
  if ("onBytes" in output) child.stdout.on("data", output.onBytes);
  else {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (printed.line + text).split("\n");
      printed.line = lines.pop() ?? "";
      if (printed.line.length > lineLimit) end("it printed a line without an end");
      for (const line of lines) output.onLine(line);
    });
  }
  child.stderr.setEncoding("latin1").on("data", (text: string) => {
    printed.errors = (printed.errors + text).slice(-tailLength);
  });
  const onAbort = (): void => end("it was interrupted");
  signal?.addEventListener("abort", onAbort, { once: true });
  const limit = setTimeout(() => end(`it was not done after ${timeoutMs / 1000} s`), timeoutMs);
  try {
    const state = await new Promise<string | undefined>((resolve, reject) => {
      child.once("error", (error) => reject(cannotRun(program, error)));
      child.once("close", (code, killedBy) => {
        if (code === 0) resolve(undefined);
        else resolve(code === null ? `it was ended by ${killedBy}` : `it exited with ${code}`);
      });
    });
    signal?.throwIfAborted();
    const what = reason ?? state;
    if (what === undefined) return undefined;
    return `"${[program, ...namesIn(parameters)].join(" ")}": ${what}${tailOf(printed.errors)}`;
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener("abort", onAbort);
  }
}

function start(
  [program, ...parameters]: readonly [string, ...string[]],
  {
    owner,
    environment,
    folder,
  }: Pick<UtilityOptions, "owner" | "environment"> & {
    readonly folder: RawPath | undefined;
  },
): ChildProcessByStdio<null, Readable, Readable> {
  const given =
    folder === undefined
      ? undefined
      : openSync(rawPathToBytes(folder), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return spawn(program, parameters, {
      stdio: ["ignore", "pipe", "pipe", ...(given === undefined ? [] : [given])],
      env: { PATH: searchPath, LC_ALL: "C", ...environment },
      ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
    }) as ChildProcessByStdio<null, Readable, Readable>;
  } finally {
    if (given !== undefined) closeSync(given);
  }
}

/** The words of the command, without options, paths and queries. */
function namesIn(parameters: readonly string[]): readonly string[] {
  const isWord = (word: string, index: number): boolean =>
    /^[a-z][a-z-]+$/.test(word) && parameters[index - 1]?.startsWith("-") !== true;
  return parameters.filter(isWord).slice(0, 2);
}

function tailOf(errors: string): string {
  const line = errors
    .trim()
    .split(/\s*\n\s*/)
    .join(" / ");
  return line === "" ? "" : ` (${displayPath(line as RawPath)})`;
}

function cannotRun(program: string, error: Error): ServerError {
  const code = systemErrorCode(error) ?? error.message;
  return new ServerError(
    "server.validator-failed",
    `Cannot validate the frozen image: "${program}" could not be run (${code})`,
    {
      hint:
        code === "ENOENT"
          ? "Install it on this host, or leave that validator out."
          : "Run it by hand to see why, or leave that validator out.",
      cause: error,
    },
  );
}
