import { randomBytes } from "node:crypto";
import { renameSync, unlinkSync } from "node:fs";
import { isRecoveryError, systemErrorCode } from "#errors";
import {
  displayPath,
  joinRawPath,
  type RawName,
  rawParent,
  rawBaseName,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { readTaken, type SnapshotProvider, sweepSnapshots } from "#snapshots";
import { holderOf, isLease } from "./lease.ts";
import { momentFileName, sequenceOf, storeName } from "./moment-name.ts";
import { exists, isFolder, namesIn, removeFolder, syncNames } from "./raw-files.ts";
import { damaged, inUse } from "./replica-error.ts";

const hiddenPattern = /^\.removing\.[0-9a-f]{12}$/;

export type RemoveOptions = {
  readonly providers: readonly SnapshotProvider[];
  readonly signal?: AbortSignal | undefined;
};

/**
 * Removes one moment: out of sight first, in one step, so that it is whole or gone; what an end in the
 * middle leaves, the next run removes. Throws `methods.replica-in-use` while somebody has it open.
 */
export async function removeMoment(moment: RawPath, options: RemoveOptions): Promise<void> {
  const before = holderOf(moment);
  if (before !== undefined) throw inUse(moment, before);
  const name = `.removing.${randomBytes(6).toString("hex")}` as RawName;
  const hidden = joinRawPath(rawParent(moment), name);
  renameSync(rawPathToBytes(moment), rawPathToBytes(hidden));
  // Opened this very moment: it goes back, and stays.
  const holder = holderOf(hidden);
  if (holder !== undefined) {
    renameSync(rawPathToBytes(hidden), rawPathToBytes(moment));
    throw inUse(moment, holder);
  }
  syncNames(rawParent(moment));
  await takeApart(hidden, options);
}

/** Removes what runs that ended in the middle left in a group: to be called with its lock held. */
export async function sweepGroup(
  group: RawPath,
  options: RemoveOptions,
): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of namesIn(group)) {
    const path = joinRawPath(group, name);
    const isUnfinished =
      sequenceOf(name) !== undefined && !exists(joinRawPath(path, momentFileName));
    if ((!isUnfinished && !hiddenPattern.test(name)) || !isFolder(path)) continue;
    if (isUnfinished) await removeMoment(path, options);
    else await takeApart(path, options);
    swept.push(name);
  }
  return swept;
}

/** The replica by whoever made it, then our own files. Nothing else may lie there. */
export async function takeApart(moment: RawPath, options: RemoveOptions): Promise<void> {
  const { signal } = options;
  await sweepSnapshots(moment, signal === undefined ? {} : { signal });
  await removeStore(joinRawPath(moment, storeName), options);
  for (const name of namesIn(moment)) {
    const path = joinRawPath(moment, name);
    if (!isOwn(name) || isFolder(path))
      throw damaged(moment, `"${displayPath(rawBaseName(path))}" in it is not ours`);
  }
  // The record goes first: without it nothing here is taken for a moment.
  for (const name of namesIn(moment).toSorted(recordFirst)) {
    try {
      unlinkSync(rawPathToBytes(joinRawPath(moment, name)));
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }
  await removeFolder(moment, signal);
  syncNames(rawParent(moment));
}

function isOwn(name: RawName): boolean {
  return (
    /^(?:moment\.json|(?:listing|expected)\.gz|\.tmp-[0-9a-f]{16})$/.test(name) || isLease(name)
  );
}

function recordFirst(a: RawName, b: RawName): number {
  return Number(b === momentFileName) - Number(a === momentFileName);
}

async function removeStore(store: RawPath, { providers, signal }: RemoveOptions): Promise<void> {
  const given = signal === undefined ? {} : { signal };
  try {
    const taken = readTaken(store);
    const maker = providers.find(({ name }) => name === taken.provider);
    if (maker === undefined) throw damaged(store, `nothing here knows a ${taken.provider}`);
    await maker.remove(store, given);
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    if (error.code === "snapshots.not-found") return;
    // Plain files: no snapshot's record.
    if (error.code !== "snapshots.not-ours" || !error.message.endsWith("no record of a snapshot"))
      throw error;
    await removeFolder(store, signal);
  }
}
