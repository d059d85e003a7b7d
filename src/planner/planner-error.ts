import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type PlannerErrorCode =
  | "planner.no-combination"
  | "planner.no-topic"
  | "planner.nothing-feasible";

/** A plan could not be made of what was asked. */
export class PlannerError extends RecoveryError {
  constructor(code: PlannerErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}
