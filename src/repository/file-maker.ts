/**
 * Makes the files of a restore. Many stand in one folder: it is opened once, and names are reached from
 * there instead of from the root, which for each file is a third of what making it costs. And what a
 * file has from the moment it is made need not be set: of each folder one file is asked, and where
 * owner or mode is what was wanted, those two calls are spared for the others made in the same way.
 *
 * Folders are ones that nobody else writes to while a task runs: their owner and default
 * permissions are taken not to change between two files.
 */
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { addressOf, openNativeLibrary } from "#files";
import { type FileAttributeColumns, setFileTimes, unset } from "./file-attributes.ts";

const createFlags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY;
/** O_CLOEXEC, as Node itself opens everything. */
const closeOnExec = 0o2000000;
/** Files of others' mail: for the owner alone until the caller says otherwise. */
export const createMode = 0o600;
/** Beyond these bits (setuid, setgid, sticky) a mode is set when the owner is. */
const plainModes = 0o777;
const longestName = 255;

/** What a file was given by being made with one mode in one folder. */
type Given = { readonly uid: number; readonly gid: number; readonly mode: number };

export class FileMaker implements Disposable {
  #folder = "";
  /** -1: none. */
  #descriptor = -1;
  #asked = -1;
  #given: Given | undefined;
  /** Whether the file made last was made past Node, which wants to close only what it has opened. */
  #isDirect = false;

  /** A new file at an absolute path; `mode` as in `FileAttributeColumns`. Returns its descriptor, for `close`. */
  make(target: string, mode: number): number {
    const asked = mode > plainModes ? createMode : mode;
    const slash = target.lastIndexOf("/");
    const isSame = this.#folder.length === slash && target.startsWith(this.#folder);
    if (!isSame) this.#open(target.slice(0, slash));
    if (!isSame || asked !== this.#asked) this.#given = undefined;
    this.#asked = asked;
    const made = this.#makeHere(target, { nameAt: slash + 1, mode: asked });
    this.#isDirect = made >= 0;
    // What is wrong with it is for Node to say.
    return made >= 0 ? made : openSync(systemPath(target), createFlags, asked);
  }

  /** Gives the file that was made last its attributes; whether it has all that was asked for. */
  dress(descriptor: number, { owners, modes, times }: FileAttributeColumns, file: number): boolean {
    const mode = modes[file] as number;
    if (mode === unset) return false;
    const uid = owners[file * 2] as number;
    const gid = owners[file * 2 + 1] as number;
    try {
      const given = (this.#given ??= givenTo(descriptor));
      const isOwned = uid === unset || (uid === given.uid && gid === given.gid);
      // In this order, because a change of owner clears setuid.
      if (!isOwned) fchownSync(descriptor, uid, gid);
      if (mode !== given.mode || mode > plainModes) fchmodSync(descriptor, mode);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return false;
    }
    return setFileTimes(descriptor, times, file);
  }

  /** Closes the file that was made last. */
  close(descriptor: number): void {
    if (this.#isDirect) calls()?.close(descriptor);
    else closeSync(descriptor);
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #open(folder: string): void {
    this.#close();
    if (calls() === undefined) return;
    try {
      this.#descriptor = openSync(systemPath(folder === "" ? "/" : folder), folderFlags);
      this.#folder = folder;
    } catch (error) {
      // Making the file says what is wrong.
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  #close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
    this.#folder = "\0";
  }

  #makeHere(
    target: string,
    { nameAt, mode }: { readonly nameAt: number; readonly mode: number },
  ): number {
    if (this.#descriptor < 0 || target.length - nameAt > longestName) return -1;
    return calls()?.makeAt(this.#descriptor, target, { nameAt, mode }) ?? -1;
  }
}

function givenTo(descriptor: number): Given {
  const { uid, gid, mode } = fstatSync(descriptor);
  return { uid, gid, mode: mode & 0o7777 };
}

/** A string where it is the same as the bytes: Node takes it faster. */
export function systemPath(path: string): string | Buffer {
  // oxlint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(path) ? path : Buffer.from(path, "latin1");
}

type Calls = {
  /** Makes a file by its name in an open folder; negative where it could not. */
  makeAt(
    folder: number,
    target: string,
    how: { readonly nameAt: number; readonly mode: number },
  ): number;
  close(descriptor: number): void;
};
let loaded: Calls | "none" | undefined;

function calls(): Calls | undefined {
  loaded ??= load() ?? "none";
  return loaded === "none" ? undefined : loaded;
}

function load(): Calls | undefined {
  const library = openNativeLibrary(["libc.so.6", "libc.so"], {
    // int openat(int dirfd, const char *pathname, int flags, mode_t mode)
    openat: { arguments: ["i32", "u64", "i32", "u32"], return: "i32" },
    close: { arguments: ["i32"], return: "i32" },
  });
  if (library === undefined) return undefined;
  const name = Buffer.allocUnsafeSlow(longestName + 1);
  const nameAddress = addressOf(name);
  return {
    makeAt(folder, target, { nameAt, mode }) {
      const length = name.write(target.slice(nameAt), 0, "latin1");
      name[length] = 0;
      return library.openat(folder, nameAddress, createFlags | closeOnExec, mode);
    },
    close: (descriptor) => void library.close(descriptor),
  };
}
