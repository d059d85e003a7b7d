/** A folder of replicas as it lies there: its mark, its groups, their moments. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { damagedTag, type RecoveryPoint } from "#copies";
import { isRecoveryError, systemErrorCode } from "#errors";
import {
  displayPath,
  joinRawPath,
  type RawName,
  rawParent,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { groupFileName, groupFolderName, markName, sequenceOf } from "./moment-name.ts";
import { type MomentRecord, pointOf, readMoment } from "./moment-record.ts";
import { isFolder, namesIn, readIn, syncNames, writeIn } from "./raw-files.ts";
import { damaged, folderUnusable, reasonOf } from "./replica-error.ts";

export type ReplicaGroup = {
  readonly folder: RawPath;
  readonly group: string;
  readonly generation: string;
  readonly lastSequence: number;
};

export type ReplicaMoment = {
  readonly folder: RawPath;
  readonly point: RecoveryPoint;
  /** Undefined where it cannot be read: the point says so. */
  readonly record: MomentRecord | undefined;
};

/**
 * Marks a folder as one of replicas of a method; makes it where its parent is there. Nothing is kept in a
 * folder without the mark: a disk that is not mounted must not be taken for an empty one.
 */
export async function initReplicas(folder: RawPath, method: string): Promise<void> {
  try {
    if (!isFolder(folder)) {
      mkdirSync(rawPathToBytes(folder), { mode: 0o700 });
      syncNames(rawParent(folder));
    }
    const mark = readIn(folder, markName);
    if (mark === undefined) {
      const bytes = Buffer.from(`${JSON.stringify({ version: 1, method })}\n`);
      await writeIn(folder, markName, { bytes, exclusive: true });
    }
  } catch (error) {
    // Another process marked it this moment.
    if (systemErrorCode(error) !== "EEXIST") throw asFolderError(folder, error);
  }
  checkFolder(folder, method);
}

/**
 * The method whose replicas a folder is marked for; undefined where it is not there or has no mark. Throws
 * `methods.replica-folder` where nobody can say.
 */
export function replicasMethodOf(folder: RawPath): string | undefined {
  try {
    if (!isFolder(folder)) return undefined;
    const { method } = (parsed(readIn(folder, markName) ?? "") ?? {}) as Record<string, unknown>;
    return typeof method === "string" ? method : undefined;
  } catch (error) {
    throw asFolderError(folder, error);
  }
}

/** Throws `methods.replica-folder` unless it is a folder of this method's replicas. */
export function checkFolder(folder: RawPath, method: string): void {
  let mark: string | undefined;
  try {
    if (!isFolder(folder)) throw folderUnusable(folder, "there is no such folder");
    mark = readIn(folder, markName);
  } catch (error) {
    throw asFolderError(folder, error);
  }
  if (mark === undefined) throw folderUnusable(folder, `it has no "${markName}" in it`);
  const { version, method: found } = (parsed(mark) ?? {}) as Record<string, unknown>;
  if (version !== 1 || typeof found !== "string")
    throw folderUnusable(folder, `its "${markName}" is not as it was written`);
  if (found !== method)
    throw folderUnusable(folder, `it is for ${displayPath(found as RawPath)}, not for ${method}`);
}

function asFolderError(folder: RawPath, error: unknown): unknown {
  if (systemErrorCode(error) === undefined) return error;
  return folderUnusable(folder, reasonOf(error), error);
}

/** Throws `methods.replica-folder`, and `methods.replica-damaged` where a group's own record is gone. */
export function groupsIn(folder: RawPath): readonly ReplicaGroup[] {
  return listed(folder).flatMap((name) => {
    const path = joinRawPath(folder, name);
    if (name.startsWith(".") || !isFolder(path)) return [];
    return readGroup(path) ?? [];
  });
}

/** Undefined of a folder that was made and never used: a run ended in the middle. */
function readGroup(path: RawPath): ReplicaGroup | undefined {
  let text: string | undefined;
  try {
    text = readIn(path, groupFileName);
  } catch (error) {
    throw damaged(path, `its "${groupFileName}" cannot be read (${reasonOf(error)})`, error);
  }
  if (text === undefined) {
    if (!listed(path).some((name) => sequenceOf(name) !== undefined)) return undefined;
    throw damaged(path, `its "${groupFileName}" is gone`);
  }
  const { version, group, generation, lastSequence } = (parsed(text) ?? {}) as Record<
    string,
    unknown
  >;
  const isUsual =
    version === 1 &&
    typeof group === "string" &&
    typeof generation === "string" &&
    Number.isSafeInteger(lastSequence);
  if (!isUsual) throw damaged(path, `its "${groupFileName}" is not as it was written`);
  return { folder: path, group, generation, lastSequence: lastSequence as number };
}

/** The group's folder, made where it is not there. */
export async function openGroup(folder: RawPath, group: string): Promise<ReplicaGroup> {
  const path = joinRawPath(folder, groupFolderName(group));
  if (!isFolder(path)) {
    try {
      mkdirSync(rawPathToBytes(path), { mode: 0o700 });
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
    syncNames(folder);
  }
  const known = readGroup(path);
  if (known !== undefined) return known;
  const fresh = {
    folder: path,
    group,
    generation: randomBytes(8).toString("hex"),
    lastSequence: 0,
  };
  try {
    await writeGroup(fresh, true);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
  return readGroup(path) ?? fresh;
}

export async function writeGroup(one: ReplicaGroup, exclusive: boolean = false): Promise<void> {
  const { folder, ...rest } = one;
  const bytes = Buffer.from(`${JSON.stringify({ version: 1, ...rest })}\n`);
  await writeIn(folder, groupFileName, { bytes, exclusive });
}

/** Every moment of a group, by sequence; one whose record cannot be read is there and says so. */
export function momentsIn(one: ReplicaGroup): readonly ReplicaMoment[] {
  return listed(one.folder).flatMap((name) => readOne(one, name) ?? []);
}

function readOne(one: ReplicaGroup, name: RawName): ReplicaMoment | undefined {
  const sequence = sequenceOf(name);
  const folder = joinRawPath(one.folder, name);
  if (sequence === undefined || !isFolder(folder)) return undefined;
  const id = `${one.folder.slice(one.folder.lastIndexOf("/") + 1)}/${name}`;
  try {
    const record = readMoment(folder);
    return record === undefined ? undefined : { folder, record, point: pointOf(id, record) };
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    const { group, generation } = one;
    const point: RecoveryPoint = {
      id,
      group,
      sequence,
      generation,
      atNs: timeOf(name),
      consistency: "unknown",
      paths: [],
      hostname: "",
      tags: [damagedTag],
    };
    return { folder, record: undefined, point };
  }
}

/** The time in a moment's name, to the second. */
function timeOf(name: RawName): bigint {
  const [, year, month, day, hour, minute, second] =
    /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(name)?.map(Number) ?? [];
  const [at] = [Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)];
  return BigInt(Number.isFinite(at) ? at : 0) * 1_000_000n;
}

function listed(folder: RawPath): readonly RawName[] {
  try {
    return namesIn(folder);
  } catch (error) {
    throw asFolderError(folder, error);
  }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
