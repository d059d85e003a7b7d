import { execFile } from "node:child_process";
import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Removes a folder or file of the demo, also where something in it is write-protected. Nothing there is no error. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    // Node names what it tried last, which need not be what was in the way: the second try tells.
    await allowWriting(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** Takes away the immutable attribute, which only root can have given, and folders' modes that keep their owner out. */
async function allowWriting(path: string): Promise<void> {
  try {
    await promisify(execFile)("chattr", ["-R", "-f", "-i", path]);
  } catch {
    // Not installed, or nothing to take away: the removal that follows says what is in the way.
  }
  await openFolders(path);
}

async function openFolders(path: string): Promise<void> {
  try {
    await chmod(path, 0o700);
    for (const entry of await readdir(path, { withFileTypes: true }))
      if (entry.isDirectory()) await openFolders(join(path, entry.name));
  } catch {
    // As above.
  }
}
