import { RecoveryError, type RecoveryErrorOptions } from "#errors";

/** What the command line itself refuses. The codes are in docs/errors.md. */
export class CliError extends RecoveryError {
  declare readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export type CliErrorCode =
  | "cli.unknown-command"
  | "cli.unknown-option"
  | "cli.usage"
  | "cli.no-copy"
  | "cli.no-password"
  | "cli.no-configuration"
  | "cli.nothing-matched"
  | "cli.no-room"
  | "cli.no-split"
  | "cli.no-target"
  | "cli.not-recorded"
  | "cli.not-audited"
  | "cli.no-requirements"
  | "cli.requirements-invalid"
  | "cli.no-classification"
  | "cli.classification-invalid"
  | "cli.not-written"
  | "cli.refused";
