export type RecoveryErrorOptions = {
  /** One sentence on what to do. */
  readonly hint?: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
};

/**
 * The base of every error that Restante throws on purpose.
 *
 * `code` is stable and documented in docs/errors.md; `message` says what was being done, to
 * what, and what stood in the way; `hint` says what to do. Secrets never appear in any of them.
 */
export class RecoveryError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: RecoveryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
  }
}

export function isRecoveryError(error: unknown): error is RecoveryError {
  return error instanceof RecoveryError;
}
