import { closeSync, fstatSync, linkSync, lstatSync, symlinkSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  type Entry,
  type ExtendedAttribute,
  hasExtendedAttributes,
  type Image,
  type ImageProblem,
  joinRawPath,
  type RawPath,
  rawPathToBytes,
  readExtendedAttributes,
  statModeOf,
} from "#image";
import { type CopyBytes, openSource, SourceUnreadable } from "./copy-file.ts";
import { makeNode } from "./native-calls.ts";
import { removeFile } from "./remove-tree.ts";
import { type Missed, setAttributes } from "./set-attributes.ts";
import { reasonOf } from "./snapshot-error.ts";

export type EntryCopyOptions = {
  readonly image: Image;
  /** The store's root and the copy's, absolute. */
  readonly store: RawPath;
  readonly to: RawPath;
  readonly copyBytes: CopyBytes;
  /** Refuse a file that changed while its bytes were copied: they were not taken at one instant. */
  readonly mustStandStill: boolean;
  readonly missed: Missed;
  readonly signal?: AbortSignal | undefined;
};

export type EntryCopied =
  /** `exact`: the copy is of the inode as it was listed, and no change can hide behind its time stamps. */
  | { readonly outcome: "copied"; readonly exact: boolean }
  | {
      readonly outcome: "problem";
      readonly problem: ImageProblem;
    };

/** How often a file is looked at again that changed, or was renamed, while it was copied. */
const attempts = 6;
/** The kernel's clock for time stamps ticks every 1 to 10 ms: a second change within a tick leaves no trace. */
const tickDoubtNs = 50_000_000n;
/** What the destination cannot hold of this one entry, whatever room it has. */
const impossibleCodes: ReadonlySet<string> = new Set(["ENAMETOOLONG", "EILSEQ", "EINVAL", "EFBIG"]);

/** Copies one entry that is no folder. Throws the system's error of the destination. */
export async function copyEntry(
  path: RawPath,
  entry: Entry,
  options: EntryCopyOptions,
): Promise<EntryCopied> {
  const target = joinRawPath(options.to, path);
  try {
    if (entry.type === "file") return await copyPlainFile(path, entry, options);
    return copySpecial(path, entry, options);
  } catch (error) {
    removeFile(target);
    const code = systemErrorCode(error);
    if (error instanceof SourceUnreadable)
      return problem(path, "unreadable", `It cannot be read: ${reasonOf(error)}.`);
    if (code === undefined || !impossibleCodes.has(code)) throw error;
    return problem(path, "unsupported", `The destination cannot hold it: ${reasonOf(error)}.`);
  }
}

/** Another name of what was copied already. False where the filesystem gives it no more names. */
export function linkEntry(path: RawPath, first: RawPath, to: RawPath): boolean {
  try {
    linkSync(rawPathToBytes(joinRawPath(to, first)), rawPathToBytes(joinRawPath(to, path)));
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    // No hard links here (EPERM), too many (EMLINK), or the first name was not copied after all.
    if (code === "EPERM" || code === "EMLINK" || code === "ENOENT" || code === "EXDEV")
      return false;
    throw error;
  }
}

async function copyPlainFile(
  path: RawPath,
  entry: Entry,
  options: EntryCopyOptions,
): Promise<EntryCopied> {
  let place = path;
  let expected: Entry | undefined = entry;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    options.signal?.throwIfAborted();
    const got = await copyFrom(place, expected, { ...options, path });
    if (got === "changed") continue;
    if (got !== "gone") return { outcome: "copied", exact: place === path && isExact(got, entry) };
    const found = (await options.image.local?.relocate([path], options.signal))?.get(path);
    if (found !== undefined) [place, expected] = [found, entry];
    // An index is replaced by a new file of the same name.
    else if (expected !== undefined) [place, expected] = [path, undefined];
    else return problem(path, "vanished", "It was removed after it was listed.");
  }
  return problem(path, "changed", "It changed or moved at every attempt to copy it.");
}

async function copyFrom(
  place: RawPath,
  expected: Entry | undefined,
  options: EntryCopyOptions & { readonly path: RawPath },
): Promise<BigIntStats | "gone" | "changed"> {
  const { store, to, path } = options;
  const from = joinRawPath(store, place);
  const target = joinRawPath(to, path);
  const source = openForReading(from);
  if (source === undefined) return "gone";
  const { descriptor, stats: before } = source;
  try {
    if (
      expected !== undefined &&
      (before.ino !== expected.inode || before.dev !== expected.deviceId)
    )
      return "gone";
    await options.copyBytes(descriptor, target, options.signal);
    const extended = extendedAttributesOf(from, source.descriptor, before);
    const after = fstatSync(descriptor, { bigint: true });
    const stood = before.size === after.size && before.mtimeNs === after.mtimeNs;
    if (extended === undefined || (!stood && options.mustStandStill)) {
      removeFile(target);
      return extended === undefined ? "gone" : "changed";
    }
    const { uid, gid, mode, mtimeNs } = before;
    const attributes = { uid: Number(uid), gid: Number(gid), mode: Number(mode) & 0o7777, mtimeNs };
    setAttributes(target, { ...attributes, extended }, options.missed);
    return stood ? after : before;
  } finally {
    closeSync(descriptor);
  }
}

function openForReading(path: RawPath): ReturnType<typeof openSource> {
  try {
    return openSource(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw new SourceUnreadable(error instanceof Error ? error.message : "", { cause: error });
  }
}

/** Attributes can be had by name only: undefined when another file has the name by now. */
function extendedAttributesOf(
  path: RawPath,
  descriptor: number,
  stats: BigIntStats,
): readonly ExtendedAttribute[] | undefined {
  if (!hasExtendedAttributes(descriptor)) return [];
  const found = readExtendedAttributes(path);
  const now = lstatSync(rawPathToBytes(path), { bigint: true, throwIfNoEntry: false });
  return now?.ino === stats.ino && now.dev === stats.dev ? found : undefined;
}

/** Whether the copied inode is as it was listed, and old enough that its times prove it. */
function isExact(stats: BigIntStats, entry: Entry): boolean {
  const newest = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  const ageNs = BigInt(Date.now()) * 1_000_000n - newest;
  return (
    stats.ino === entry.inode &&
    Number(stats.size) === entry.sizeBytes &&
    stats.mtimeNs === entry.mtimeNs &&
    stats.ctimeNs === entry.ctimeNs &&
    // A stamp from the future is none that a change of now would get.
    (ageNs > tickDoubtNs || ageNs < -tickDoubtNs)
  );
}

/** Symbolic links, pipes, sockets and devices. */
function copySpecial(path: RawPath, entry: Entry, options: EntryCopyOptions): EntryCopied {
  const target = joinRawPath(options.to, path);
  if (entry.type === "symlink")
    symlinkSync(rawPathToBytes(entry.linkTarget ?? ("" as RawPath)), rawPathToBytes(target));
  else if (!makeNode(target, statModeOf({ ...entry, mode: 0o600 }), entry.device ?? 0n)) {
    const what = entry.type.replace("-", " ");
    return problem(path, "unsupported", `It is a ${what}, which could not be made again here.`);
  }
  const source = joinRawPath(options.store, path);
  const extended = readExtendedAttributes(source);
  const { uid, gid, mtimeNs } = entry;
  const mode = entry.type === "symlink" ? undefined : entry.mode;
  setAttributes(target, { uid, gid, mode, mtimeNs, extended }, options.missed);
  return { outcome: "copied", exact: true };
}

function problem(path: RawPath, code: ImageProblem["code"], message: string): EntryCopied {
  return { outcome: "problem", problem: { path, code, message } };
}
