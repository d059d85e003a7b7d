import { lstatSync, readdirSync, rmdirSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  joinRawPath,
  type RawName,
  rawParent,
  type RawPath,
  rawPathToBytes,
  mountsBelow,
  readMounts,
} from "#image";
import { deleteSubvolume, ensureSubvolume, isSubvolume } from "./btrfs-subvolume.ts";
import {
  ensureNotInTheMaking,
  hideContainer,
  inUse,
  notOurs,
  proveContainer,
} from "./container.ts";
import { syncFolderNow } from "./open-folder.ts";
import { removeFile, removeTree } from "./remove-tree.ts";
import { destinationError, quotePath } from "./snapshot-error.ts";
import { frozenName, recordName, type SnapshotRecord } from "./snapshot-record.ts";
import type { SnapshotOptions, SnapshotProviderName } from "./snapshot-provider.ts";

const reportFiles = 256;

/**
 * Removes what one provider made, after proof: owner and mode of the folder, its record, and of
 * a btrfs snapshot the subvolume's own identity. It goes out of sight first; what an end in the
 * middle leaves is for `sweepSnapshots`.
 */
export async function removeSnapshot(
  destination: RawPath,
  provider: SnapshotProviderName,
  options: SnapshotOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const record = proveContainer(destination, provider);
  ensureNotInTheMaking(destination, record);
  await proveContent(destination, record, options.signal);
  await takeApart(hideContainer(destination), options);
}

/** Throws unless what lies in the folder is what its record says. */
async function proveContent(
  destination: RawPath,
  record: SnapshotRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [mounted] = mountsBelow(readMounts(), destination);
  if (mounted !== undefined)
    throw inUse(destination, `something is mounted in it, at ${quotePath(mounted)}`);
  const [other] = otherNames(destination);
  if (other !== undefined)
    throw notOurs(destination, `something else lies in it, "${displayPath(other)}"`);
  if (record.subvolumeId !== undefined)
    await ensureSubvolume(joinRawPath(destination, frozenName), record.subvolumeId, signal);
}

/** Takes a hidden folder apart: the frozen store, what else there is, the record, the folder. */
export async function takeApart(folder: RawPath, options: SnapshotOptions = {}): Promise<void> {
  const frozen = joinRawPath(folder, frozenName);
  const progress = { files: 0, sizeBytes: 0 };
  const report = (): void => options.onProgress?.({ phase: "removing", ...progress });
  report();
  try {
    if (isSubvolume(frozen)) await deleteSubvolume(folder, frozenName, options.signal);
    else {
      await removeTree(frozen, {
        signal: options.signal,
        onRemoved: (sizeBytes) => {
          progress.files++;
          progress.sizeBytes += sizeBytes;
          if (progress.files % reportFiles === 0) report();
        },
      });
    }
    removeOwnFiles(folder);
    report();
    rmdirSync(rawPathToBytes(folder));
    syncFolderNow(rawParent(folder));
  } catch (error) {
    // Another process's sweep was at it too, and finished first.
    if (systemErrorCode(error) === "ENOENT") return;
    throw destinationError(folder, error);
  }
}

/** The record, last, and what a write of it left that was cut short. */
function removeOwnFiles(folder: RawPath): void {
  const [other] = otherNames(folder, []);
  if (other !== undefined)
    throw inUse(folder, `something came into it meanwhile, "${displayPath(other)}"`);
  for (const name of namesIn(folder))
    if (isUnfinishedRecord(folder, name)) removeFile(joinRawPath(folder, name));
  removeFile(joinRawPath(folder, recordName));
}

/** What is there and not of this house. */
function otherNames(folder: RawPath, alsoOurs: readonly RawName[] = [frozenName]): RawName[] {
  return namesIn(folder).filter(
    (name) => name !== recordName && !alsoOurs.includes(name) && !isUnfinishedRecord(folder, name),
  );
}

function namesIn(folder: RawPath): RawName[] {
  return readdirSync(rawPathToBytes(folder), { encoding: "latin1" }) as RawName[];
}

/** A temporary file of a durable write. */
export function isUnfinishedRecord(folder: RawPath, name: RawName): boolean {
  if (!/^\.tmp-[0-9a-f]{16}$/.test(name)) return false;
  const path = rawPathToBytes(joinRawPath(folder, name));
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
