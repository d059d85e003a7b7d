import { linkSync, lstatSync, mkdirSync, renameSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { joinRawPath, type RawName, rawParent, type RawPath, rawPathToBytes } from "#image";
import { makeTarget, TargetFolders } from "./target-folders.ts";

export function isUndoName(name: string): boolean {
  return /^\.?restante-undo-[0-9]/.test(name);
}

/**
 * Where exact keeps what it removes: beside the target, so that the mail server does not see it,
 * or, where that is another filesystem (a rename cannot cross it), within it under a name that
 * Maildir++ does not take for a folder.
 */
export function undoFolderFor(root: RawPath, nowMs: number): RawPath {
  const name = `restante-undo-${new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "")}`;
  const parent = rawParent(root);
  const device = (path: RawPath): number | undefined =>
    lstatSync(rawPathToBytes(path), { throwIfNoEntry: false })?.dev;
  const isBeside = root !== "/" && device(parent) === device(root);
  return isBeside ? joinRawPath(parent, `.${name}` as RawName) : joinRawPath(root, name as RawName);
}

/** Takes what is removed, each under the path it had. Made when the first thing comes. */
export class UndoFolder implements Disposable {
  readonly path: RawPath;
  #folders: TargetFolders | undefined;
  readonly #made = new Set<RawPath>();

  constructor(path: RawPath) {
    this.path = path;
  }

  get isUsed(): boolean {
    return this.#folders !== undefined;
  }

  /** Moves `absolute` here, as `path`. */
  take(absolute: RawPath, path: RawPath): void {
    renameSync(rawPathToBytes(absolute), rawPathToBytes(this.#placeFor(path)));
  }

  /** Keeps `absolute` here, as `path`, while it also stays where it is: for a file that is about to be replaced. */
  keep(absolute: RawPath, path: RawPath): void {
    try {
      linkSync(rawPathToBytes(absolute), rawPathToBytes(this.#placeFor(path)));
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      // No hard links here: for a moment the name is free.
      this.take(absolute, path);
    }
  }

  #placeFor(path: RawPath): RawPath {
    if (this.#folders === undefined) {
      makeTarget(this.path);
      this.#folders = new TargetFolders(this.path);
    }
    this.#make(rawParent(path));
    const place = this.#folders.at(path);
    if (lstatSync(rawPathToBytes(place), { throwIfNoEntry: false }) === undefined) return place;
    // Removed twice in one run (a folder after what was in it): both are kept.
    for (let number = 2; ; number++) {
      const other = `${place}~${number}` as RawPath;
      if (lstatSync(rawPathToBytes(other), { throwIfNoEntry: false }) === undefined) return other;
    }
  }

  #make(folder: RawPath): void {
    const missing: RawPath[] = [];
    for (let at = folder; at !== "" && !this.#made.has(at); at = rawParent(at)) missing.push(at);
    for (const at of missing.toReversed()) {
      const path = (this.#folders as TargetFolders).at(at);
      if (lstatSync(rawPathToBytes(path), { throwIfNoEntry: false }) === undefined) {
        mkdirSync(rawPathToBytes(path), { mode: 0o700 });
      }
      this.#made.add(at);
    }
  }

  [Symbol.dispose](): void {
    this.#folders?.[Symbol.dispose]();
  }
}
