import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { isRecoveryError, systemErrorCode } from "#errors";
import { isSurelyDead, processMark } from "#files";
import { displayPath, joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { allProviders, readTaken, type SnapshotProvider, sweepSnapshots } from "#snapshots";
import { SourceError } from "../source-error.ts";

/** hot-split.MARK.RANDOM, see processMark. */
const pattern = /^hot-split\.(.+)\.[0-9a-f]{12}$/s;

export function splitName(): RawName {
  return `hot-split.${processMark()}.${randomBytes(6).toString("hex")}` as RawName;
}

export type SweptSplits = {
  readonly removed: readonly RawPath[];
  /** What looks like a leftover and stays, and why. */
  readonly kept: readonly { readonly path: RawPath; readonly why: string }[];
};

/**
 * Removes from a work folder the frozen images, whole or half, of hot splits that were killed. Those
 * of a process that lives, or may, stay.
 */
export async function sweepHotSplits(
  workFolder: RawPath,
  options: { readonly providers?: readonly SnapshotProvider[]; readonly signal?: AbortSignal } = {},
): Promise<SweptSplits> {
  const { signal, providers = allProviders() } = options;
  const given = signal === undefined ? {} : { signal };
  const names = namesIn(workFolder);
  const swept = await sweepSnapshots(workFolder, given);
  const removed = [...swept.removed];
  const kept = [...swept.kept];
  for (const name of names) {
    const [, mark] = pattern.exec(name) ?? [];
    if (mark === undefined || !isSurelyDead(mark)) continue;
    const path = joinRawPath(workFolder, name);
    try {
      const { provider } = readTaken(path);
      const maker = providers.find((one) => one.name === provider);
      if (maker === undefined) throw noMaker(path, provider);
      await maker.remove(path, given);
      removed.push(path);
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      // Given away, or swept by another start, a moment ago.
      if (error.code !== "snapshots.not-found") kept.push({ path, why: error.message });
    }
  }
  return { removed, kept };
}

function namesIn(folder: RawPath): readonly RawName[] {
  try {
    return readdirSync(rawPathToBytes(folder), { encoding: "latin1" }) as RawName[];
  } catch (error) {
    throw folderUnusable(folder, error);
  }
}

export function folderUnusable(folder: RawPath, cause: unknown): SourceError {
  const state = systemErrorCode(cause) ?? (cause instanceof Error ? cause.message : "unknown");
  return new SourceError(
    "source.split-folder",
    `Cannot use the work folder "${displayPath(folder)}" for a hot split: ${state}`,
    {
      hint: "Make the folder, on the filesystem of the mail store and outside it, and see that it may be written to.",
      cause,
    },
  );
}

function noMaker(path: RawPath, provider: string): SourceError {
  return new SourceError(
    "source.split-folder",
    `Cannot remove the frozen image "${displayPath(path)}": nothing here knows a ${provider}`,
    { hint: "Remove it with the version that made it." },
  );
}
