import { readdir } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import type { AllowedFolders } from "./allowed-folders.ts";
import { hostErrorOf } from "./host-error.ts";

/**
 * A repository's own folders may be symbolic links (a second disk for `data`); each must lead to
 * where this peer may go. Throws `host.denied`.
 */
export async function checkRepositoryFolders(
  path: RawPath,
  folders: AllowedFolders,
): Promise<void> {
  for (const folder of [path, joinRawPath(path, "data" as RawName)]) {
    for (const link of await linksIn(folder)) await folders.resolve(joinRawPath(folder, link));
  }
}

async function linksIn(folder: RawPath): Promise<readonly RawName[]> {
  try {
    const entries = await readdir(rawPathToBytes(folder), {
      encoding: "latin1",
      withFileTypes: true,
    } as never);
    return (entries as unknown as { name: RawName; isSymbolicLink(): boolean }[])
      .filter((entry) => entry.isSymbolicLink())
      .map(({ name }) => name);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw hostErrorOf(error, "look into", folder);
  }
}
