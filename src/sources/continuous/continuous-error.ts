import { SourceError } from "../source-error.ts";

export function stateFailed(location: string, cause: unknown): SourceError {
  const reason = cause instanceof Error ? cause.message : "the reason is unknown";
  return new SourceError(
    "source.observed-failed",
    `Cannot use the observed state "${location}": ${reason}`,
    { hint: "Look at the disk it lies on; it may be deleted, and is made again.", cause },
  );
}

/** SQLite says that its file is damaged, or none of its own (sqlite.org/rescode.html). */
export function isSqliteDamage(error: unknown): boolean {
  if (!(error instanceof SourceError) || error.code !== "source.observed-failed") return false;
  const { cause } = error;
  if (typeof cause !== "object" || cause === null || !("errcode" in cause)) return false;
  return cause.errcode === 11 || cause.errcode === 26;
}
