import { copyFileSync, constants, linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { systemErrorCode } from "#errors";
import { type RawPath, rawPathToBytes, rawParent } from "#image";
import { RestoreError } from "./restore-error.ts";
import { digestOfFile, syncPath } from "./write-files.ts";

/**
 * Gives a finished file its name. Unless `mayReplace`, a name that is taken is kept and the
 * answer is false. `dress` sets the attributes of a copy where a rename cannot be had.
 */
export function placeFile(
  staged: RawPath,
  place: RawPath,
  options: { readonly mayReplace: boolean; readonly dress: (path: RawPath) => void },
): boolean {
  try {
    return moveTo(staged, place, options.mayReplace);
  } catch (error) {
    if (systemErrorCode(error) !== "EXDEV") throw error;
  }
  // A filesystem mounted within the target: copied beside the place, verified, and moved there.
  const copy = `${rawParent(place)}/.restante-partial-${randomBytes(8).toString("hex")}` as RawPath;
  try {
    copyFileSync(rawPathToBytes(staged), rawPathToBytes(copy), constants.COPYFILE_EXCL);
    if (!digestOfFile(copy).equals(digestOfFile(staged))) {
      throw new RestoreError(
        "restore.not-verified",
        "Cannot trust a restored file: its copy on another filesystem differs",
        {
          hint: "Check the disk and the system's log, then run the restore again.",
        },
      );
    }
    options.dress(copy);
    syncPath(copy);
    const isPlaced = moveTo(copy, place, options.mayReplace);
    if (!isPlaced) unlinkSync(rawPathToBytes(copy));
    return isPlaced;
  } catch (error) {
    try {
      unlinkSync(rawPathToBytes(copy));
    } catch (cleanup) {
      if (systemErrorCode(cleanup) !== "ENOENT") throw cleanup;
    }
    throw error;
  }
}

function moveTo(from: RawPath, to: RawPath, mayReplace: boolean): boolean {
  const [source, place] = [rawPathToBytes(from), rawPathToBytes(to)];
  if (mayReplace) {
    renameSync(source, place);
    return true;
  }
  try {
    // rename(2) would replace what came there meanwhile; link(2) does not.
    linkSync(source, place);
  } catch (error) {
    const code = systemErrorCode(error) ?? "";
    if (code === "EEXIST") return false;
    if (!withoutLinks.has(code)) throw error;
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(source, place);
    return true;
  }
  unlinkSync(source);
  return true;
}

/** What filesystems without hard links answer. */
const withoutLinks: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
]);
