import { RecoveryError, type RecoveryErrorOptions, systemErrorCode } from "#errors";
import { displayPath, type RawPath } from "#image";

export type SnapshotErrorCode =
  | "snapshots.not-found"
  | "snapshots.not-ours"
  | "snapshots.damaged"
  | "snapshots.in-use"
  | "snapshots.destination-exists"
  | "snapshots.destination-unusable"
  | "snapshots.unsuitable"
  | "snapshots.store-unreadable"
  | "snapshots.store-changed"
  | "snapshots.no-space"
  | "snapshots.write-failed"
  | "snapshots.program-failed";

/** What can go wrong while a mail store is frozen, or a frozen one is opened, measured or removed. */
export class SnapshotError extends RecoveryError {
  declare readonly code: SnapshotErrorCode;

  constructor(code: SnapshotErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function quotePath(path: RawPath): string {
  return path === "" ? "the top folder" : `"${displayPath(path)}"`;
}

/** "ENOENT: no such file or directory", without the system's path (it may hold control characters). */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "the reason is unknown";
  return /^([A-Z0-9]+: [^,]*)/.exec(cause.message)?.[1] ?? cause.message;
}

/** Codes with which a filesystem says that it takes no more. */
const fullCodes: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** A refusal of the system at the destination, as an error that says what to do; anything else as it is. */
export function destinationError(path: RawPath, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  if (fullCodes.has(code)) {
    return new SnapshotError(
      "snapshots.no-space",
      `Cannot write the snapshot ${quotePath(path)}: ${reasonOf(error)}`,
      {
        hint: "Make room on that filesystem (remove older snapshots), or choose another destination.",
        cause: error,
      },
    );
  }
  return new SnapshotError(
    "snapshots.write-failed",
    `Cannot write the snapshot ${quotePath(path)}: ${reasonOf(error)}`,
    { hint: "Look at the permissions of the destination and at its disk.", cause: error },
  );
}
