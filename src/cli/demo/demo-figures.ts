/** Figures 6 and 7 for the demo: what was measured of each copy beside the paper's and the model's numbers. */
import type { RecoveryPoint } from "#copies";
import {
  type FiguresReportOptions,
  type MeasuredResult,
  measureMoments,
  type Measurement,
  paperParameters,
  rowOfMethod,
  todaysParameters,
  withMeasurements,
} from "#planner";
import { formatBytes, toRfc3339Nano } from "#time";
import { type PhaseTime, totalMs } from "../phase-clock.ts";
import { plural } from "../text.ts";
import type { SiteResult } from "./lose-site.ts";

/** What was measured of one copy. */
type MeasuredCopy = {
  readonly row: string;
  readonly points: readonly RecoveryPoint[];
  readonly storedBytes: number;
  readonly tapes?: number;
  readonly mailBytes: number;
  readonly phases: readonly PhaseTime[];
};

/** As Figure 7 has it beside the paper's rows. */
export const duplicateRow = "Today: deduplicated copy duplicated to disk offsite every 4 hours";

export type DemoFiguresOptions = FiguresReportOptions & {
  readonly results: readonly MeasuredResult[];
};

export function demoFigures({ copies, duplicate, lossAtNs }: SiteResult): DemoFiguresOptions {
  const mailBytes = copies[0]?.kept.mailBytes ?? 0;
  const measured: readonly MeasuredCopy[] = [
    ...copies.flatMap(({ kept, rehearsed }) => {
      const row = rowOfMethod(kept.method);
      return row === undefined ? [] : [{ ...kept, row, phases: rehearsed.phases }];
    }),
    { ...duplicate, row: duplicateRow, mailBytes, phases: duplicate.restored.phases },
  ];
  const at = toRfc3339Nano(lossAtNs);
  const results = measured.flatMap((copy) => [
    ...rpoOf(copy, lossAtNs),
    rtoOf(copy, at),
    storageOf(copy, at),
  ]);
  return {
    situation: { parameters: demoParameters(mailBytes, at), rollsForward: false, share: 1 },
    of: "the demo",
    // Nothing is rolled forward here, so both cases are one (§4.1).
    results: results.flatMap((result) =>
      (["logs survive", "logs lost"] as const).map((logs) => ({ ...result, case: logs })),
    ),
  };
}

/** The mail as it was measured, and new mail in the paper's proportion to it. */
function demoParameters(mailBytes: number, at: string): ReturnType<typeof todaysParameters> {
  const about = `${formatBytes(mailBytes)} of mail on the demo's server`;
  const mail: Measurement = {
    parameter: "mail",
    low: mailBytes,
    high: mailBytes,
    kind: "moments",
    at,
    about,
  };
  const parameters = withMeasurements(todaysParameters(), [mail]);
  const paper = paperParameters();
  const share = paper.logs_per_day.high / paper.mail.high;
  const logs = mailBytes * share;
  return {
    ...parameters,
    logs_per_day: {
      low: logs,
      high: logs,
      unit: "bytes",
      origin: "assumed",
      basis: `in proportion to the mail, as the paper has ${formatBytes(paper.logs_per_day.high)} a day for ${formatBytes(paper.mail.high)}`,
    },
  };
}

/** The worst gap between moments, the loss of the site included. */
function rpoOf({ row, points }: MeasuredCopy, lossAtNs: bigint): readonly MeasuredResult[] {
  return measureMoments(points, lossAtNs).results.map((result) => ({ ...result, row }));
}

function rtoOf(
  { row, phases, mailBytes: bytes, points }: MeasuredCopy,
  at: string,
): MeasuredResult {
  const minutes = totalMs(phases) / 60_000;
  const files = points.at(-1)?.files;
  const what = files === undefined ? "" : `, ${plural(files, "file")}`;
  return {
    row,
    quantity: "RTO",
    case: "logs lost",
    at,
    bytes,
    phases,
    measured: {
      low: minutes,
      high: minutes,
      unit: "minutes",
      origin: "measured",
      basis: `everything restored, ${formatBytes(bytes)}${what}, each message compared by its hash`,
    },
  };
}

function storageOf(copy: MeasuredCopy, at: string): MeasuredResult {
  const { row, storedBytes, tapes, mailBytes: bytes, points } = copy;
  const value = tapes ?? storedBytes / Math.max(1, bytes);
  const on = tapes === undefined ? "" : ` on ${plural(tapes, "tape")}`;
  return {
    row,
    quantity: "storage",
    case: "logs lost",
    at,
    bytes,
    measured: {
      low: value,
      high: value,
      unit: tapes === undefined ? "× data" : "count",
      origin: "measured",
      basis: `${plural(points.length, "moment")} of ${formatBytes(bytes)} of mail in ${formatBytes(storedBytes)}${on}`,
    },
  };
}
