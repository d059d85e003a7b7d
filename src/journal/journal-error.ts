import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type JournalErrorCode =
  | "journal.closed"
  | "journal.data-missing"
  | "journal.full"
  | "journal.locked"
  | "journal.mirror-diverged"
  | "journal.not-found"
  | "journal.not-storable"
  | "journal.other-group"
  | "journal.removed"
  | "journal.unreadable"
  | "journal.unsupported"
  | "journal.write-failed"
  | "journal.wrong-password";

/** What can go wrong while a journal is written or read. */
export class JournalError extends RecoveryError {
  declare readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}
