import { asError, RecoveryError, type RecoveryErrorOptions, systemErrorCode } from "#errors";
import { displayPath, rawPathFromText } from "#image";

export type ExportErrorCode = "export.target-taken" | "export.not-written";

/** What stops an export as a whole; a message that cannot be read does not. */
export class ExportError extends RecoveryError {
  declare readonly code: ExportErrorCode;

  constructor(code: ExportErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function targetTaken(path: string, cause?: unknown): ExportError {
  return new ExportError(
    "export.target-taken",
    `Cannot export to "${shown(path)}": it is there already`,
    { hint: "Name a file or folder that is not there yet; nothing is ever overwritten.", cause },
  );
}

/** A failure of the system while writing, as an error that says where; any other as it is. */
export function writingFailed(path: string, cause: unknown): unknown {
  const code = systemErrorCode(cause);
  if (code === undefined) return cause;
  if (code === "EEXIST") return targetTaken(path, cause);
  return new ExportError(
    "export.not-written",
    `Cannot export to "${shown(path)}": ${asError(cause).message.replace(/,.*/s, "")}`,
    {
      hint:
        code === "ENOSPC" || code === "EDQUOT"
          ? "Free space or name another disk, and run it again."
          : "Name a file or folder in a folder that is there and can be written to.",
      cause,
    },
  );
}

function shown(path: string): string {
  return displayPath(rawPathFromText(path));
}
