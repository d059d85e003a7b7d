import type { Interval, Unit } from "../quantity.ts";
import type { Combination, DisasterChoice, OperationalChoice } from "./choices.ts";

/** A cell as the paper prints it: a number, a range, or a word where it gives no number. */
export type Printed = number | readonly [low: number, high: number] | string;

/** One row of Figure 6 or 7 with the choice that the model computes it for. */
export type FigureRow = {
  readonly figure: 6 | 7;
  /** As printed, group and row. */
  readonly row: string;
  readonly choice: Pick<Combination, "operational" | "disaster">;
  /** Hours; printed for the case that the logs are lost, unless mirrors keep them. */
  readonly rpo: Printed;
  /** Minutes. */
  readonly rto: Printed;
  readonly cost: PrintedCost;
  /** Which case the printed RPO and RTO mean. */
  readonly rpoCase: LogCase;
  readonly rtoCase: LogCase;
};

export type LogCase = "logs survive" | "logs lost";

/** A cost cell: words of the paper, and the number in them. */
export type PrintedCost = {
  readonly words: string;
  readonly value: Printed;
  readonly unit: Extract<Unit, "× data" | "count">;
};

const day = 24;

function operational(
  method: OperationalChoice["method"],
  everyHours: number,
  more: Partial<OperationalChoice> = {},
): OperationalChoice {
  return { method, everyHours, reachHours: day, ...more };
}

function disaster(
  option: DisasterChoice["option"],
  everyHours: number,
  mirroredLogs = false,
): DisasterChoice {
  return { option, everyHours, mirroredLogs, reachHours: everyHours };
}

const tapes = (words: string): PrintedCost => ({ words, value: "Tapes", unit: "count" });
const timesData = (words: string, value: Printed): PrintedCost => ({
  words,
  value,
  unit: "× data",
});

/** Operational rows: RPO is printed for lost logs, RTO for logs that are played back (§4.1). */
function row6(
  row: string,
  choice: OperationalChoice,
  printed: { readonly rpo: Printed; readonly rto: Printed; readonly cost: PrintedCost },
): FigureRow {
  return {
    figure: 6,
    row,
    choice: { operational: choice },
    ...printed,
    rpoCase: "logs lost",
    rtoCase: "logs survive",
  };
}

function row7(
  row: string,
  choice: { readonly operational: OperationalChoice; readonly disaster: DisasterChoice },
  printed: {
    readonly rpo: Printed;
    readonly rto: Printed;
    readonly cost: PrintedCost;
    readonly logs: LogCase;
  },
): FigureRow {
  const { logs, ...cells } = printed;
  return { figure: 7, row, choice, ...cells, rpoCase: logs, rtoCase: logs };
}

const tapeDaily = operational("tape", day);
const clones = operational("clones", 12);
const cdp: OperationalChoice = { method: "cdp", everyHours: 0, reachHours: day };
const oneTimesData = timesData("Disk: 1x data size", 1);

/** Figure 6: Summary of Operational Recovery Tiers of Service. */
export const figure6: readonly FigureRow[] = [
  row6("Backup copy from Tape: Daily DB & Logs", tapeDaily, {
    rpo: 24,
    rto: [66, 153],
    cost: tapes("Tapes"),
  }),
  row6(
    "Backup copy from Tape: Daily DB, plus Logs every 6 hrs",
    operational("tape", day, { logsEveryHours: 6 }),
    { rpo: 6, rto: [70, 162], cost: tapes("Additional tapes for logs") },
  ),
  row6("Backup copy from Disk: Daily DB & Logs", operational("disk", day), {
    rpo: 24,
    rto: 62,
    cost: timesData("Disk: approx 1x data size", 1),
  }),
  row6(
    "Backup copy from Disk: Daily DB, plus Logs every 6 hrs",
    operational("disk", day, { logsEveryHours: 6 }),
    { rpo: 6, rto: 64, cost: timesData("Additional disk for logs", 1 + 1 / 30) },
  ),
  row6("Clone", operational("clones", 12, { reachHours: 12 }), {
    rpo: 12,
    rto: 25,
    cost: timesData("Disk: 1x data size per clone", 1),
  }),
  // 0.2 is 10 % a day for two days (§3.4.5), as in the example of 12 GB on 60.
  row6("Delta Snapshot", operational("deltas", 4, { reachHours: 2 * day }), {
    rpo: 4,
    rto: 10,
    cost: timesData("Disk: ~ 0.2x data size", 0.2),
  }),
  row6("Continuous Data Protection", cdp, {
    rpo: 0,
    rto: [5, 30],
    cost: timesData(
      "Disk: varies by change rate, and retention period (§3.5.5: 1.5 to 2 times)",
      [1.5, 2],
    ),
  }),
];

