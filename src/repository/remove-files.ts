/** Many files of a storage, several at a time. */
import { isRecoveryError } from "#errors";
import type { FileType, Storage } from "#storage";

const parallelRemovals = 8;

export type RemoveFilesOptions = {
  readonly type: FileType;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  readonly onRemoved?: () => void;
};

/** Removes each; one that is gone already is as wanted. The first failure ends it. */
export async function removeFiles(
  storage: Storage,
  { type, names, signal, onRemoved }: RemoveFilesOptions,
): Promise<void> {
  const waiting = [...names];
  let failed = false;
  const remove = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (failed) return;
      signal.throwIfAborted();
      try {
        await storage.remove({ type, name });
      } catch (error) {
        if (!isRecoveryError(error) || error.code !== "storage.not-found") {
          failed = true;
          throw error;
        }
      }
      onRemoved?.();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: parallelRemovals }, remove));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
