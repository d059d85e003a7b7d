import { chmodSync, lchownSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  type ExtendedAttribute,
  type ImageProblem,
  isImageError,
  type RawPath,
  rawPathToBytes,
  rootPath,
  writeExtendedAttribute,
} from "#image";
import { setTimes } from "./native-calls.ts";
import { quotePath } from "./snapshot-error.ts";

export type Attributes = {
  readonly uid: number;
  readonly gid: number;
  /** Undefined of a symbolic link, which has none. */
  readonly mode: number | undefined;
  readonly mtimeNs: bigint;
  readonly extended: readonly ExtendedAttribute[];
};

/** setuid and setgid must not outlive a change of owner. */
const setIdBits = 0o6000;

/**
 * Owner, extended attributes, mode, times: in this order, because a change of owner clears
 * setuid, an ACL changes the mode, and everything may change the time. The path lies in a folder
 * that nobody else can enter.
 */
export function setAttributes(path: RawPath, attributes: Attributes, missed: Missed): void {
  const bytes = rawPathToBytes(path);
  const owned = missed.attempt("owner", path, () =>
    lchownSync(bytes, attributes.uid, attributes.gid),
  );
  for (const one of attributes.extended) {
    missed.attempt(`extended attribute "${displayPath(one.name as RawPath)}"`, path, () =>
      writeExtendedAttribute(path, one),
    );
  }
  const { mode } = attributes;
  if (mode !== undefined)
    missed.attempt("mode", path, () => chmodSync(bytes, owned ? mode : mode & ~setIdBits));
  missed.attempt("time", path, () => setTimes(path, attributes.mtimeNs));
}

/** What could not be set: one problem for each kind, since where one file refuses, all do. */
export class Missed {
  readonly #root: RawPath;
  /** What and why → where. */
  readonly #kinds = new Map<string, Set<RawPath>>();

  /** Paths are told within `root`. */
  constructor(root: RawPath) {
    this.#root = root;
  }

  attempt(what: string, path: RawPath, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      const code = systemErrorCode(error);
      // A full disk is no matter of this attribute.
      if (code === "ENOSPC" || code === "EDQUOT") throw error;
      if (code === undefined && !isImageError(error)) throw error;
      const kind = `${what} (${code ?? "refused"})`;
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? new Set()).add(path));
      return false;
    }
  }

  problems(): ImageProblem[] {
    return [...this.#kinds].map(([what, paths]) => {
      const [first = this.#root] = paths;
      const count = paths.size === 1 ? "" : `${paths.size} entries, the first of which is `;
      const message = `The frozen copy is without the ${what} of ${count}${quotePath(this.#within(first))}.`;
      return { path: rootPath, code: "unsupported", message };
    });
  }

  #within(path: RawPath): RawPath {
    return (path === this.#root ? "" : path.slice(this.#root.length + 1)) as RawPath;
  }
}
