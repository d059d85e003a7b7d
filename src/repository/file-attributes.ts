/** Owner, mode and time of files that are written, on their way to who writes them. */
import { openNativeLibrary } from "#files";
import type { FileAttributes } from "#image";

/** Columns, because it crosses threads. */
export type FileAttributeColumns = {
  /** User and group, two numbers a file; `unset` leaves both. */
  readonly owners: Uint32Array;
  /** Permission bits; `unset` asks for no attribute at all. */
  readonly modes: Uint32Array;
  /** As `struct timespec` twice (access, modification): four 64-bit numbers a file. */
  readonly times: BigInt64Array;
};

/** What fchown(2) itself takes for "leave it". */
export const unset: number = 0xffff_ffff;
const numbersPerTime = 4;
const bytesPerTime = numbersPerTime * 8;
const nanosecondsPerSecond = 1_000_000_000n;

export function attributeColumns(
  files: readonly (FileAttributes | undefined)[],
): FileAttributeColumns {
  const owners = new Uint32Array(files.length * 2).fill(unset);
  const modes = new Uint32Array(files.length).fill(unset);
  const times = new BigInt64Array(files.length * numbersPerTime);
  for (const [file, attributes] of files.entries()) {
    if (attributes === undefined) continue;
    const { owner, mode, mtimeNs } = attributes;
    if (owner !== undefined) owners.set([owner.uid, owner.gid], file * 2);
    modes[file] = mode;
    const past = ((mtimeNs % nanosecondsPerSecond) + nanosecondsPerSecond) % nanosecondsPerSecond;
    const seconds = (mtimeNs - past) / nanosecondsPerSecond;
    times.set([seconds, past, seconds, past], file * numbersPerTime);
  }
  return { owners, modes, times };
}

/** Sets both times through the file's descriptor; false where it could not. */
export function setFileTimes(descriptor: number, times: BigInt64Array, file: number): boolean {
  return futimens()?.(descriptor, bytesOf(times, file)) === 0;
}

function bytesOf(times: BigInt64Array, file: number): Uint8Array {
  return new Uint8Array(times.buffer, times.byteOffset + file * bytesPerTime, bytesPerTime);
}

type Futimens = (descriptor: number, times: Uint8Array) => number;

let loaded: Futimens | "none" | undefined;

/** futimens(2): Node's own futimes takes seconds as a double, which has no room for nanoseconds. */
function futimens(): Futimens | undefined {
  loaded ??= load() ?? "none";
  return loaded === "none" ? undefined : loaded;
}

function load(): Futimens | undefined {
  return openNativeLibrary(["libc.so.6", "libc.so"], {
    futimens: { arguments: ["i32", "buffer"], return: "i32" },
  })?.futimens;
}
