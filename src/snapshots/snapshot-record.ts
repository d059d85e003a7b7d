/*
 * The mark of what this room made, and what is known of it: one file in the folder that was
 * asked for, beside the frozen store.
 *
 *   DESTINATION/                    mode 0700, of whoever made it
 *     restante-snapshot.json        the record
 *     frozen/                       the store, or the btrfs subvolume that holds it
 */
import { constants, closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import { type ImageProblem, joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { isMaker, type Maker } from "./maker.ts";
import { openFolder } from "./open-folder.ts";
import { quotePath, reasonOf, SnapshotError } from "./snapshot-error.ts";
import {
  type Protection,
  protections,
  type SnapshotProviderName,
  snapshotProviderNames,
  type Taken,
} from "./snapshot-provider.ts";

export const recordName: RawName = "restante-snapshot.json" as RawName;
export const frozenName: RawName = "frozen" as RawName;
/** A record is some hundred bytes and its problems. */
const largestRecordBytes = 64 * 1024 * 1024;

export type SnapshotState = "taking" | "frozen" | "writable";

export type SnapshotRecord = {
  readonly version: 1;
  readonly provider: SnapshotProviderName;
  readonly state: SnapshotState;
  readonly maker: Maker;
  /** The store's root within the folder: "frozen", or a folder within it. */
  readonly root: RawPath;
  /** Of the btrfs subvolume `frozen`. */
  readonly subvolumeId?: string;
  /** Of state "frozen". */
  readonly taken?: TakenFacts;
};

export type TakenFacts = Omit<Taken, "destination" | "path" | "provider">;

export async function writeRecord(folder: RawPath, record: SnapshotRecord): Promise<void> {
  const text = JSON.stringify(record, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  using open = openFolder(folder);
  await writeDurably(`${open.place}/${recordName}`, Buffer.from(`${text}\n`));
}

/** Undefined where there is none. Throws `snapshots.damaged` when it is not as it was written. */
export function readRecord(folder: RawPath): SnapshotRecord | undefined {
  let text: string;
  try {
    const descriptor = openSync(
      rawPathToBytes(joinRawPath(folder, recordName)),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile() || stats.size > largestRecordBytes)
        throw damaged(folder, "its record is no plain file of a usual size");
      if (stats.uid !== process.geteuid?.() || (stats.mode & 0o022) !== 0)
        throw damaged(folder, "its record can be written by others");
      text = readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw code === undefined ? error : damaged(folder, reasonOf(error), error);
  }
  const record = parseRecord(text);
  if (record === undefined) throw damaged(folder, "its record is not as it was written");
  return record;
}

export function damaged(folder: RawPath, state: string, cause?: unknown): SnapshotError {
  return new SnapshotError(
    "snapshots.damaged",
    `Cannot use the snapshot ${quotePath(folder)}: ${state}`,
    {
      hint: `Take another one. What is readable lies in its folder "${frozenName}".`,
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function parseRecord(text: string): SnapshotRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { version, provider, state, maker, root, subvolumeId } = value;
  if (version !== 1 || !isOneOf(snapshotProviderNames, provider) || !isMaker(maker))
    return undefined;
  if (!isOneOf(["taking", "frozen", "writable"] as const, state) || !isRootPath(root))
    return undefined;
  if (subvolumeId !== undefined && typeof subvolumeId !== "string") return undefined;
  const taken = value["taken"] === undefined ? undefined : parseTaken(value["taken"]);
  if ((state === "frozen") !== (taken !== undefined)) return undefined;
  return {
    version,
    provider,
    state,
    maker,
    root,
    ...(subvolumeId === undefined ? {} : { subvolumeId }),
    ...(taken === undefined ? {} : { taken }),
  };
}

function parseTaken(value: unknown): TakenFacts | undefined {
  if (!isObject(value)) return undefined;
  const { store, volumeId, consistency, settled, files, sizeBytes, protection, problems } = value;
  const [fromNs, toNs] = [instantOf(value["fromNs"]), instantOf(value["toNs"])];
  const isUsual =
    typeof store === "string" &&
    typeof volumeId === "string" &&
    (consistency === "crash" || consistency === "fuzzy") &&
    typeof settled === "boolean" &&
    isCount(files) &&
    isCount(sizeBytes) &&
    isOneOf<Protection>(protections, protection) &&
    Array.isArray(problems) &&
    problems.every((problem) => isProblem(problem));
  if (!isUsual || fromNs === undefined || toNs === undefined) return undefined;
  return {
    store: store as RawPath,
    volumeId,
    consistency,
    settled,
    fromNs,
    toNs,
    files,
    sizeBytes,
    protection,
    problems,
  };
}

function isProblem(value: unknown): value is ImageProblem {
  return (
    isObject(value) && ["path", "code", "message"].every((key) => typeof value[key] === "string")
  );
}

/** "frozen" or below it, without a step up. */
function isRootPath(value: unknown): value is RawPath {
  if (typeof value !== "string" || value.includes("\0")) return false;
  const [first, ...below] = value.split("/");
  return (
    first === frozenName && below.every((name) => name !== "" && name !== "." && name !== "..")
  );
}

function instantOf(value: unknown): bigint | undefined {
  return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isOneOf<Value>(values: readonly Value[], value: unknown): value is Value {
  return values.includes(value as Value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
