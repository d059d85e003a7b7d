import { quoted, RecoveryError, type RecoveryErrorOptions, systemErrorCode } from "#errors";

export type RecordsErrorCode =
  | "records.not-found"
  | "records.damaged"
  | "records.busy"
  | "records.not-written";

export class RecordsError extends RecoveryError {
  declare readonly code: RecordsErrorCode;

  constructor(code: RecordsErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isRecordsError(error: unknown, code?: RecordsErrorCode): error is RecordsError {
  return error instanceof RecordsError && (code === undefined || error.code === code);
}

/** Runs what writes to `path`; what the system says becomes `records.not-written`. */
export async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof RecordsError) throw cause;
    const reason = systemErrorCode(cause) ?? (cause instanceof Error ? cause.message : "failed");
    throw new RecordsError("records.not-written", `Cannot write to ${quoted(path)}: ${reason}`, {
      hint: "Make the state folder writable, with some space; without a record nothing is changed.",
      cause,
    });
  }
}
