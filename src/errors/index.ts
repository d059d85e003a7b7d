/**
 * errors: the one error class of the house, and how an error becomes text or JSON.
 *
 * Every module that can fail has one subclass. Codes are stable, listed in docs/errors.md
 * and tested there. A message is: action, quoted subject, colon, present state. A hint is
 * one sentence on what to do.
 */
export { RecoveryError, isRecoveryError, type RecoveryErrorOptions } from "./recovery-error.ts";
export { describeError, errorToJson, type ErrorJson } from "./describe-error.ts";
export { asError } from "./as-error.ts";
export { systemErrorCode } from "./system-error.ts";
export { closestWord } from "./closest-word.ts";
export { quoted } from "./quoted.ts";
