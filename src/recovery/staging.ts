import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { hostname } from "node:os";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { systemErrorCode } from "#errors";
import { spreadFolders } from "./spread-folders.ts";
import { descriptorPath, openFolder } from "./target-folders.ts";

/** Folders of ours: `.restante-partial-<host>-<pid>-<random>`. */
const partialName = /^\.restante-partial-([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{8}$/;
const madeFolders = "made-folders";
const abandonedAfterMs = 24 * 60 * 60 * 1000;

export function isPartialName(name: string): boolean {
  return name.startsWith(".restante-partial-");
}

/**
 * A folder on the target's filesystem that only we can enter. Files are written and verified
 * here, get their attributes, and are then renamed into place: nobody ever sees a part of one,
 * and what a killed run left is one folder to remove.
 */
export class Staging implements Disposable {
  /** Folders that killed runs had made, whose attributes may not be final: paths as given to `willMake`. */
  readonly madeBefore: ReadonlySet<RawPath>;
  readonly #path: RawPath;
  readonly #descriptor: number;
  #next = 0;

  /** `root` is the restore's target: a folder that exists, absolute, without symbolic links. */
  constructor(root: RawPath, options: { readonly nowMs: number }) {
    this.madeBefore = foldersMadeBefore(root, options.nowMs);
    const abandoned = abandonedIn(root, options.nowMs);
    const parent = stagingParent(root);
    const name = `.restante-partial-${hostMark()}-${process.pid}-${randomBytes(4).toString("hex")}`;
    this.#path = joinRawPath(parent, name as RawName);
    mkdirSync(rawPathToBytes(this.#path), { mode: 0o700 });
    this.#descriptor = openFolder(this.#path);
    spreadFolders(this.#descriptor);
    // Taken over before it is removed there: a run that is killed here loses nothing either.
    this.willMake([...this.madeBefore]);
    for (const path of abandoned) rmSync(rawPathToBytes(path), { recursive: true, force: true });
  }

  /** A path for one file, which does not exist yet. */
  newPath(): RawPath {
    return `${descriptorPath(this.#descriptor)}/${(this.#next++).toString(36)}` as RawPath;
  }

  /** A folder of its own for files that come into place together with it. */
  newFolder(): RawPath {
    const path = this.newPath();
    mkdirSync(rawPathToBytes(path), { mode: 0o700 });
    return path;
  }

  /** Written down before they are made, so that the run after a killed one knows that they are ours to finish. */
  willMake(paths: readonly RawPath[]): void {
    if (paths.length === 0) return;
    const list = `${descriptorPath(this.#descriptor)}/${madeFolders}`;
    appendFileSync(list, Buffer.from(`${paths.join("\0")}\0`, "latin1"));
  }

  /** Removes the folder. Everything in it has been placed, or is of no use. */
  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
    rmSync(rawPathToBytes(this.#path), { recursive: true, force: true });
  }
}

/** What killed runs of this machine left; of other machines what is a day old. */
function abandonedIn(root: RawPath, nowMs: number): readonly RawPath[] {
  // A run that found no Maildir yet worked in the root itself.
  return [root, joinRawPath(root, "tmp" as RawName)].flatMap((parent) =>
    abandonedAt(parent, nowMs),
  );
}

function abandonedAt(parent: RawPath, nowMs: number): readonly RawPath[] {
  let names: readonly string[];
  try {
    names = readdirSync(rawPathToBytes(parent), { encoding: "latin1" });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
  return names.flatMap((name) => {
    const match = partialName.exec(name);
    if (match === null) return [];
    const path = joinRawPath(parent, name as RawName);
    const found = lstatSync(rawPathToBytes(path), { throwIfNoEntry: false });
    if (found === undefined || !found.isDirectory() || found.uid !== process.geteuid?.()) return [];
    const isDead = match[1] === hostMark() && !isRunning(Number(match[2]));
    return isDead || nowMs - found.mtimeMs > abandonedAfterMs ? [path] : [];
  });
}

/** The folders that killed runs had begun to make. */
export function foldersMadeBefore(root: RawPath, nowMs: number): ReadonlySet<RawPath> {
  const made = new Set<RawPath>();
  for (const path of abandonedIn(root, nowMs)) {
    try {
      const list = readFileSync(
        rawPathToBytes(joinRawPath(path, madeFolders as RawName)),
        "latin1",
      );
      for (const folder of list.split("\0").slice(0, -1)) made.add(folder as RawPath);
    } catch (error) {
      // Killed before it made any.
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }
  return made;
}

/** Whether `name` is a folder in the folder at an absolute path. */
export function isFolderIn(path: RawPath, name: string): boolean {
  const found = lstatSync(rawPathToBytes(joinRawPath(path, name as RawName)), {
    throwIfNoEntry: false,
  });
  return found?.isDirectory() === true;
}

/** In a Maildir the folder for temporary files is `tmp`, which no server shows; elsewhere it is the folder itself. */
function stagingParent(root: RawPath): RawPath {
  return isFolderIn(root, "cur") && isFolderIn(root, "tmp")
    ? joinRawPath(root, "tmp" as RawName)
    : root;
}

function hostMark(): string {
  return createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== "ESRCH";
  }
}
