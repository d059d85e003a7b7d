import { execFile } from "node:child_process";
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
    const { stdout } = await promisify(execFile)(
      "restic",
      ["--no-cache", "--repo", repository, ...args],
      {
        env: { PATH: environment["PATH"], HOME: environment["HOME"], RESTIC_PASSWORD: password },
        timeout: limitMs,
        signal,
      },
    );
    return stdout;
  };
  try {
    // At the same time: check holds the repository's lock, and listing needs none.
    const [, listed] = await Promise.all([run("check"), run("--no-lock", "snapshots", "--json")]);
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
