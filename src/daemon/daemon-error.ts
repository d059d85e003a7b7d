import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type DaemonErrorCode =
  | "daemon.running"
  | "daemon.nothing-to-do"
  | "daemon.no-journal"
  | "daemon.capture-ended"
  | "daemon.bad-status";

/** What the daemon itself refuses, or ends a group with. */
export class DaemonError extends RecoveryError {
  declare readonly code: DaemonErrorCode;

  constructor(code: DaemonErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}
