import { RecoveryError } from "#errors";

/** Codes: docs/errors.md, "repository". */
export class RepositoryError extends RecoveryError {}

/** What was encoded does not read back equal: it must not be stored. */
export function selfCheckFailed(what: string): RepositoryError {
  return new RepositoryError(
    "repository.self-check",
    `Cannot store ${what}: what was encoded does not read back equal`,
    {
      hint: "This machine's memory or its Node is at fault: test the memory, try another Node. Nothing damaged was stored.",
    },
  );
}
