import type { Measurement } from "#planner";
import { formatBytes, type Instant, toRfc3339Nano } from "#time";
import type { CommandContext } from "./command.ts";
import { ownFolder, stateFolder } from "./folders.ts";
import { plural, safeText } from "./text.ts";

/*
 * What daily work measures by the way. Small runs say nothing: their time is that of starting, not of mail.
 */
const leastBytes = 16 * 1024 ** 2;
const leastMs = 1000;
/** Least size of a store that was looked over. */
const leastScanBytes = 64 * 1024 ** 2;
/** Share of a store that may have had to be read in a run that counts as looking it over. */
const mostReadShare = 0.01;
/** Share of a store that must have been read in a run that counts as reading: the rest was only looked over. */
const leastReadShare = 0.5;

export type CaptureRun = {
  readonly momentId: string;
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly filesTotal: number;
  readonly partial: boolean;
  /** Of the walk and the capture. */
  readonly elapsedMs: number;
};

export type RestoreRun = {
  readonly momentId: string;
  readonly bytes: number;
  readonly files: number;
  /** Files that were there already and only compared. */
  readonly skipped: number;
  readonly failed: number;
  readonly elapsedMs: number;
};

/** What a capture measured of this site; [] where it was too small, or not whole. */
export function captureMeasurements(run: CaptureRun, now: Instant): readonly Measurement[] {
  const { momentId, bytesRead, bytesTotal, filesTotal, partial, elapsedMs } = run;
  if (partial || elapsedMs <= 0) return [];
  const common = { kind: "capture", at: toRfc3339Nano(now), id: momentId } as const;
  const seconds = elapsedMs / 1000;
  const store = `a store of ${formatBytes(bytesTotal)}, ${plural(filesTotal, "file")}`;
  if (bytesRead >= leastBytes && bytesRead >= leastReadShare * bytesTotal && elapsedMs >= leastMs) {
    const about = `capture of ${formatBytes(bytesRead)} of ${store}`;
    return [{ ...common, ...rate("capture_rate", bytesRead, seconds), about }];
  }
  if (bytesTotal >= leastScanBytes && bytesRead <= mostReadShare * bytesTotal) {
    const about = `capture that found ${store}, hardly changed`;
    return [{ ...common, ...rate("scan_rate", bytesTotal, seconds), about }];
  }
  return [];
}

/** What a restore measured of this site; [] where it was too small, or not whole. */
export function restoreMeasurements(run: RestoreRun, now: Instant): readonly Measurement[] {
  const { momentId, bytes, files, skipped, failed, elapsedMs } = run;
  // Where most was there already, the time is that of comparing.
  if (failed > 0 || bytes < leastBytes || elapsedMs < leastMs || skipped > files) return [];
  return [
    {
      kind: "restore",
      at: toRfc3339Nano(now),
      id: momentId,
      ...rate("dedup_rate", bytes, elapsedMs / 1000),
      about: `restore of ${formatBytes(bytes)}, ${plural(files, "file")}, verified`,
    },
  ];
}

function rate(parameter: Measurement["parameter"], bytes: number, seconds: number) {
  return { parameter, low: bytes / seconds, high: bytes / seconds, bytes, seconds } as const;
}

/**
 * Records what was measured on this machine, and returns where. A run that did its work does not fail because
 * this does: it says so and returns undefined.
 */
export async function recordMeasurements(
  { surroundings, output }: Pick<CommandContext, "surroundings" | "output">,
  list: readonly Measurement[],
): Promise<string | undefined> {
  if (list.length === 0) return undefined;
  const folder = stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 });
  try {
    const { addMeasurements, measurementsPath } = await import("./measurements.ts");
    await addMeasurements(await ownFolder(folder), list);
    return measurementsPath(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.warning(`what was measured is not recorded: ${safeText(reason)}`);
    return undefined;
  }
}
