/** The last step of a capture or a duplication: from here on the moment exists. */
import { isRecoveryError } from "#errors";
import type { Lock } from "./lock.ts";
import type { Snapshot } from "./repository.ts";
import { saveSnapshot } from "./snapshot-file.ts";
import type { UnpackedContext } from "./unpacked-file.ts";

export type SaveMomentOptions = { readonly lock: Lock; readonly signal: AbortSignal };

/**
 * Writes the snapshot while the lock stands, and looks at the lock once more afterwards: where somebody
 * removed it by force in between, a prune may have taken blobs before it could see the snapshot, so the
 * moment is taken back and `repository.lock-lost` thrown.
 */
export async function saveMoment(
  context: UnpackedContext,
  snapshot: Omit<Snapshot, "id">,
  { lock, signal }: SaveMomentOptions,
): Promise<Snapshot> {
  await lock.confirm();
  signal.throwIfAborted();
  const saved = await saveSnapshot(context, snapshot, signal);
  try {
    await lock.confirm();
  } catch (error) {
    // Storage that did not answer this time says nothing about the lock.
    if (!isRecoveryError(error) || error.code !== "repository.lock-lost") return saved;
    await context.storage.remove({ type: "snapshot", name: saved.id }).catch(() => undefined);
    throw error;
  }
  return saved;
}
