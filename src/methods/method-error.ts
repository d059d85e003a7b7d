import { RecoveryError } from "#errors";

/** What a method of operational recovery cannot do. Codes: `methods.moment-gone`. */
export class MethodError extends RecoveryError {}
