import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./bench-error.ts";

export type Command = {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingFolder?: string;
  /** Standard output goes to this file. */
  readonly outputPath?: string;
};

export type Measurement = {
  readonly wallMs: number;
  /** The largest resident set of any process of the command, in KiB. */
  readonly peakMemoryKiB: number;
  /** User and system time together, with its children; only where GNU time is installed. */
  readonly cpuMs?: number;
};

const TIME = "/usr/bin/time";
const POLL_MS = 20;
const ERROR_TAIL_CHARS = 2000;

/**
 * Runs a command to its end and says how long it took and how much memory it had: by GNU time where it
 * is installed, else by asking /proc every 20 ms. Threads are within their process. Fails when it fails.
 */
export async function measure(command: Command, scratch: string): Promise<Measurement> {
  const withTime = existsSync(TIME);
  const report = join(scratch, `time-${process.pid}.txt`);
  const own = [command.program, ...command.arguments];
  const [program = "", ...argv] = withTime ? [TIME, "-f", "%M %U %S", "-o", report, ...own] : own;
  const output = command.outputPath === undefined ? "ignore" : openSync(command.outputPath, "w");
  const startMs = performance.now();
  const child = spawn(program, argv, {
    stdio: ["ignore", output, "pipe"],
    env: { ...process.env, ...command.environment },
    ...(command.workingFolder === undefined ? {} : { cwd: command.workingFolder }),
  });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-ERROR_TAIL_CHARS);
  });
  let polledKiB = 0;
  const poll = withTime
    ? undefined
    : setInterval(() => (polledKiB = Math.max(polledKiB, peakOf(child.pid))), POLL_MS);
  const status = await new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? String(code)));
  });
  const wallMs = performance.now() - startMs;
  clearInterval(poll);
  if (typeof output === "number") closeSync(output);
  if (status !== "0") {
    throw new BenchError(
      "bench.program-failed",
      `Cannot measure "${own.join(" ")}": it ended with ${status}\n${errors}`,
    );
  }
  if (!withTime) return { wallMs, peakMemoryKiB: polledKiB };
  const numbers = readFileSync(report, "utf8").trim().split(" ").map(Number);
  rmSync(report, { force: true });
  const [peakMemoryKiB = 0, userSeconds = 0, systemSeconds = 0] = numbers;
  return { wallMs, peakMemoryKiB, cpuMs: (userSeconds + systemSeconds) * 1000 };
}

function peakOf(processId: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${processId}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  } catch {
    // The process ended between two looks: what was seen last counts.
    return 0;
  }
}
