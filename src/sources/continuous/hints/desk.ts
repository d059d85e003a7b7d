/**
 * A folder of this process alone, among the temporary ones, in which files come and go that show how far a watch has
 * told. Who is killed leaves it behind: the next one takes away those of processes that are no more.
 */
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemErrorCode } from "#errors";

const prefix = "restante-hints-";

export function openDesk(): string {
  const space = processSpace();
  if (space !== undefined) sweep(space);
  const name = `${prefix}${space ?? "0"}-${process.pid}-`;
  return realpathSync(mkdtempSync(join(tmpdir(), name)));
}

/** In which numbers of processes mean something: a container has its own, and may share the folder. */
function processSpace(): string | undefined {
  try {
    return /^pid:\[(\d+)\]$/.exec(readlinkSync("/proc/self/ns/pid"))?.[1];
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** What is not empty, is no folder, or is somebody else's, stays: the system refuses to remove it so. */
function sweep(space: string): void {
  const pattern = new RegExp(`^${prefix}${space}-(\\d{1,10})-[A-Za-z0-9]{6}$`);
  for (const name of namesIn(tmpdir())) {
    const [, pid] = pattern.exec(name) ?? [];
    if (pid === undefined || !isOver(Number(pid))) continue;
    try {
      rmdirSync(join(tmpdir(), name));
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

function isOver(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // One of somebody else's is there as well (EPERM).
    return systemErrorCode(error) === "ESRCH";
  }
}
