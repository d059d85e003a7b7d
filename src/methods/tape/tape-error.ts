import type { RecoveryErrorOptions } from "#errors";
import { MethodError } from "../method-error.ts";

/** What can go wrong with tapes. Each is a row of docs/errors.md. */
export type TapeErrorCode =
  | "methods.moment-gone"
  | "methods.tape-barcode"
  | "methods.tape-block-damaged"
  | "methods.tape-busy"
  | "methods.tape-catalogue-damaged"
  | "methods.tape-catalogue-missing"
  | "methods.tape-disk-full"
  | "methods.tape-end-of-data"
  | "methods.tape-foreign"
  | "methods.tape-full"
  | "methods.tape-index-damaged"
  | "methods.tape-library-unreachable"
  | "methods.tape-lock-lost"
  | "methods.tape-locked"
  | "methods.tape-member-too-large"
  | "methods.tape-no-drive"
  | "methods.tape-no-volume"
  | "methods.tape-none-to-write"
  | "methods.tape-not-at-hand"
  | "methods.tape-not-expired"
  | "methods.tape-not-loaded"
  | "methods.tape-not-verified"
  | "methods.tape-option"
  | "methods.tape-state-unusable"
  | "methods.tape-unknown-set"
  | "methods.tape-unreadable"
  | "methods.tape-vanished"
  | "methods.tape-vault-step"
  | "methods.tape-volume-exists"
  | "methods.tape-worn"
  | "methods.tape-write-protected"
  | "methods.tape-wrong";

export function tapeError(
  code: TapeErrorCode,
  message: string,
  options: RecoveryErrorOptions = {},
): MethodError {
  return new MethodError(code, message, options);
}

export function isTapeError(error: unknown, ...codes: readonly TapeErrorCode[]): boolean {
  if (!(error instanceof MethodError)) return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}
