import { RecoveryError } from "#errors";

/** Codes: `bench.usage`, `bench.program-failed`, `bench.wrong-result`, `bench.not-built`. */
export class BenchError extends RecoveryError {}
