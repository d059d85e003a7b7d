import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  lchownSync,
  lutimesSync,
  openSync,
} from "node:fs";
import { systemErrorCode } from "#errors";
import {
  type Entry,
  type ExtendedAttribute,
  extendedAttributeSupport,
  type FileAttributes,
  isImageError,
  type RawPath,
  rawPathToBytes,
  writeExtendedAttribute,
} from "#image";

export type AttributeOptions = {
  readonly extendedAttributes: readonly ExtendedAttribute[];
  /** Only root gives files away. */
  readonly setOwner: boolean;
  /** Leave a folder writable for its owner while it is being filled. */
  readonly keepWritable?: boolean;
  /** Somebody else can put a symbolic link in its place at any time: chmod(2), which follows it, is not used. */
  readonly mayBeSwapped?: boolean;
  /** Told in one sentence what could not be set. */
  readonly onMissing: (what: string) => void;
};

/** What a file written by us is to have, where it has no extended attributes. */
export function fileAttributesOf(entry: Entry, setOwner: boolean): FileAttributes {
  const { uid, gid, mtimeNs } = entry;
  return {
    mode: setOwner || isOwn(entry) ? entry.mode : entry.mode & ~setIdBits,
    mtimeNs,
    ...(setOwner ? { owner: { uid, gid } } : {}),
  };
}

function isOwn({ uid, gid }: Entry): boolean {
  return uid === process.geteuid?.() && gid === process.getegid?.();
}

/** setuid and setgid must not outlive a change of owner. */
const setIdBits = 0o6000;

/**
 * Owner, extended attributes, mode, time: in this order, because a change of owner clears
 * setuid, and everything else may change the time. None of the calls follows a symbolic link,
 * except chmod(2): see `mayBeSwapped`.
 */
export function setAttributes(path: RawPath, entry: Entry, options: AttributeOptions): void {
  const bytes = rawPathToBytes(path);
  let owned = true;
  if (options.setOwner) {
    owned = attempt(options, "owner", () => lchownSync(bytes, entry.uid, entry.gid));
  } else if (!isOwn(entry)) {
    owned = false;
  }
  for (const attribute of options.extendedAttributes) {
    attempt(options, `attribute "${attribute.name}"`, () =>
      writeExtendedAttribute(path, attribute),
    );
  }
  if (entry.type !== "symlink") {
    let mode = owned ? entry.mode : entry.mode & ~setIdBits;
    if (options.keepWritable === true) mode |= 0o700;
    attempt(options, "mode", () =>
      options.mayBeSwapped === true ? changeMode(bytes, mode) : chmodSync(bytes, mode),
    );
  }
  attempt(options, "time", () => setTime(path, entry.mtimeNs));
}

function attempt(options: AttributeOptions, what: string, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined && !isImageError(error)) throw error;
    options.onMissing(`its ${what} could not be set (${code ?? "refused"})`);
    return false;
  }
}

function changeMode(path: Buffer, mode: number): void {
  const descriptor = openSync(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}

/** utimensat(2) with AT_SYMLINK_NOFOLLOW, relative to the working folder. */
const atCurrentFolder = -100;
const noFollow = 0x100;
const times = Buffer.alloc(32);

/** Sets mtime and atime to the nanosecond; where the C library cannot be called, to the microsecond. */
export function setTime(path: RawPath, mtimeNs: bigint): void {
  const call = utimensat();
  if (call === undefined) {
    const seconds = Number(mtimeNs) / 1e9;
    lutimesSync(rawPathToBytes(path), seconds, seconds);
    return;
  }
  const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (mtimeNs - nanoseconds) / 1_000_000_000n;
  for (const offset of [0, 16]) {
    times.writeBigInt64LE(seconds, offset);
    times.writeBigInt64LE(nanoseconds, offset + 8);
  }
  if (call(atCurrentFolder, Buffer.from(`${path}\0`, "latin1"), times, noFollow) === 0) return;
  // errno is out of reach: Node's own call says what is wrong, or does it.
  lutimesSync(rawPathToBytes(path), Number(seconds), Number(seconds));
}

type Utimensat = (folder: number, path: Buffer, times: Buffer, flags: number) => number;
let loaded: Utimensat | "none" | undefined;

function utimensat(): Utimensat | undefined {
  loaded ??= load() ?? "none";
  return loaded === "none" ? undefined : loaded;
}

function load(): Utimensat | undefined {
  // This loads node:ffi without its warning, or says that there is none.
  if (extendedAttributeSupport() === "none") return undefined;
  try {
    return process.getBuiltinModule("node:ffi").dlopen("libc.so.6", {
      utimensat: { arguments: ["i32", "buffer", "buffer", "i32"], return: "i32" },
    }).functions.utimensat;
  } catch {
    // Another C library: lutimes does it to the microsecond.
    return undefined;
  }
}
