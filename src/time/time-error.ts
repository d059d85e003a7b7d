import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type TimeErrorCode =
  | "time.moment"
  | "time.event"
  | "time.ambiguous"
  | "time.skipped"
  | "time.future"
  | "time.range"
  | "time.zone"
  | "time.rfc3339"
  | "time.duration"
  | "time.size";

/** What a person typed could not be understood as a moment, duration or size. */
export class TimeError extends RecoveryError {
  /** What was probably meant, ready to be typed instead. */
  readonly suggestion: string | undefined;

  constructor(
    code: TimeErrorCode,
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
