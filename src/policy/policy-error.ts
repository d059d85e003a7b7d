import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type PolicyErrorCode =
  | "config.invalid"
  | "retention.rule"
  | "target.unreadable"
  | "target.pattern";

/** A configuration, rule or target could not be understood. */
export class PolicyError extends RecoveryError {
  /** What was probably meant, ready to be typed instead. */
  readonly suggestion: string | undefined;

  constructor(
    code: PolicyErrorCode,
    message: string,
    options: RecoveryErrorOptions & { readonly suggestion?: string | undefined } = {},
  ) {
    const { suggestion, ...rest } = options;
    super(
      code,
      message,
      suggestion === undefined ? rest : { hint: `Did you mean: ${suggestion}`, ...rest },
    );
    this.suggestion = suggestion;
  }
}
