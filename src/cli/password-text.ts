/** Longest password file that is read. */
export const longestPasswordFileBytes: number = 64 * 1024;

/** What a password file holds, as restic reads it: byte order mark and surrounding white space do not count. */
export function passwordIn(bytes: Buffer): string {
  return bytes
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trim();
}
