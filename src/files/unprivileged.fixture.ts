/** Runs a test's work without root's rights, which pass over permissions. */
import { lchownSync } from "node:fs";

/** "nobody" on every Linux. */
const unprivilegedUser = 65_534;

/** `paths` are given to that user first, where the process is root; otherwise the work just runs. */
export async function withoutRootRights(
  paths: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  if (process.getuid?.() !== 0 || process.seteuid === undefined) return work();
  for (const path of paths) lchownSync(path, unprivilegedUser, unprivilegedUser);
  process.seteuid(unprivilegedUser);
  try {
    await work();
  } finally {
    process.seteuid(0);
  }
}
