/*
 * One round of looking. Names are looked at one after another while the store goes on changing, so what was seen
 * may never have been true at any one instant: a copy that was made after a removal may be seen, and the removal not
 * yet. When all that happened so far has been told and nothing of it is new, the store stood still meanwhile, and
 * what was seen is how it was. A server that is in the middle of a change, as its lock says, is waited for.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { RawPath } from "#image";
import type { ChangeRecorder, Look } from "./change-recorder.ts";
import { compareFolder, type CompareFolderParts } from "./compare-folder.ts";
import { isCache } from "./store-files.ts";
import { underWay } from "./under-way.ts";
import type { Taken, TakeOptions, WorkQueue } from "./work-queue.ts";

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

/** An account that is changed all the time is never seen to be still; a lock may have been left behind. */
const stillMs = 100;
const underWayPauseMs = 2;
/** Names that are recorded before their events are made durable. */
const namesAtOnce = 500;

/**
 * Tells the recorder which accounts did not stand still in the end. Once it has begun, it looks on where it has looked
 * only: on a server where mail comes all the time, each account stands still often, and all together never.
 */
export async function lookUntilStill(parts: LookParts): Promise<void> {
  const { queue, compare, recorder, settle, isClosing, isScanning } = parts;
  const accountOf = (path: RawPath): RawPath => recorder.accounts.of(path);
  const accounts = new Set<RawPath>();
  const locks = new Map<RawPath, RawPath>();
  const take = (options: TakeOptions = {}): Taken => {
    const taken = queue.take({ isClosing, isScanning, ...options });
    for (const { path, origin } of [...taken.names, ...taken.folders]) {
      accounts.add(accountOf(path));
      if (origin === "hint") locks.set(recorder.accounts.lockOf(path), accountOf(path));
    }
    return taken;
  };
  // Of a scan nobody expects that it sees one instant: it is a gap that it narrows. What was open before ends with it.
  const mayTell = settle !== undefined && !isScanning;
  const commit = async (): Promise<void> => {
    if (mayTell) recorder.unsettled(accounts, { isOver: false });
    await parts.commit();
  };
  await lookAt(take(), { ...parts, commit });
  if (settle === undefined) return;
  const within = (path: RawPath): boolean => accounts.has(accountOf(path));
  const beganMs = performance.now();
  const isLate = (): boolean => performance.now() - beganMs >= stillMs;
  let unsettled = new Set<RawPath>();
  for (let isLast = false; !isLast;) {
    unsettled = underWay(locks, compare.files);
    while (unsettled.size > 0 && !isLate()) {
      await pause(underWayPauseMs);
      unsettled = underWay(locks, compare.files);
    }
    // After the locks: whatever was done under one that is gone has been told then.
    await settle();
    const taken = take({ isTold: true, within });
    if (taken.names.length === 0 && taken.folders.length === 0) break;
    const changed = [...taken.names, ...taken.folders].filter(({ path }) => !isCache(path));
    for (const { path } of changed) unsettled.add(accountOf(path));
    isLast = changed.length === 0 || isLate();
    await lookAt(taken, { ...parts, commit }, { isLast });
  }
  recorder.unsettled(mayTell ? unsettled : new Set(), { isOver: true });
}

async function lookAt(
  { names, folders }: Taken,
  { queue, recorder, compare, commit }: Omit<LookParts, "settle">,
  look?: Look,
): Promise<void> {
  for (const { path, below, origin } of folders) {
    const compared = await compareFolder(path, origin, compare);
    if (below) for (const one of compared.folders) queue.addFolder(one, { below, origin });
  }
  for (let at = 0; at < names.length; at += namesAtOnce) {
    await recorder.record(names.slice(at, at + namesAtOnce), look);
    if (at + namesAtOnce < names.length) await commit();
  }
}
