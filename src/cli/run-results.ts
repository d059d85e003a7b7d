import { rowOfMethod } from "#planner";
import { formatBytes, type Instant, toRfc3339Nano } from "#time";
import type { CommandContext } from "./command.ts";
import { ownFolder, stateFolder } from "./folders.ts";
import { type PhaseTime, totalMs } from "./phase-clock.ts";
import type { Result } from "./result.ts";
import { plural, safeText } from "./text.ts";

export type RestoredRun = {
  /** Of the copy: its method's words. */
  readonly method: string;
  readonly momentId: string;
  readonly bytes: number;
  readonly files: number;
  /** Files that were there already and only compared. */
  readonly skipped: number;
  readonly failed: number;
  readonly phases: readonly PhaseTime[];
};

/**
 * The RTO that a restore showed (§1.4.1); undefined where it was not whole, or where most was there and only
 * compared. Nothing was rolled forward in it, so it is that of lost logs (§4.1).
 */
export function restoreResult(run: RestoredRun, now: Instant): Result | undefined {
  const { method, momentId, bytes, files, skipped, failed, phases } = run;
  const row = rowOfMethod(method);
  const minutes = totalMs(phases) / 60_000;
  if (row === undefined || failed > 0 || bytes === 0 || skipped > files) return undefined;
  return {
    row,
    quantity: "RTO",
    case: "logs lost",
    low: minutes,
    high: minutes,
    unit: "minutes",
    at: toRfc3339Nano(now),
    phases,
    bytes,
    id: momentId,
    about: `restore of ${formatBytes(bytes)}, ${plural(files, "file")}, each verified`,
  };
}

export type StoredRun = {
  readonly method: string;
  readonly momentId: string;
  readonly moments: number;
  /** All that the copy takes. */
  readonly storedBytes: number;
  /** Of the newest moment of every group in it. */
  readonly mailBytes: number;
};

/** What a copy takes as a multiple of the mail (Figure 6, cost). */
export function storageResult(run: StoredRun, now: Instant): Result | undefined {
  const { method, momentId, moments, storedBytes, mailBytes } = run;
  const row = rowOfMethod(method);
  if (row === undefined || mailBytes === 0) return undefined;
  const share = storedBytes / mailBytes;
  return {
    row,
    quantity: "storage",
    case: "logs survive",
    low: share,
    high: share,
    unit: "× data",
    at: toRfc3339Nano(now),
    bytes: mailBytes,
    id: momentId,
    about: `copy of ${plural(moments, "moment")} that takes ${formatBytes(storedBytes)} for ${formatBytes(mailBytes)} of mail`,
  };
}

/**
 * Records a result on this machine, where there is one. A run that did its work does not fail because this
 * does: it says so.
 */
export async function keepResult(
  { surroundings, output }: Pick<CommandContext, "surroundings" | "output">,
  measure: () => Promise<Result | undefined>,
): Promise<void> {
  const folder = stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 });
  try {
    const result = await measure();
    if (result === undefined) return;
    const { recordResult } = await import("./results.ts");
    await recordResult(await ownFolder(folder), result);
  } catch (error) {
    surroundings.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    output.warning(`what this run measured is not recorded: ${safeText(reason)}`);
  }
}
