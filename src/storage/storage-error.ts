import { RecoveryError, type RecoveryErrorOptions, systemErrorCode } from "#errors";
import type { ByteRange, FileHandle } from "./storage.ts";

export type StorageErrorCode =
  | "storage.not-found"
  | "storage.exists"
  | "storage.full"
  | "storage.denied"
  | "storage.truncated"
  | "storage.invalid-name"
  | "storage.failed";

export class StorageError extends RecoveryError {
  declare readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Names are the sha256 of the content. Anything else never becomes part of a path. */
export function isStoredName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** Throws `storage.invalid-name`. `config` has no name. */
export function checkName(file: FileHandle): void {
  if (file.type === "config" || isStoredName(file.name)) return;
  throw new StorageError(
    "storage.invalid-name",
    `Cannot use ${JSON.stringify(file.name.slice(0, 80))} as the name of a ${file.type} file: it is not 64 lower-case hexadecimal digits`,
    { hint: "Names are the sha256 of the file's bytes; check where this one came from." },
  );
}

/** What a message calls the file. */
export function describeFile(file: FileHandle): string {
  return file.type === "config" ? "config" : `${file.type} file "${file.name.slice(0, 12)}"`;
}

export function fileNotFound(action: string, file: FileHandle, location: string): StorageError {
  return new StorageError(
    "storage.not-found",
    `Cannot ${action} ${describeFile(file)} in "${location}": it is not there`,
    {
      hint:
        file.type === "config"
          ? "Check the path, or create a repository there first."
          : "Another program may have removed it; check the repository.",
    },
  );
}

export function placeNotFound(action: string, location: string, folder: string): StorageError {
  return new StorageError(
    "storage.not-found",
    `Cannot ${action} in "${location}": the folder "${folder}" is not there`,
    {
      hint: `Check that the disk is mounted and that this is a repository; if it was copied without its empty folders, make "${folder}" by hand.`,
    },
  );
}

export function fileExists(file: FileHandle, location: string, state: string): StorageError {
  return new StorageError(
    "storage.exists",
    `Cannot save ${describeFile(file)} in "${location}": ${state}`,
    {
      hint:
        file.type === "config"
          ? "Open that repository, or choose another place."
          : "The file there is damaged or foreign; verify the repository.",
    },
  );
}

/** Resolves a range against the size of the file; throws `storage.truncated`. */
export function checkRange(
  sizeBytes: number,
  range: ByteRange,
  where: { readonly file: FileHandle; readonly location: string },
): { readonly offset: number; readonly lengthBytes: number } {
  const offset = range.offset ?? 0;
  const lengthBytes = range.lengthBytes ?? Math.max(0, sizeBytes - offset);
  if (offset < 0 || lengthBytes < 0) throw new RangeError(`not a range: ${offset}+${lengthBytes}`);
  if (offset + lengthBytes > sizeBytes) {
    throw new StorageError(
      "storage.truncated",
      `Cannot load ${lengthBytes} bytes at ${offset} of ${describeFile(where.file)} in "${where.location}": it has ${sizeBytes} bytes`,
      { hint: "The file was cut short; verify the repository." },
    );
  }
  return { offset, lengthBytes };
}

const retryableCodes: ReadonlySet<string> = new Set([
  "EAGAIN",
  "EBUSY",
  "EINTR",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "ESTALE",
  "ETIMEDOUT",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
]);

/** The system's error as ours. ENOENT is the caller's to name: only it knows what is missing. */
export function storageErrorOf(error: unknown, action: string, location: string): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  const because = { cause: error };
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new StorageError(
        "storage.full",
        `Cannot ${action} in "${location}": no space is left (${code})`,
        {
          hint: "Free space there, or move the repository to a larger place.",
          ...because,
        },
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new StorageError(
        "storage.denied",
        `Cannot ${action} in "${location}": the system denies it (${code})`,
        {
          hint: "Check the owner and permissions, and that the filesystem is not mounted read-only.",
          ...because,
        },
      );
    default:
      return new StorageError(
        "storage.failed",
        `Cannot ${action} in "${location}": the system reports ${code}`,
        {
          hint: "Check the disk and the system's log.",
          retryable: retryableCodes.has(code),
          ...because,
        },
      );
  }
}
