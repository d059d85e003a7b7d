import { linkSync, lstatSync, mkdirSync, renameSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { joinRawPath, type RawName, rawParent, type RawPath, rawPathToBytes } from "#image";
import { makeTarget, TargetFolders } from "./target-folders.ts";
import { syncPath } from "./write-files.ts";

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

/**
 * Takes what is removed, each under the path it had. Made when the first thing comes, and never one that
 * another run has made: two in the same second have one each.
 */
export class UndoFolder implements Disposable {
  #path: RawPath;
  #folders: TargetFolders | undefined;
  readonly #made = new Set<RawPath>();
  /** Folders that something came into since the last time. */
  readonly #touched = new Set<RawPath>();

  constructor(path: RawPath) {
    this.#path = path;
  }

  /** Where it is, or would be: another name where somebody else has made a folder of this one. */
  get path(): RawPath {
    return this.#path;
  }

  get isUsed(): boolean {
    return this.#folders !== undefined;
  }

  /** Moves `absolute` here, as `path`. */
  take(absolute: RawPath, path: RawPath): void {
    renameSync(rawPathToBytes(absolute), rawPathToBytes(this.#placeFor(path)));
  }

  /**
   * Keeps `absolute` here, as `path`, while it also stays where it is: for a file that is about to be
   * replaced, after `sync`.
   */
  keep(absolute: RawPath, path: RawPath): void {
    try {
      linkSync(rawPathToBytes(absolute), rawPathToBytes(this.#placeFor(path)));
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      // No hard links here: for a moment the name is free.
      this.take(absolute, path);
    }
  }

  /** Makes what came here survive a power cut: what takes its place may be on the disk sooner. */
  sync(): void {
    for (const folder of this.#touched) syncPath((this.#folders as TargetFolders).folder(folder));
    this.#touched.clear();
  }

  #placeFor(path: RawPath): RawPath {
    this.#folders ??= this.#begin();
    this.#make(rawParent(path));
    this.#touched.add(rawParent(path));
    const place = this.#folders.at(path);
    if (lstatSync(rawPathToBytes(place), { throwIfNoEntry: false }) === undefined) return place;
    // Removed twice in one run (a folder after what was in it): both are kept.
    for (let number = 2; ; number++) {
      const other = `${place}~${number}` as RawPath;
      if (lstatSync(rawPathToBytes(other), { throwIfNoEntry: false }) === undefined) return other;
    }
  }

  #begin(): TargetFolders {
    const wanted = this.#path;
    makeTarget(rawParent(wanted));
    for (let number = 2; ; number++) {
      try {
        mkdirSync(rawPathToBytes(this.#path), { mode: 0o700 });
        break;
      } catch (error) {
        if (systemErrorCode(error) !== "EEXIST") throw error;
        this.#path = `${wanted}~${number}` as RawPath;
      }
    }
    syncPath(rawParent(wanted));
    return new TargetFolders(this.#path);
  }

  #make(folder: RawPath): void {
    const missing: RawPath[] = [];
    for (let at = folder; at !== "" && !this.#made.has(at); at = rawParent(at)) missing.push(at);
    for (const at of missing.toReversed()) {
      const path = (this.#folders as TargetFolders).at(at);
      if (lstatSync(rawPathToBytes(path), { throwIfNoEntry: false }) === undefined) {
        mkdirSync(rawPathToBytes(path), { mode: 0o700 });
        this.#touched.add(rawParent(at));
      }
      this.#made.add(at);
    }
  }

  [Symbol.dispose](): void {
    this.#folders?.[Symbol.dispose]();
  }
}
