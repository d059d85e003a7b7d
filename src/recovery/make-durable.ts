import { spawn } from "node:child_process";
import { rawPathToBytes, type RawPath } from "#image";
import { syncPath } from "./write-files.ts";

/** Up to so many files are synced one by one; beyond, the whole filesystem at once is cheaper. */
const fewFiles = 64;

/**
 * Returns when the files and folders are on stable storage. `root` lies on their filesystem;
 * undefined where they may lie on several.
 */
export async function makeDurable(
  paths: readonly RawPath[],
  {
    root,
    pathOf,
  }: { readonly root: RawPath | undefined; readonly pathOf?: (path: RawPath) => RawPath },
): Promise<void> {
  if (root !== undefined && paths.length > fewFiles && (await syncFilesystem(root))) return;
  for (const path of paths) syncPath(pathOf === undefined ? path : pathOf(path));
}

/** syncfs(2), which Node has no call for, through coreutils' `sync -f`, so that this thread is not held up. */
export async function syncFilesystem(root: RawPath): Promise<boolean> {
  // A program's arguments are text for Node: a folder whose name is not UTF-8 is synced file by file.
  const text = rawPathToBytes(root).toString("utf8");
  if (Buffer.from(text, "utf8").toString("latin1") !== root) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn("sync", ["-f", "--", text], { stdio: "ignore" });
  child.once("error", () => resolve(false));
  child.once("close", (status) => resolve(status === 0));
  return await promise;
}
