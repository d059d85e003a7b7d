import { isRecoveryError } from "#errors";

/** What the process says when it ends. restic's numbers where both know the case. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  noRepository: 10,
  locked: 11,
  wrongPassword: 12,
  rpoMissed: 20,
  nothingMatched: 22,
  refused: 23,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const exitCodeOfError: ReadonlyMap<string, ExitCode> = new Map([
  ["repository.not-found", exitCodes.noRepository],
  ["repository.locked", exitCodes.locked],
  ["repository.wrong-password", exitCodes.wrongPassword],
  ["repository.key-not-found", exitCodes.nothingMatched],
  ["cli.nothing-matched", exitCodes.nothingMatched],
  ["planner.nothing-feasible", exitCodes.nothingMatched],
  ["records.not-found", exitCodes.nothingMatched],
  ["records.busy", exitCodes.locked],
  ["daemon.running", exitCodes.locked],
  ["daemon.nothing-to-do", exitCodes.usage],
  ["cli.refused", exitCodes.refused],
  ["catalog.query", exitCodes.usage],
  ["catalog.cursor", exitCodes.usage],
  ["lmtp.address", exitCodes.usage],
  ["lmtp.public-address", exitCodes.usage],
  ["journal.locked", exitCodes.locked],
  ["journal.wrong-password", exitCodes.wrongPassword],
  // Nothing was typed wrong: what was asked for is done, and the note of it is missing.
  ["cli.not-audited", exitCodes.failed],
  ["methods.tape-barcode", exitCodes.usage],
  // What was asked for is on a shelf: it cannot be had now.
  ["methods.tape-not-at-hand", exitCodes.nothingMatched],
] as const);

/** Beginnings of codes that mean that a person typed something that does not parse. */
const usageCodes: readonly string[] = ["cli", "time", "config", "planner", "retention", "target"];

export function exitCodeOf(error: unknown): ExitCode {
  if (isInterruption(error)) return exitCodes.interrupted;
  if (!isRecoveryError(error)) return exitCodes.failed;
  const known = exitCodeOfError.get(error.code);
  if (known !== undefined) return known;
  return usageCodes.includes(error.code.split(".")[0] ?? "") ? exitCodes.usage : exitCodes.failed;
}

/** The AbortError of a signal that was triggered, by whichever module. */
export function isInterruption(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
