import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type LmtpErrorCode =
  | "lmtp.address"
  | "lmtp.bad-reply"
  | "lmtp.busy"
  | "lmtp.certificate"
  | "lmtp.client-gone"
  | "lmtp.in-use"
  | "lmtp.listen"
  | "lmtp.public-address"
  | "lmtp.server-gone"
  | "lmtp.server-refused"
  | "lmtp.timeout"
  | "lmtp.unreachable";

/** What can go wrong between the MTA, the delivery stage and the mail server. */
export class LmtpError extends RecoveryError {
  declare readonly code: LmtpErrorCode;

  constructor(code: LmtpErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isLmtpError(error: unknown, code?: LmtpErrorCode): error is LmtpError {
  return error instanceof LmtpError && (code === undefined || error.code === code);
}
