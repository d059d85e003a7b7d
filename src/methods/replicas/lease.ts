/*
 * Who has a replica open: an empty file in the moment's folder whose name says which process,
 *
 *   .open.MARK.RANDOM        see processMark
 *
 * so that no rotation, of this process or another, takes away what is being restored from.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, unlinkSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { isSurelyDead, processMark } from "#files";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { namesIn } from "./raw-files.ts";

const pattern = /^\.open\.(.+)\.[0-9a-f]{12}$/s;
const markOf = (name: RawName): string | undefined => pattern.exec(name)?.[1];

/** Undefined where the folder may not be written to: then nobody removes it through here either. Throws the system's ENOENT. */
export function takeLease(moment: RawPath): RawPath | undefined {
  const name = `.open.${processMark()}.${randomBytes(6).toString("hex")}` as RawName;
  const path = joinRawPath(moment, name);
  try {
    closeSync(openSync(rawPathToBytes(path), "wx", 0o600));
    return path;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EROFS" || code === "EACCES" || code === "ENOSPC" || code === "EDQUOT")
      return undefined;
    throw error;
  }
}

export function giveBack(lease: RawPath | undefined): void {
  if (lease === undefined) return;
  try {
    unlinkSync(rawPathToBytes(lease));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}

/** Somebody who may still have it open, in words; leases of the dead are removed on the way. */
export function holderOf(moment: RawPath): string | undefined {
  for (const name of namesIn(moment)) {
    const mark = markOf(name);
    if (mark === undefined) continue;
    if (!isSurelyDead(mark)) return `process ${mark.split(".")[3] ?? "?"}`;
    giveBack(joinRawPath(moment, name));
  }
  return undefined;
}

export function isLease(name: RawName): boolean {
  return markOf(name) !== undefined;
}
