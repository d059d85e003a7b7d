import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type ServerErrorCode =
  | "server.no-command"
  | "server.command-failed"
  | "server.release-failed"
  | "server.already-held"
  | "server.interrupted"
  | "server.state-failed"
  | "server.state-untrusted"
  | "server.validator-failed";

/** What can go wrong between us and a mail server. */
export class ServerError extends RecoveryError {
  declare readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isServerError(error: unknown, code?: ServerErrorCode): error is ServerError {
  return error instanceof ServerError && (code === undefined || error.code === code);
}
