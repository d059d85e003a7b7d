import { closeSync, constants, existsSync, fsyncSync, openSync } from "node:fs";
import { type RawPath, rawPathToBytes } from "#image";

export interface OpenFolder extends Disposable {
  readonly descriptor: number;
  /**
   * A path in plain characters to the same folder, for calls that take text: names are bytes and
   * may be none. It leads to the folder that was opened, whatever lies under its name by now.
   */
  readonly place: string;
}

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
let hasProc: boolean | undefined;

/** Throws the system's error; ENOTDIR and ELOOP where it is not a folder, ENOENT where there is none. */
export function openFolder(path: RawPath): OpenFolder {
  const descriptor = openSync(rawPathToBytes(path), flags);
  hasProc ??= existsSync("/proc/self/fd");
  return {
    descriptor,
    place: hasProc ? `/proc/self/fd/${descriptor}` : rawPathToBytes(path).toString("utf8"),
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

/** Makes the names in a folder durable. */
export function syncFolderNow(path: RawPath): void {
  using folder = openFolder(path);
  fsyncSync(folder.descriptor);
}
