import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type SourceErrorCode =
  | "source.stop-failed"
  | "source.start-failed"
  | "source.already-offline"
  | "source.interrupted"
  | "source.state-failed"
  | "source.state-untrusted"
  | "source.split-unusable"
  | "source.split-folder"
  | "source.validator-failed";

/** What can go wrong while a mail store is made to stand still, or let go. */
export class SourceError extends RecoveryError {
  declare readonly code: SourceErrorCode;

  constructor(code: SourceErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}
