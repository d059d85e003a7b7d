/**
 * Whether bytes come from a disk or from memory that holds what was read or written before. Linux says how
 * much this process made the disks read, and can be told to let pages go.
 */
import { readFileSync } from "node:fs";
import { openNativeLibrary } from "#files";

/** POSIX_FADV_DONTNEED of Linux. */
const dontNeed = 4;

/** Whether the system was told to forget the pages of a file that is on stable storage. */
export function forgetPages(descriptor: number): boolean {
  advise ??= loadAdvise() ?? "none";
  return advise !== "none" && advise(descriptor, 0n, 0n, dontNeed) === 0;
}

type Advise = (descriptor: number, offset: bigint, lengthBytes: bigint, advice: number) => number;
let advise: Advise | "none" | undefined;

function loadAdvise(): Advise | undefined {
  return openNativeLibrary(["libc.so.6", "libc.so"], {
    posix_fadvise: { arguments: ["i32", "i64", "i64", "i32"], return: "i32" },
  })?.posix_fadvise;
}

/** Bytes that this process has made the disks read so far; undefined where the system does not say. */
export function bytesFromDisk(): number | undefined {
  try {
    const match = /^read_bytes: (\d{1,15})$/m.exec(readFileSync("/proc/self/io", "latin1"));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

/** Share of `bytes` that the disks read since `before`; 1 at most, since the system reads ahead. */
export function shareFromDisk(before: number | undefined, bytes: number): number | undefined {
  const now = bytesFromDisk();
  if (before === undefined || now === undefined || bytes <= 0) return undefined;
  return Math.min(1, (now - before) / bytes);
}

/** "from the disk", "97 % from the disk, the rest from memory", "perhaps from memory". */
export function originText(share: number | undefined): string {
  if (share === undefined) return "perhaps from memory: this system does not say";
  if (share >= 0.99) return "from the disk";
  if (share < 0.01) return "from memory, which held it from before";
  return `${Math.round(share * 100)} % from the disk, the rest from memory`;
}
