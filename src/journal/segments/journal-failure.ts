import { isRecoveryError, systemErrorCode } from "#errors";
import { JournalError } from "../journal-error.ts";

const noRoom: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What a failed write, or a failed opening for writing, means to whoever writes. */
export function writeFailure(error: unknown, location: string): Error {
  if (isRecoveryError(error)) return error;
  const code = systemErrorCode(error);
  if (code !== undefined && noRoom.has(code))
    return new JournalError(
      "journal.full",
      `Cannot write to journal "${location}": its disk is full`,
      {
        hint: "Make room on that disk, or give the journal another one, and open it again; nothing that was promised is lost.",
        retryable: true,
        cause: error,
      },
    );
  return new JournalError(
    "journal.write-failed",
    `Cannot write to journal "${location}": ${code ?? String(error)}`,
    {
      hint: "Look at the disk and its log; what was promised before is safe as far as the disk keeps it. Open the journal again when the disk is well.",
      cause: error,
    },
  );
}

export function readFailure(error: unknown, location: string): Error {
  if (isRecoveryError(error)) return error;
  return new JournalError(
    "journal.unreadable",
    `Cannot read journal "${location}": ${systemErrorCode(error) ?? String(error)}`,
    {
      hint: "Look at the folder's permissions, and at the disk and its log.",
      cause: error,
    },
  );
}

/** Its files were removed or put elsewhere under whoever writes: what is written now would be in no journal. */
export function removed(location: string): JournalError {
  return new JournalError(
    "journal.removed",
    `Cannot write to journal "${location}": its files were removed or moved away while it was written`,
    {
      hint: "Find out who did it, and put them back with the writer stopped if they are still somewhere; what a copy or a mirror has of it is whole. Where there is none, a new journal begins.",
      retryable: true,
    },
  );
}
