import { RecoveryError, type RecoveryErrorOptions } from "#errors";
import { isServerError, type ServerErrorCode } from "#servers";

export type SourceErrorCode =
  | "source.stop-failed"
  | "source.start-failed"
  | "source.already-offline"
  | "source.interrupted"
  | "source.state-failed"
  | "source.state-untrusted"
  | "source.split-unusable"
  | "source.split-folder"
  | "source.validator-failed"
  | "source.observed-failed";

/** What can go wrong while a mail store is made to stand still, or let go. */
export class SourceError extends RecoveryError {
  declare readonly code: SourceErrorCode;

  constructor(code: SourceErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** What holding a server still, or its utility, reports, in the words of a source. */
const codesOfServers: Readonly<Partial<Record<ServerErrorCode, SourceErrorCode>>> = {
  "server.command-failed": "source.stop-failed",
  "server.release-failed": "source.start-failed",
  "server.already-held": "source.already-offline",
  "server.interrupted": "source.interrupted",
  "server.state-failed": "source.state-failed",
  "server.state-untrusted": "source.state-untrusted",
  "server.validator-failed": "source.validator-failed",
};

/** A failure of the server as a failure of the source that needed it; anything else as it is. */
export function sourceErrorOf(error: unknown): unknown {
  const code = isServerError(error) ? codesOfServers[error.code] : undefined;
  if (!isServerError(error) || code === undefined) return error;
  const { message, hint, retryable, cause } = error;
  return new SourceError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    retryable,
    ...(cause === undefined ? {} : { cause: sourceErrorOf(cause) }),
  });
}
