/** One run at a time takes and rotates the replicas of a group. Reading needs no lock. */
import { randomBytes } from "node:crypto";
import { linkSync, renameSync, unlinkSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { isSurelyDead, processMark } from "#files";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { lockName } from "./moment-name.ts";
import { readIn, writeIn } from "./raw-files.ts";
import { busy } from "./replica-error.ts";

/** How often a lock of a dead process is taken away: each time another run may be quicker. */
const attempts = 5;

/** Throws `methods.replica-busy` while another run that may be alive has it, and the system's own errors. */
export async function takeGroupLock(group: RawPath): Promise<AsyncDisposable> {
  const own = `${processMark()}.${randomBytes(8).toString("hex")}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await writeIn(group, lockName, { bytes: Buffer.from(own), exclusive: true });
      return { [Symbol.asyncDispose]: async () => letGo(group, own) };
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
    const held = readIn(group, lockName);
    if (held === undefined) continue;
    const mark = held.slice(0, held.lastIndexOf("."));
    if (attempt >= attempts || !isSurelyDead(mark))
      throw busy(group, `process ${mark.split(".")[3] ?? "?"} is at it`);
    removeDead(group, held);
  }
}

function letGo(group: RawPath, own: string): void {
  if (readIn(group, lockName) === own) unlinkSync(rawPathToBytes(joinRawPath(group, lockName)));
}

/** Two may see the same dead lock: it is taken away under another name, and looked at again there. */
function removeDead(group: RawPath, dead: string): void {
  const asideName = `.lock.${randomBytes(6).toString("hex")}` as RawName;
  const [lock, aside] = [lockName, asideName].map((name) =>
    rawPathToBytes(joinRawPath(group, name)),
  ) as [Buffer, Buffer];
  try {
    renameSync(lock, aside);
    // Somebody else was quicker, and what was taken away is a living lock: it goes back.
    if (readIn(group, asideName) !== dead) linkSync(aside, lock);
    unlinkSync(aside);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  }
}
