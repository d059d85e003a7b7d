/**
 * Tells the kernel which files come next. A thread that reads synchronously has one request at
 * the disk; with the next files announced (posix_fadvise, WILLNEED) the disk works ahead of it.
 * Costs a microsecond a file where it is in memory already; does nothing where it cannot be called.
 */
type Advise = (descriptor: number, offset: bigint, lengthBytes: bigint, advice: number) => number;

/** POSIX_FADV_WILLNEED of Linux. */
const willNeed = 3;

let loaded: Advise | "none" | undefined;

export function announceRead(descriptor: number): void {
  loaded ??= load() ?? "none";
  // Advice: its outcome changes nothing but speed.
  if (loaded !== "none") loaded(descriptor, 0n, 0n, willNeed);
}

function load(): Advise | undefined {
  if (process.platform !== "linux") return undefined;
  // oxlint-disable-next-line typescript/unbound-method -- it is put back where it was
  const emitWarning = process.emitWarning;
  // "Experimental" says nothing to somebody who recovers mail.
  process.emitWarning = () => undefined;
  try {
    const ffi = process.getBuiltinModule("node:ffi");
    const { functions } = ffi.dlopen("libc.so.6", {
      posix_fadvise: { arguments: ["i32", "i64", "i64", "i32"], return: "i32" },
    });
    return functions.posix_fadvise;
  } catch {
    // No node:ffi, or another C library: files are read without announcement.
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}
