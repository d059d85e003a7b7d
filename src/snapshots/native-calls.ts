/*
 * Calls of the C library that Node does not have. Where they cannot be had, callers do without
 * or say so. errno is out of reach: a call that fails says only that.
 *
 *   utimensat(2)            times to the nanosecond
 *   mknod(2)                pipes, sockets and devices
 *   FS_IOC_GETFLAGS/SETFLAGS (ioctl_iflags(2)) the immutable attribute
 *   FS_IOC_FIEMAP           which blocks of a file are shared
 */
import { closeSync, constants, lutimesSync, openSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { openNativeLibrary } from "#files";
import { type RawPath, rawPathToBytes } from "#image";

/** ioctl numbers of the architectures that share Linux's generic ones. */
const genericIoctls: ReadonlySet<string> = new Set(["x64", "arm64", "riscv64", "loong64", "s390x"]);
const getFlags = 0x8008_6601n;
const setFlags = 0x4008_6602n;
const fileMap = 0xc020_660bn;
const immutableFlag = 0x10;
const atCurrentFolder = -100;
const noFollow = 0x100;

type Calls = NonNullable<ReturnType<typeof load>>;
let loaded: Calls | "none" | undefined;

/** Sets mtime and atime without following a link; to the microsecond where the C library is out of reach. */
export function setTimes(path: RawPath, mtimeNs: bigint): void {
  const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (mtimeNs - nanoseconds) / 1_000_000_000n;
  const times = Buffer.alloc(32);
  for (const offset of [0, 16]) {
    times.writeBigInt64LE(seconds, offset);
    times.writeBigInt64LE(nanoseconds, offset + 8);
  }
  if (calls()?.utimensat(atCurrentFolder, terminated(path), times, noFollow) === 0) return;
  // Node's own call says what is wrong, or does it.
  const rounded = Number(mtimeNs) / 1e9;
  lutimesSync(rawPathToBytes(path), rounded, rounded);
}

/** A pipe, socket or device. False where it could not be made. */
export function makeNode(path: RawPath, statMode: number, device: bigint): boolean {
  return calls()?.mknod(terminated(path), statMode, device) === 0;
}

/** Sets or clears the immutable attribute of a file or folder. False where that is not possible. */
export function setImmutable(path: RawPath, isImmutable: boolean): boolean {
  const c = calls();
  if (c === undefined || !genericIoctls.has(process.arch)) return false;
  const flags = Buffer.alloc(8);
  let descriptor: number;
  try {
    descriptor = openSync(
      rawPathToBytes(path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    // Whoever may change the attribute reads everything.
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
  try {
    if (c.ioctl(descriptor, getFlags, flags) !== 0) return false;
    const before = flags.readUInt32LE(0);
    const after = isImmutable ? before | immutableFlag : before & ~immutableFlag;
    if (after === before) return true;
    flags.writeUInt32LE(after >>> 0, 0);
    return c.ioctl(descriptor, setFlags, flags) === 0;
  } finally {
    closeSync(descriptor);
  }
}

/*
 * struct fiemap, little-endian (Documentation/filesystems/fiemap.rst):
 *   0 u64 start · 8 u64 length · 16 u32 flags · 20 u32 mapped · 24 u32 room · 28 u32 –
 * then extents of 56 bytes: 0 u64 logical · 8 u64 physical · 16 u64 length · 40 u32 flags
 */
const headerBytes = 32;
const extentBytes = 56;
const extentsAtOnce = 512;
const syncFirst = 1;
const lastExtent = 0x1;
const sharedExtent = 0x2000;

/** Bytes of an open file that no other file shares; undefined where the filesystem does not tell. */
export function unsharedBytes(descriptor: number): number | undefined {
  const c = calls();
  if (c === undefined || !genericIoctls.has(process.arch)) return undefined;
  const map = Buffer.alloc(headerBytes + extentBytes * extentsAtOnce);
  let own = 0;
  for (let start = 0n; ;) {
    map.fill(0, 0, headerBytes);
    map.writeBigUInt64LE(start, 0);
    map.writeBigUInt64LE(0xffff_ffff_ffff_ffffn - start, 8);
    map.writeUInt32LE(syncFirst, 16);
    map.writeUInt32LE(extentsAtOnce, 24);
    if (c.ioctl(descriptor, fileMap, map) !== 0) return undefined;
    const mapped = map.readUInt32LE(20);
    for (let index = 0; index < mapped; index++) {
      const at = headerBytes + index * extentBytes;
      const length = map.readBigUInt64LE(at + 16);
      const flags = map.readUInt32LE(at + 40);
      if ((flags & sharedExtent) === 0) own += Number(length);
      if ((flags & lastExtent) !== 0) return own;
      start = map.readBigUInt64LE(at) + length;
    }
    if (mapped === 0) return own;
  }
}

/** Whether the calls are there at all. */
export function hasNativeCalls(): boolean {
  return calls() !== undefined;
}

function terminated(path: RawPath): Buffer {
  return Buffer.from(`${path}\0`, "latin1");
}

function calls(): Calls | undefined {
  loaded ??= load() ?? "none";
  return loaded === "none" ? undefined : loaded;
}

function load() {
  return openNativeLibrary(["libc.so.6", "libc.so"], {
    utimensat: { arguments: ["i32", "buffer", "buffer", "i32"], return: "i32" },
    mknod: { arguments: ["buffer", "u32", "u64"], return: "i32" },
    ioctl: { arguments: ["i32", "u64", "buffer"], return: "i32" },
  });
}
