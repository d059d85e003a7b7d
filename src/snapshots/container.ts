/*
 * The folder that holds one frozen store and its record. It is filled under a temporary name
 * beside its final one and renamed when everything in it is durable; it is renamed again before
 * it is taken apart. So whatever bears its final name is whole.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, realpathSync, renameSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  joinRawPath,
  type RawName,
  rawBaseName,
  rawParent,
  type RawPath,
  rawPathToBytes,
  rootPath,
} from "#image";
import { makerState } from "./maker.ts";
import { syncFolderNow } from "./open-folder.ts";
import { destinationError, quotePath, reasonOf, SnapshotError } from "./snapshot-error.ts";
import { readRecord, type SnapshotRecord, writeRecord } from "./snapshot-record.ts";
import type { SnapshotProviderName } from "./snapshot-provider.ts";

const takingPrefix = ".restante-snapshot-";
const removingPrefix = ".restante-removing-";
const temporaryName = /^\.restante-(?:snapshot|removing)-[0-9a-f]{16}$/;
/** How often a temporary folder is made again that another process swept away before it had its record. */
const attempts = 5;

export function isTemporaryName(name: RawName): boolean {
  return temporaryName.test(name);
}

export function isBeingRemoved(name: RawName): boolean {
  return isTemporaryName(name) && name.startsWith(removingPrefix);
}

/** The destination's absolute path; the folder it lies in is there and free of symbolic links. */
export function resolveDestination(destination: RawPath): RawPath {
  const trimmed = destination.replace(/\/+$/, "") as RawPath;
  const name = rawBaseName(trimmed);
  if (name === ("" as RawName) || /^\.{1,2}$/.test(name) || name.includes("\0"))
    throw unusable(destination, "it has no name of its own");
  const parent = rawParent(trimmed);
  try {
    const real = realpathSync.native(parent === rootPath ? "." : rawPathToBytes(parent), {
      encoding: "latin1",
    }) as RawPath;
    if (!lstatSync(rawPathToBytes(real)).isDirectory())
      throw unusable(destination, "what it lies in is no folder");
    return joinRawPath(real, name);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw unusable(destination, `the folder it lies in cannot be used (${reasonOf(error)})`, error);
  }
}

/** The absolute path of a snapshot that is to be used; that it is one is for `proveContainer`. */
export function locateSnapshot(destination: RawPath): RawPath {
  try {
    return resolveDestination(destination);
  } catch (error) {
    if (error instanceof SnapshotError) throw noSuchSnapshot(destination);
    throw error;
  }
}

export function unusable(destination: RawPath, state: string, cause?: unknown): SnapshotError {
  return new SnapshotError(
    "snapshots.destination-unusable",
    `Cannot use the snapshot's destination ${quotePath(destination)}: ${state}`,
    {
      hint: "Name a folder that is not there yet, in one that is, outside the mail store.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export function ensureFree(destination: RawPath): void {
  const stats = lstatSync(rawPathToBytes(destination), { throwIfNoEntry: false });
  if (stats !== undefined) throw exists(destination);
}

function exists(destination: RawPath): SnapshotError {
  return new SnapshotError(
    "snapshots.destination-exists",
    `Cannot make the snapshot ${quotePath(destination)}: something of that name is there`,
    { hint: "Choose another name, or remove that snapshot first." },
  );
}

/** A folder with a record, under a temporary name in `parent`. */
export async function makeContainer(parent: RawPath, record: SnapshotRecord): Promise<RawPath> {
  for (let attempt = 1; ; attempt++) {
    const folder = temporaryIn(parent, takingPrefix);
    try {
      mkdirSync(rawPathToBytes(folder), { mode: 0o700 });
      await writeRecord(folder, record);
      syncFolderNow(parent);
      return folder;
    } catch (error) {
      // Another process's sweep took the empty folder for a leftover.
      if (systemErrorCode(error) === "ENOENT" && attempt < attempts) continue;
      throw destinationError(folder, error);
    }
  }
}

/** Gives the folder its final name. What is in it must be durable by now. */
export function nameContainer(folder: RawPath, destination: RawPath, mode: number): void {
  ensureFree(destination);
  try {
    chmodSync(rawPathToBytes(folder), mode);
    syncFolderNow(folder);
    // rename(2) replaces an empty folder that came this very moment, and refuses anything else.
    renameSync(rawPathToBytes(folder), rawPathToBytes(destination));
    syncFolderNow(rawParent(destination));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") throw exists(destination);
    throw destinationError(destination, error);
  }
}

/** Takes a proven folder out of sight, to be taken apart. Returns its new path. */
export function hideContainer(destination: RawPath): RawPath {
  if (isBeingRemoved(rawBaseName(destination))) return destination;
  const hidden = temporaryIn(rawParent(destination), removingPrefix);
  const [from, to] = [rawPathToBytes(destination), rawPathToBytes(hidden)];
  try {
    const before = lstatSync(from, { bigint: true });
    renameSync(from, to);
    const after = lstatSync(to, { bigint: true });
    if (after.ino !== before.ino || after.dev !== before.dev) {
      renameSync(to, from);
      throw notOurs(destination, "another folder took its place a moment ago");
    }
    syncFolderNow(rawParent(destination));
  } catch (error) {
    throw destinationError(destination, error);
  }
  return hidden;
}

/** The record of what is there. Throws unless this house made it, as this user, and nobody else can write to it. */
export function proveContainer(
  destination: RawPath,
  provider?: SnapshotProviderName,
): SnapshotRecord {
  const stats = lstatSync(rawPathToBytes(destination), { throwIfNoEntry: false });
  if (stats === undefined) throw noSuchSnapshot(destination);
  if (!stats.isDirectory()) throw notOurs(destination, "it is not a folder");
  if (stats.uid !== process.geteuid?.()) throw notOurs(destination, "it belongs to somebody else");
  if ((stats.mode & 0o022) !== 0) throw notOurs(destination, "others may write to it");
  const record = readRecord(destination);
  if (record === undefined) throw notOurs(destination, "it has no record of a snapshot");
  if (provider !== undefined && record.provider !== provider)
    throw notOurs(destination, `it was made as a ${record.provider}, not as a ${provider}`);
  return record;
}

/** Throws while the process that fills it may still be at it. */
export function ensureNotInTheMaking(destination: RawPath, record: SnapshotRecord): void {
  if (record.state !== "taking" || record.maker.process === process.pid) return;
  if (makerState(record.maker) === "alive")
    throw inUse(destination, `process ${record.maker.process} is still making it`);
}

export function inUse(destination: RawPath, state: string): SnapshotError {
  return new SnapshotError(
    "snapshots.in-use",
    `Cannot remove the snapshot ${quotePath(destination)}: ${state}`,
    { hint: "Wait for it to end, or unmount what is mounted there, and try again." },
  );
}

export function notOurs(destination: RawPath, state: string): SnapshotError {
  return new SnapshotError(
    "snapshots.not-ours",
    `Cannot take ${quotePath(destination)} for a snapshot of ours: ${state}`,
    {
      hint: "Check the path. What Restante did not make it neither opens as a snapshot nor removes.",
    },
  );
}

function noSuchSnapshot(destination: RawPath): SnapshotError {
  return new SnapshotError(
    "snapshots.not-found",
    `Cannot find the snapshot ${quotePath(destination)}: there is nothing of that name`,
    { hint: "Check the path, and that its disk is mounted." },
  );
}

function temporaryIn(parent: RawPath, prefix: string): RawPath {
  return joinRawPath(parent, `${prefix}${randomBytes(8).toString("hex")}` as RawName);
}
