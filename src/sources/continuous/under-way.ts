/*
 * A change that a server has begun and not ended. Dovecot renames a message of a Maildir to the letter of a keyword
 * first and names the letter in dovecot-keywords after; a mail client writes an mbox anew in its place. What lies on
 * the disk in between is there, but it is no state that anybody was shown. Both hold a lock file meanwhile.
 */
import { isImageError, joinRawPath, rawBaseName, type RawPath, rawParent } from "#image";
import { isIndex, type StoreFiles } from "./store-files.ts";

/** The lock that whoever changes this file holds, where it is a program that writes lock files. */
export function lockOf(path: RawPath): RawPath {
  const folder = rawParent(path);
  const isInMaildir = ["cur", "new", "tmp"].includes(rawBaseName(folder));
  if (!isInMaildir && !isIndex(path)) return `${path}.lock` as RawPath;
  return joinRawPath(isInMaildir ? rawParent(folder) : folder, "dovecot-uidlist.lock" as RawPath);
}

/** Whose lock is there. `locks`: of which account each is. */
export function underWay(
  locks: ReadonlyMap<RawPath, RawPath>,
  files: Pick<StoreFiles, "look">,
): Set<RawPath> {
  const found = new Set<RawPath>();
  for (const [lock, account] of locks) {
    try {
      if (files.look(lock) !== undefined) found.add(account);
    } catch (error) {
      // What cannot be seen is told where it is looked for itself.
      if (!isImageError(error)) throw error;
    }
  }
  return found;
}