const minutes = "Minutes";

/** Figure 7: Summary of Disaster Recovery Tiers of Service. */
export const figure7: readonly FigureRow[] = [
  row7(
    "From Tape: Tape only – no log playback",
    { operational: tapeDaily, disaster: disaster("ship-tapes", day) },
    { rpo: 24, rto: [21, 108], cost: tapes("Tapes"), logs: "logs lost" },
  ),
  row7(
    "From Tape: Tape plus mirrors for logs only",
    { operational: tapeDaily, disaster: disaster("ship-tapes", day, true) },
    { rpo: 0, rto: [66, 153], cost: tapes("Tapes plus disk for logs"), logs: "logs survive" },
  ),
  row7(
    "From remote replicas of database: Remote copy of local snapshot",
    { operational: clones, disaster: disaster("snapshots-copied", 12) },
    { rpo: 12, rto: 5, cost: timesData("Disk: 1x data size/copy", 1), logs: "logs lost" },
  ),
  row7(
    "From remote replicas of database: Remote copy of local snapshot plus mirrors for logs only",
    { operational: clones, disaster: disaster("snapshots-copied", 12, true) },
    {
      rpo: 0,
      rto: 25,
      cost: timesData("Disk: max log size plus 1x database size/copy", 1 + 1 / 60),
      logs: "logs survive",
    },
  ),
  row7(
    "From async replicas of database and logs: App-based async mirror",
    { operational: tapeDaily, disaster: disaster("mirror-application", 0) },
    { rpo: minutes, rto: minutes, cost: oneTimesData, logs: "logs lost" },
  ),
  row7(
    "From async replicas of database and logs: Host-based async mirror",
    { operational: tapeDaily, disaster: disaster("mirror-host", 0) },
    { rpo: minutes, rto: minutes, cost: oneTimesData, logs: "logs lost" },
  ),
  row7(
    "From async replicas of database and logs: Array-based async mirror",
    { operational: tapeDaily, disaster: disaster("mirror-array", 0) },
    { rpo: minutes, rto: minutes, cost: oneTimesData, logs: "logs lost" },
  ),
  row7(
    "Protected CDP: Mirrored CDP storage",
    {
      operational: cdp,
      disaster: { option: "protected-cdp", everyHours: 0, mirroredLogs: false, reachHours: day },
    },
    {
      rpo: 0,
      rto: [5, 30],
      cost: timesData("Disk: 1 x CDP storage size (§3.5.5: 1.5 to 2 times the data)", [1.5, 2]),
      logs: "logs lost",
    },
  ),
  row7(
    "From sync mirrors: Sync mirrors",
    { operational: tapeDaily, disaster: disaster("mirror-sync", 0) },
    { rpo: 0, rto: 5, cost: oneTimesData, logs: "logs lost" },
  ),
  row7(
    "From sync mirrors: Sync mirrors with cluster failover",
    { operational: tapeDaily, disaster: disaster("mirror-failover", 0) },
    { rpo: 0, rto: "Automatic", cost: oneTimesData, logs: "logs lost" },
  ),
];

/** The interval in a printed cell; undefined for a word. */
export function printedInterval(printed: Printed): Interval | undefined {
  if (typeof printed === "string") return undefined;
  if (typeof printed === "number") return { low: printed, high: printed };
  return { low: printed[0], high: printed[1] };
}
