import { readdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { setImmutable } from "./native-calls.ts";
import type { Protection } from "./snapshot-provider.ts";

const sliceEntries = 512;

/**
 * Makes every file and folder immutable, so that not even root writes to them by mistake, and
 * mode, owner and times stay what was recorded. That takes root's rights (CAP_LINUX_IMMUTABLE)
 * and a filesystem that can: at the first refusal the rest is left as it is.
 */
export async function protectTree(folder: RawPath, signal?: AbortSignal): Promise<Protection> {
  const waiting: RawPath[] = [folder];
  const folders: RawPath[] = [];
  let seen = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    folders.push(path);
    const entries = readdirSync(rawPathToBytes(path), { withFileTypes: true, encoding: "latin1" });
    for (const entry of entries) {
      if (++seen % sliceEntries === 0) await setImmediate();
      signal?.throwIfAborted();
      const below = joinRawPath(path, entry.name as RawName);
      if (entry.isDirectory()) waiting.push(below);
      else if (entry.isFile() && !setImmutable(below, true)) return "closed folder";
    }
  }
  for (const path of folders.reverse()) if (!setImmutable(path, true)) return "closed folder";
  return "immutable files";
}
