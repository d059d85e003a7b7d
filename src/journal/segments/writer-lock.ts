import { randomBytes } from "node:crypto";
import { threadId } from "node:worker_threads";
import { isSurelyDead, processMark } from "#files";
import { systemErrorCode } from "#errors";
import { JournalError } from "../journal-error.ts";
import type { JournalFiles } from "./journal-files.ts";

/**
 * `lock.MARK.RANDOM`: one file for each process that writes, or wants to. Each makes its own and then
 * looks whether there is another: of two at the same time at least one sees the other, so that there
 * are never two. What a process that is surely dead left behind is removed.
 */
const lockName = /^lock\.(.+)\.([0-9a-f]{16})$/;

/**
 * The locks that this thread holds. One that names it and is not among them could not be removed when it
 * was given up, by a disk that was failing then.
 */
const held = new Set<string>();
const ownThread = threadId.toString(16).padStart(4, "0");

/** Which process one is, and which are no more. */
export type ProcessIdentity = {
  readonly mark: string;
  readonly isSurelyDead: (mark: string) => boolean;
};

export function thisProcess(): ProcessIdentity {
  return { mark: processMark(), isSurelyDead };
}

/** Throws `journal.locked` where another process, or this one, has the journal open for writing. */
export async function lockForWriting(
  files: JournalFiles,
  identity: ProcessIdentity,
): Promise<AsyncDisposable> {
  const random = ownThread + randomBytes(6).toString("hex");
  const own = `lock.${identity.mark}.${random}`;
  await (await files.create(own)).close();
  held.add(random);
  const release = async (): Promise<void> => {
    held.delete(random);
    await removeIfThere(files, own);
  };
  try {
    for (const name of await files.list()) {
      const [, mark, other = ""] = lockName.exec(name) ?? [];
      if (mark === undefined || name === own) continue;
      const isGivenUp = mark === identity.mark && other.startsWith(ownThread) && !held.has(other);
      if (!isGivenUp && !identity.isSurelyDead(mark)) throw locked(files.location, name);
      await removeIfThere(files, name);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { [Symbol.asyncDispose]: release };
}

/** Whether a process writes that is not surely dead. */
export function hasWriter(names: readonly string[], identity: ProcessIdentity): boolean {
  return names.some((name) => {
    const mark = lockName.exec(name)?.[1];
    return mark !== undefined && !identity.isSurelyDead(mark);
  });
}

async function removeIfThere(files: JournalFiles, name: string): Promise<void> {
  try {
    await files.remove(name);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

function locked(location: string, name: string): JournalError {
  return new JournalError(
    "journal.locked",
    `Cannot write to journal "${location}": another process has it open`,
    {
      hint: `Stop that process first. If it ran on another machine, or is surely gone, remove the file "${name}" from the folder.`,
      retryable: true,
    },
  );
}
