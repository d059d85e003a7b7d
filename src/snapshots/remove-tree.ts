import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { setImmutable } from "./native-calls.ts";

export type RemoveTreeOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly onRemoved?: ((sizeBytes: number) => void) | undefined;
};

const sliceEntries = 512;

/**
 * Removes a folder and all that is in it, immutable or not. Symbolic links are removed, never
 * followed. The folder must lie where nobody else can enter. What is gone already is no error:
 * two processes may be at it. Throws the system's error.
 */
export async function removeTree(folder: RawPath, options: RemoveTreeOptions = {}): Promise<void> {
  const { signal } = options;
  // Folders on the way, each with what is left to do in it. No recursion: depth is mail's choice.
  const stack: { readonly path: RawPath; readonly names: RawName[] }[] = [];
  const enter = (path: RawPath): void => {
    const names = openForRemoval(path);
    if (names !== undefined) stack.push({ path, names });
  };
  enter(folder);
  let seen = 0;
  for (let open = stack.at(-1); open !== undefined; open = stack.at(-1)) {
    if (++seen % sliceEntries === 0) await setImmediate();
    signal?.throwIfAborted();
    const name = open.names.pop();
    if (name === undefined) {
      stack.pop();
      ignoreGone(() => rmdirSync(rawPathToBytes(open.path)));
      continue;
    }
    const path = joinRawPath(open.path, name);
    const stats = lstatSync(rawPathToBytes(path), { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) enter(path);
    else if (stats !== undefined) {
      removeFile(path);
      options.onRemoved?.(stats.size);
    }
  }
}

/** Removes one name that is not a folder. */
export function removeFile(path: RawPath): void {
  const bytes = rawPathToBytes(path);
  ignoreGone(() => {
    try {
      unlinkSync(bytes);
    } catch (error) {
      if (systemErrorCode(error) !== "EPERM" || !setImmutable(path, false)) throw error;
      unlinkSync(bytes);
    }
  });
}

/** Makes a folder of ours writable and lists it; undefined when it is gone. */
function openForRemoval(path: RawPath): RawName[] | undefined {
  const bytes = rawPathToBytes(path);
  try {
    // Where it cannot be cleared, removing what is in the folder says so.
    setImmutable(path, false);
    if ((lstatSync(bytes).mode & 0o700) !== 0o700) chmodSync(bytes, 0o700);
    return readdirSync(bytes, { encoding: "latin1" }) as RawName[];
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function ignoreGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}
