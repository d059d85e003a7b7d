import { join } from "node:path";
import type { Measurement } from "#planner";
import { measurementLine, readMeasurementLine } from "./measurement-line.ts";
import { addRecords, readRecords, type RecordKind } from "./recorded-lines.ts";

export type MeasurementsRead = {
  /** In the order in which they were recorded. */
  readonly measurements: readonly Measurement[];
  /** One sentence each: what was skipped and why. */
  readonly problems: readonly string[];
};

export type AddMeasurementsOptions = {
  /** Above this size older lines are dropped. Default 1 MiB. */
  readonly largestBytes?: number;
};

const kind: RecordKind<Measurement> = {
  fileName: "measurements.ndjson",
  plural: "measurements",
  write: measurementLine,
  read: readMeasurementLine,
  subject: ({ parameter }) => parameter,
};

/** The file within the state folder: one JSON object a line, the newest last. */
export function measurementsPath(folder: string): string {
  return join(folder, kind.fileName);
}

/**
 * What was measured on this machine. Never throws for what the file holds: a torn or foreign line is
 * skipped and told, and a file that cannot be read has no measurements.
 */
export async function readMeasurements(folder: string): Promise<MeasurementsRead> {
  const { records, problems } = await readRecords(folder, kind);
  return { measurements: records, problems };
}

/**
 * Adds lines at the end, on stable storage when this returns; other processes may do the same at the same
 * time. Throws `cli.not-recorded` when that is not possible.
 */
export async function addMeasurements(
  folder: string,
  list: readonly Measurement[],
  { largestBytes }: AddMeasurementsOptions = {},
): Promise<void> {
  await addRecords(folder, list, { kind, largestBytes });
}
