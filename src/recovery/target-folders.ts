import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
} from "node:fs";
import { systemErrorCode } from "#errors";
import { displayPath, joinRawPath, rawParent, type RawPath, rawPathToBytes } from "#image";
import { RestoreError } from "./restore-error.ts";

/** Folders held open at once. */
const openFolders = 32;
const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * The folders that a restore writes to. A restore runs as root in folders that belong to users,
 * who may put a symbolic link in the way at any time. So a folder is opened without following
 * links, the kernel is asked where it really lies, and names in it are then reached through the
 * open descriptor (`/proc/self/fd/7/name`, as openat(2) does), whatever happens to the path.
 */
export class TargetFolders implements Disposable {
  readonly root: RawPath;
  readonly #open = new Map<RawPath, number>();

  /** `root` is absolute, exists, and has no symbolic link in it (`resolveTarget`). */
  constructor(root: RawPath) {
    this.root = root;
  }

  /** Absolute path of a name in a folder below the root, safe to use until the next 32 folders were asked for. */
  at(path: RawPath): RawPath {
    if (path === "") return this.folder(path);
    const slash = path.lastIndexOf("/");
    const folder = this.folder((slash < 0 ? "" : path.slice(0, slash)) as RawPath);
    return `${folder}/${path.slice(slash + 1)}` as RawPath;
  }

  /** The folder itself. Throws `restore.unsafe-target` where a link is on the way to it. */
  folder(path: RawPath): RawPath {
    let descriptor = this.#open.get(path);
    if (descriptor === undefined) {
      descriptor = openFolder(path === "" ? this.root : joinRawPath(this.root, path));
      const [oldest] = this.#open;
      if (oldest !== undefined && this.#open.size >= openFolders) this.#close(oldest[0]);
    } else {
      this.#open.delete(path);
    }
    this.#open.set(path, descriptor);
    return descriptorPath(descriptor);
  }

  /** Forgets a folder that is about to be renamed or removed, and those below it. */
  forget(path: RawPath): void {
    for (const open of this.#open.keys()) {
      if (open === path || open.startsWith(`${path}/`)) this.#close(open);
    }
  }

  [Symbol.dispose](): void {
    for (const path of this.#open.keys()) this.#close(path);
  }

  #close(path: RawPath): void {
    const descriptor = this.#open.get(path);
    this.#open.delete(path);
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

export function descriptorPath(descriptor: number): RawPath {
  return `/proc/self/fd/${descriptor}` as RawPath;
}

/** Opens a folder that has to lie where its path says. */
export function openFolder(absolute: RawPath): number {
  let descriptor: number;
  try {
    descriptor = openSync(rawPathToBytes(absolute), folderFlags);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOTDIR" || code === "ELOOP") throw unsafe(absolute, error);
    throw error;
  }
  const actual = readlinkSync(descriptorPath(descriptor), { encoding: "latin1" });
  if (actual === absolute) return descriptor;
  closeSync(descriptor);
  throw unsafe(absolute, undefined);
}

/** The target without symbolic links; the part of it that is not there yet stays as it was written. */
export function resolveTarget(target: RawPath): {
  readonly path: RawPath;
  readonly isThere: boolean;
} {
  if (!target.startsWith("/") || target.includes("\0") || /(?:^|\/)\.\.?(?:\/|$)/.test(target)) {
    throw new RestoreError(
      "restore.target-invalid",
      `Cannot restore to "${displayPath(target)}": it is not an absolute path`,
      {
        hint: "Name the folder from the root of this machine, without . and .. steps.",
      },
    );
  }
  const missing: string[] = [];
  let path = target.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "") as RawPath;
  while (!isThere(path)) {
    missing.unshift(path.slice(path.lastIndexOf("/") + 1));
    path = rawParent(path);
  }
  let resolved = realpathSync(rawPathToBytes(path), { encoding: "latin1" }) as RawPath;
  if (!lstatSync(rawPathToBytes(resolved)).isDirectory()) {
    throw new RestoreError(
      "restore.target-invalid",
      `Cannot restore to "${displayPath(target)}": "${displayPath(resolved)}" is not a folder`,
      {
        hint: "Name a folder, or one that does not exist yet.",
      },
    );
  }
  for (const name of missing) resolved = joinRawPath(resolved, name as RawPath);
  return { path: resolved, isThere: missing.length === 0 };
}

/** Makes a folder and those above it; they belong to whoever runs the restore until it sets their owner. Whether it was missing. */
export function makeTarget(path: RawPath): boolean {
  return mkdirSync(rawPathToBytes(path), { recursive: true, mode: 0o700 }) !== undefined;
}

function isThere(path: RawPath): boolean {
  return lstatSync(rawPathToBytes(path), { throwIfNoEntry: false }) !== undefined;
}

function unsafe(path: RawPath, cause: unknown): RestoreError {
  return new RestoreError(
    "restore.unsafe-target",
    `Cannot write below "${displayPath(path)}": a symbolic link or another file is on the way`,
    { hint: "Remove it, or restore to another folder and look at it there.", cause },
  );
}
