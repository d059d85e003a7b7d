import { RecoveryError, type RecoveryErrorOptions } from "#errors";

export type LivingErrorCode =
  | "living.unreachable"
  | "living.refused"
  | "living.insecure"
  | "living.lost"
  | "living.no-mailbox"
  | "living.uid-validity"
  | "living.rejected"
  | "living.failed"
  | "living.cannot-remove";

/** What a running server did not do. */
export class LivingError extends RecoveryError {
  declare readonly code: LivingErrorCode;

  constructor(code: LivingErrorCode, message: string, options: RecoveryErrorOptions = {}) {
    super(code, message, options);
  }
}

export function isLivingError(error: unknown, code?: LivingErrorCode): error is LivingError {
  return error instanceof LivingError && (code === undefined || error.code === code);
}

/** Nothing further can be done with this server. */
export function endsAll({ code }: LivingError): boolean {
  return ["living.unreachable", "living.refused", "living.insecure", "living.lost"].includes(code);
}

export function otherUidValidity(location: string, name: string): LivingError {
  return new LivingError(
    "living.uid-validity",
    `Cannot name messages of "${name}" in "${location}" by UID: the server has begun another UIDVALIDITY`,
    { hint: "The mailbox was made anew meanwhile; plan the restore again." },
  );
}

export function noMailbox(location: string, name: string): LivingError {
  return new LivingError(
    "living.no-mailbox",
    `Cannot open "${name}" of "${location}": there is no such mailbox`,
    { hint: "It was removed or renamed meanwhile; plan the restore again." },
  );
}
