import { lstat, realpath } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  joinRawPath,
  rawBaseName,
  rawParent,
  type RawPath,
  rawPathFromBytes,
  rawPathToBytes,
} from "#image";
import { HostError, hostErrorOf } from "./host-error.ts";
import { checkAbsolute } from "./host-path.ts";

/**
 * The folders that a peer may be asked about, as borg's `--restrict-to-path`: meant for the forced
 * command of a key in authorized_keys. Paths are compared after all symbolic links are resolved, and
 * the resolved path is what is used, so that a link that is changed later leads nowhere else.
 */
export class AllowedFolders {
  readonly #roots: readonly RawPath[] | undefined;

  /** Without roots everything is allowed. Throws `host.bad-path`. */
  constructor(roots: readonly RawPath[] | undefined) {
    this.#roots = roots?.map(checkAbsolute);
  }

  get areRestricted(): boolean {
    return this.#roots !== undefined;
  }

  /** The path to use. Throws `host.denied`, `host.bad-path`. */
  async resolve(path: RawPath): Promise<RawPath> {
    checkAbsolute(path);
    if (this.#roots === undefined) return path;
    const real = await resolveExisting(path);
    for (const root of this.#roots) {
      const top = await realOrNothing(root);
      if (top !== undefined && isWithin(real, top)) return real;
    }
    throw outside(path);
  }
}

function outside(path: RawPath): HostError {
  return new HostError(
    "host.denied",
    `Cannot use "${displayPath(path)}": it lies outside the folders that this peer may touch`,
    {
      hint: "Name a folder below one of its `--root`s, or change them in authorized_keys on that host.",
    },
  );
}

/** Symbolic links resolved as far as the path exists; a repository's folder may not exist yet. */
async function resolveExisting(path: RawPath): Promise<RawPath> {
  const missing: RawPath[] = [];
  for (let there = path; ; there = rawParent(there)) {
    const real = await realOrNothing(there);
    if (real !== undefined) return missing.reduce(joinRawPath, real);
    const name = rawBaseName(there);
    if (name !== "") missing.unshift(name);
  }
}

/**
 * Undefined where nothing is there. A link that leads nowhere counts as nothing by realpath(3), and
 * would be followed by whoever makes a folder of that name: it is refused by being something.
 */
async function realOrNothing(path: RawPath): Promise<RawPath | undefined> {
  try {
    return rawPathFromBytes(await realpath(rawPathToBytes(path), { encoding: "buffer" }));
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw hostErrorOf(error, "resolve", path);
    if (await isThere(path)) throw outside(path);
    return undefined;
  }
}

function isWithin(path: RawPath, root: RawPath): boolean {
  return path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
}

async function isThere(path: RawPath): Promise<boolean> {
  return await lstat(rawPathToBytes(path)).then(
    () => true,
    () => false,
  );
}
