import { isRecoveryError } from "./recovery-error.ts";
import { systemErrorCode } from "./system-error.ts";

export type ErrorJson = {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable: boolean;
};

/** The error as a person reads it on a terminal: message, then the hint on its own line. */
export function describeError(error: unknown): string {
  if (isRecoveryError(error)) {
    return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
  }
  return errorToJson(error).message;
}

/** The error as stable JSON. An error of ours that is not a RecoveryError is a bug and says so. */
export function errorToJson(error: unknown): ErrorJson {
  if (isRecoveryError(error)) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      retryable: error.retryable,
    };
  }
  const code = systemErrorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code !== undefined) return { code: "system", message, retryable: false };
  return { code: "bug", message: `Unexpected: ${message}`, retryable: false };
}
