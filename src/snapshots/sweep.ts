import { lstatSync, readdirSync, rmdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isRecoveryError, systemErrorCode } from "#errors";
import {
  joinRawPath,
  type RawName,
  rawBaseName,
  type RawPath,
  rawPathToBytes,
  mountsBelow,
  readMounts,
} from "#image";
import { hideContainer, isBeingRemoved, isTemporaryName, proveContainer } from "./container.ts";
import { makerState } from "./maker.ts";
import { isUnfinishedRecord, takeApart } from "./remove-snapshot.ts";
import { removeFile } from "./remove-tree.ts";
import { quotePath, reasonOf, SnapshotError } from "./snapshot-error.ts";
import type { SnapshotRecord } from "./snapshot-record.ts";
import type { SnapshotOptions } from "./snapshot-provider.ts";

export type SweptSnapshots = {
  readonly removed: readonly RawPath[];
  /** Leftovers, or what looks like one, that stay, and why. */
  readonly kept: readonly { readonly path: RawPath; readonly why: string }[];
};

/**
 * Removes from a folder of snapshots what ends in the middle left behind: snapshots that never
 * got their name, those whose removal had begun, and writable copies of processes that are no
 * more. Everything else stays, above all whatever bears a name and a record of its own.
 */
export async function sweepSnapshots(
  parent: RawPath,
  options: SnapshotOptions = {},
): Promise<SweptSnapshots> {
  const removed: RawPath[] = [];
  const kept: { path: RawPath; why: string }[] = [];
  for (const name of namesIn(parent)) {
    await setImmediate();
    options.signal?.throwIfAborted();
    const path = joinRawPath(parent, name);
    const why = await sweepOne(path, options);
    if (why === "removed") removed.push(path);
    else if (why !== "no leftover") kept.push({ path, why });
  }
  return { removed, kept };
}

function namesIn(parent: RawPath): RawName[] {
  try {
    const names = readdirSync(rawPathToBytes(parent), { encoding: "latin1" }) as RawName[];
    return names.sort();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw new SnapshotError(
      "snapshots.destination-unusable",
      `Cannot look for leftovers of snapshots in ${quotePath(parent)}: ${reasonOf(error)}`,
      { hint: "Check the path and its permissions, and that its disk is mounted.", cause: error },
    );
  }
}

/** "removed", "no leftover", or why it stays. */
async function sweepOne(path: RawPath, options: SnapshotOptions): Promise<string> {
  const isTemporary = isTemporaryName(rawBaseName(path));
  let record: SnapshotRecord;
  try {
    if (isTemporary && removeUnrecorded(path)) return "removed";
    record = proveContainer(path);
  } catch (error) {
    if (!isRecoveryError(error)) {
      if (systemErrorCode(error) === undefined) throw error;
      return isTemporary ? reasonOf(error) : "no leftover";
    }
    // Gone meanwhile, or a folder of somebody else's.
    if (error.code === "snapshots.not-found" || !isTemporary) return "no leftover";
    return error.message;
  }
  if (!isTemporary && record.state !== "writable") return "no leftover";
  if (!isBeingRemoved(rawBaseName(path))) {
    const state = makerState(record.maker);
    const { process: maker, host } = record.maker;
    if (state === "alive")
      return isTemporary ? `process ${maker} is still making it` : "no leftover";
    if (state === "unknown") return `process ${maker} of ${host} made it, which may still run`;
  }
  if (mountsBelow(readMounts(), path).length > 0) return "something is mounted in it";
  try {
    await takeApart(hideContainer(path), options);
    return "removed";
  } catch (error) {
    // One that will not go must not keep the others here; an interruption ends all.
    if (!isRecoveryError(error)) throw error;
    return error.message;
  }
}

/** A folder whose maker had not come to write its record: nothing is in it but what a durable write leaves. */
function removeUnrecorded(path: RawPath): boolean {
  const bytes = rawPathToBytes(path);
  const stats = lstatSync(bytes, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true || stats.uid !== process.geteuid?.()) return false;
  const names = readdirSync(bytes, { encoding: "latin1" }) as RawName[];
  if (!names.every((name) => isUnfinishedRecord(path, name))) return false;
  for (const name of names) removeFile(joinRawPath(path, name));
  rmdirSync(bytes);
  return true;
}
