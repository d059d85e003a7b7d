import { join } from "node:path";
import { addRecords, readRecords, type RecordKind } from "./recorded-lines.ts";
import type { Result } from "./result.ts";
import { readResultLine, resultLine } from "./result-line.ts";

export type ResultsRead = {
  /** In the order in which they were recorded. */
  readonly results: readonly Result[];
  /** One sentence each: what was skipped and why. */
  readonly problems: readonly string[];
};

export type RecordResultOptions = {
  /** Above this size older lines are dropped. Default 1 MiB. */
  readonly largestBytes?: number;
};

const kind: RecordKind<Result> = {
  fileName: "results.ndjson",
  plural: "results",
  write: resultLine,
  read: readResultLine,
  subject: ({ row, quantity, case: logs }) => JSON.stringify([row, quantity, logs]),
};

/** The file within the state folder: one JSON object a line, the newest last. */
export function resultsPath(folder: string): string {
  return join(folder, kind.fileName);
}

/**
 * What runs on this machine measured of whole methods. Never throws for what the file holds: a torn or
 * foreign line is skipped and told, and a file that cannot be read has no results and a problem.
 */
export async function readResults(folder: string): Promise<ResultsRead> {
  const { records, problems } = await readRecords(folder, kind);
  return { results: records, problems };
}

/**
 * Adds a result at the end, on stable storage when this returns; other processes may do the same at the same
 * time. Throws `cli.not-recorded` when that is not possible.
 */
export async function recordResult(
  folder: string,
  result: Result,
  { largestBytes }: RecordResultOptions = {},
): Promise<void> {
  await addRecords(folder, [result], { kind, largestBytes });
}
