import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beginDeriving, isSafeCost } from "./derive-key.ts";

const keyName = /^[0-9a-f]{64}$/;
const longestKeyFileBytes = 64 * 1024;

/**
 * Begins the derivation for the key file that is tried first of the repository in a folder of this
 * machine (absolute path). Returns when scrypt runs, or when it is plain that nothing can be begun: an
 * absent folder or a damaged key file is for whoever opens the repository to tell.
 */
export async function beginDerivation(folder: string, password: string): Promise<void> {
  try {
    const keys = join(folder, "keys");
    const [first] = (await readdir(keys)).filter((name) => keyName.test(name)).toSorted();
    if (first === undefined) return;
    const path = join(keys, first);
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > longestKeyFileBytes) return;
    const file = JSON.parse(await readFile(path, "utf8")) as Readonly<Record<string, unknown>>;
    const { kdf, salt } = file;
    const cost = { N: Number(file["N"]), r: Number(file["r"]), p: Number(file["p"]) };
    if (kdf !== "scrypt" || typeof salt !== "string" || !isSafeCost(cost)) return;
    beginDeriving({ ...cost, password, salt: Buffer.from(salt, "base64") });
  } catch {
    // Said by whoever opens the repository.
  }
}
