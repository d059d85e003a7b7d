import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type MailErrorCode = "mail.damaged" | "mail.unsupported";

/** A message that cannot be had whole: `damaged` in the store, or stored in a way that is not read here. */
export class MailError extends RecoveryError {
  declare readonly code: MailErrorCode;

  constructor(code: MailErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isMailError(error: unknown): error is MailError {
  return error instanceof MailError;
}
