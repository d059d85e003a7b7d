/*
 * One round of looking. Names are looked at one after another while the store goes on changing, so what was seen
 * may never have been true at any one instant: a copy that was made after a removal may be seen, and the removal not
 * yet. When all that happened so far has been told and nothing of it is new, the store stood still meanwhile, and
 * what was seen is how it was.
 */
import type { ChangeRecorder, Look } from "./change-recorder.ts";
import { compareFolder, type CompareFolderParts } from "./compare-folder.ts";
import type { Taken, WorkQueue } from "./work-queue.ts";

export type LookParts = {
  readonly queue: WorkQueue;
  readonly recorder: ChangeRecorder;
  readonly compare: CompareFolderParts;
  /** Resolves when every change that was made before the call has been told; absent where nobody tells. */
  readonly settle?: (() => Promise<void>) | undefined;
  /** Makes what was recorded so far durable: a round of very many names is several. */
  readonly commit: () => Promise<void>;
  /** What would be due later is due now. */
  readonly isClosing: boolean;
  /** A scan has not come to all folders yet. */
  readonly isScanning: boolean;
};

/** A store that is changed all the time is never seen to be still. */
const looks = 5;
/** Names that are recorded before their events are made durable. */
const namesAtOnce = 500;

/** Resolves with whether the store stood still in the end. */
export async function lookUntilStill(parts: LookParts): Promise<boolean> {
  const { queue, settle, isClosing, isScanning } = parts;
  await lookAt(queue.take({ isClosing, isScanning }), parts);
  if (settle === undefined) return false;
  for (let look = 1; look <= looks; look++) {
    await settle();
    if (queue.size === 0 && queue.departedSize === 0) return true;
    await lookAt(queue.take({ isClosing, isScanning, isTold: true }), parts, {
      isLast: look === looks,
    });
  }
  return false;
}

async function lookAt({ names, folders }: Taken, parts: LookParts, look?: Look): Promise<void> {
  const { queue, recorder, compare, commit } = parts;
  for (const { path, below, origin } of folders) {
    const compared = await compareFolder(path, origin, compare);
    if (below) for (const one of compared.folders) queue.addFolder(one, { below, origin });
  }
  for (let at = 0; at < names.length; at += namesAtOnce) {
    await recorder.record(names.slice(at, at + namesAtOnce), look);
    if (at + namesAtOnce < names.length) await commit();
  }
}
