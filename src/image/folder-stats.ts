/**
 * What the system says of many names of one open folder, straight into columns. Node's lstat looks
 * every name up from the root of the filesystem and makes an object of eighteen big numbers of it;
 * statx(2) relative to the folder's descriptor does neither. Its record is the same on every
 * processor. Where it cannot be called, or does not agree with Node, Node's lstat serves.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openNativeLibrary } from "#files";
import { ListingBuilder } from "./listing.ts";
import type { RawName } from "./raw-path.ts";

/** AT_SYMLINK_NOFOLLOW and STATX_BASIC_STATS of Linux. */
const noFollow = 0x100;
const basicStats = 0x7ff;
const [formatMask, formatFile, formatDirectory] = [0o170000, 0o100000, 0o040000];
/** NAME_MAX is 255; filesystems with longer names are told by the length. */
const longestName = 1023;

/*
 * struct statx (linux/stat.h), offsets in bytes:
 *   16 u32 nlink ‖ 20 u32 uid ‖ 24 u32 gid ‖ 28 u16 mode ‖ 32 u64 ino ‖ 40 u64 size ‖
 *   96 i64 ctime ‖ 104 u32 ns ‖ 112 i64 mtime ‖ 120 u32 ns ‖ 136 u32 device major ‖ 140 minor
 */
const record: Buffer = Buffer.allocUnsafeSlow(256);
const words = new BigUint64Array(record.buffer, 0, 32);
const signed = new BigInt64Array(record.buffer, 0, 32);
const halves = new Uint32Array(record.buffer, 0, 64);
const quarters = new Uint16Array(record.buffer, 0, 128);
const nameBytes: Buffer = Buffer.allocUnsafeSlow(longestName + 1);

type Statx = (folder: number, name: Buffer, flags: number, mask: number, record: Buffer) => number;

let loaded: Statx | "none" | undefined;

/**
 * Adds a file or folder of an open folder to a listing. False, and nothing is added, where it is
 * neither, is not there, or this call does not serve here: the long way tells.
 */
export function addDescribed(descriptor: number, name: RawName, builder: ListingBuilder): boolean {
  loaded ??= load() ?? "none";
  return loaded !== "none" && describeWith(loaded, descriptor, { name, builder });
}

function describeWith(
  statx: Statx,
  descriptor: number,
  { name, builder }: { readonly name: RawName; readonly builder: ListingBuilder },
): boolean {
  if (name.length > longestName) return false;
  nameBytes[nameBytes.write(name, 0, "latin1")] = 0;
  if (statx(descriptor, nameBytes, noFollow, basicStats, record) !== 0) return false;
  const mode = quarters[14] as number;
  const format = mode & formatMask;
  if (format !== formatFile && format !== formatDirectory) return false;
  const { columns, row } = builder.room();
  columns.inodes[row] = words[4] as bigint;
  columns.sizes[row] = (halves[10] as number) + (halves[11] as number) * 2 ** 32;
  columns.ctimesNs[row] = (signed[12] as bigint) * 1_000_000_000n + BigInt(halves[26] as number);
  columns.mtimesNs[row] = (signed[14] as bigint) * 1_000_000_000n + BigInt(halves[30] as number);
  columns.deviceIds[row] = deviceOf(halves[34] as number, halves[35] as number);
  columns.modes[row] = mode;
  columns.uids[row] = halves[5] as number;
  columns.gids[row] = halves[6] as number;
  columns.links[row] = halves[4] as number;
  builder.addFilled(name);
  return true;
}

const emptyPath = 0x1000;
const noName: Buffer = Buffer.alloc(1);

/** How many numbers `identityInto` writes: inode, size, mtime, ctime. */
export const identityLength = 4;

/**
 * Writes what tells an open file from another, and from itself after a change, to `identities` at
 * `at`: inode, size in bytes, mtime and ctime in nanoseconds. Returns st_mode.
 */
export function identityInto(descriptor: number, identities: BigInt64Array, at: number): number {
  loaded ??= load() ?? "none";
  if (loaded !== "none" && loaded(descriptor, noName, emptyPath, basicStats, record) === 0) {
    identities[at] = signed[4] as bigint;
    identities[at + 1] = signed[5] as bigint;
    identities[at + 2] = (signed[14] as bigint) * 1_000_000_000n + BigInt(halves[30] as number);
    identities[at + 3] = (signed[12] as bigint) * 1_000_000_000n + BigInt(halves[26] as number);
    return quarters[14] as number;
  }
  const stats = fstatSync(descriptor, { bigint: true });
  identities[at] = stats.ino;
  identities[at + 1] = stats.size;
  identities[at + 2] = stats.mtimeNs;
  identities[at + 3] = stats.ctimeNs;
  return Number(stats.mode);
}

let device: { readonly major: number; readonly minor: number; readonly id: bigint } | undefined;

/** st_dev as makedev(3) of Linux puts it together; nearly always that of the entry before. */
function deviceOf(major: number, minor: number): bigint {
  if (device?.major !== major || device.minor !== minor) {
    const [high, low] = [BigInt(major), BigInt(minor)];
    const id =
      ((high & 0xfffff000n) << 32n) |
      ((high & 0xfffn) << 8n) |
      ((low & 0xffffff00n) << 12n) |
      (low & 0xffn);
    device = { major, minor, id };
  }
  return (device as { readonly id: bigint }).id;
}

function load(): Statx | undefined {
  const statx = openNativeLibrary(["libc.so.6", "libc.so"], {
    statx: { arguments: ["i32", "buffer", "i32", "u32", "buffer"], return: "i32" },
  })?.statx;
  return statx !== undefined && agrees(statx) ? statx : undefined;
}

/** The same as lstat says of a file and of a folder of this machine. */
function agrees(statx: Statx): boolean {
  const folder = dirname(process.execPath);
  try {
    const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return [basename(process.execPath), ".."].every((name) => {
        const builder = new ListingBuilder();
        if (!describeWith(statx, descriptor, { name: name as RawName, builder })) return false;
        const found = builder.build();
        const expected = lstatSync(join(folder, name), { bigint: true });
        return (
          found.inodes[0] === expected.ino &&
          BigInt(found.sizes[0] as number) === expected.size &&
          found.mtimesNs[0] === expected.mtimeNs &&
          found.ctimesNs[0] === expected.ctimeNs &&
          found.deviceIds[0] === expected.dev &&
          BigInt(found.modes[0] as number) === expected.mode &&
          BigInt(found.uids[0] as number) === expected.uid &&
          BigInt(found.gids[0] as number) === expected.gid &&
          BigInt(found.links[0] as number) === expected.nlink
        );
      });
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The program's own folder cannot be looked at: lstat serves.
    return false;
  }
}
