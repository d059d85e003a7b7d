/*
 * A change that a server has begun and not ended. Dovecot renames a message of a Maildir to the letter of a keyword
 * first and names the letter in dovecot-keywords after; a mail client writes an mbox anew in its place. What lies on
 * the disk in between is there, but it is no state that anybody was shown. Both hold a lock file meanwhile.
 */
import { isImageError, type RawPath } from "#image";
import type { StoreFiles } from "./store-files.ts";

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
