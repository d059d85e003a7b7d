import { type ChildProcess, execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { Surroundings } from "./terminal.ts";
import { safeLines } from "./text.ts";

export type SecondOpinion =
  | { readonly kind: "absent" }
  | { readonly kind: "agrees"; readonly snapshots: readonly ForeignSnapshot[] }
  | { readonly kind: "disagrees"; readonly said: string };

/** A moment as restic lists it. */
export type ForeignSnapshot = {
  readonly id: string;
  readonly time: string;
  readonly paths: readonly string[];
};

export type SecondOpinionOptions = {
  readonly repository: string;
  readonly password: string;
  readonly surroundings: Surroundings;
};

/** Longest that the other program may take for a small repository. */
const limitMs = 120_000;

/** Lets the restic that is on PATH check a repository and list it: an independent program must be able to. */
export async function askRestic({
  repository,
  password,
  surroundings,
}: SecondOpinionOptions): Promise<SecondOpinion> {
  const { environment, signal } = surroundings;
  const run = async (...args: string[]): Promise<string> => {
    const running = promisify(execFile)("restic", ["--no-cache", "--repo", repository, ...args], {
      env: { PATH: environment["PATH"], HOME: environment["HOME"], RESTIC_PASSWORD: password },
      timeout: limitMs,
      signal,
    });
    try {
      return (await running).stdout;
    } finally {
      await ended(running.child);
    }
  };
  try {
    // At the same time: check holds the repository's lock, and listing needs none.
    const both = [run("check"), run("--no-lock", "snapshots", "--json")] as const;
    // Neither is left behind when the other fails.
    await Promise.allSettled(both);
    const [, listed] = await Promise.all(both);
    const snapshots = JSON.parse(listed) as readonly {
      short_id: string;
      time: string;
      paths: readonly string[];
    }[];
    return {
      kind: "agrees",
      snapshots: snapshots.map(({ short_id: id, time, paths }) => ({ id, time, paths })),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { kind: "absent" };
    return {
      kind: "disagrees",
      said: safeLines(error instanceof Error ? error.message : String(error)),
    };
  }
}

/** A program that was told to stop still runs for a moment: nothing goes on before it is gone. */
async function ended(child: ChildProcess): Promise<void> {
  const isRunning = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  if (isRunning) await once(child, "exit");
}
