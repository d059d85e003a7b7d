import type { DisasterChoice, OperationalChoice } from "./choices.ts";
import type { FigureRow } from "./paper-cells.ts";

const unprinted = {
  rpo: "",
  rto: "",
  cost: { words: "", value: "", unit: "× data" },
  rpoCase: "logs lost",
  rtoCase: "logs survive",
} as const;

const quarterYear = 90 * 24;
const deduplicated: OperationalChoice = {
  method: "disk-deduplicated",
  everyHours: 1,
  reachHours: quarterYear,
};
const journal: OperationalChoice = { method: "journal", everyHours: 0, reachHours: quarterYear };

function duplicate(option: DisasterChoice["option"]): DisasterChoice {
  return { option, everyHours: 4, mirroredLogs: false, reachHours: quarterYear };
}

/** What this version of Restante does by itself: its measured results belong to this row. */
export const deduplicatedRow = "Today: backup to deduplicated disk every hour";

/** Today's methods, in the form of the paper's rows; it prints nothing for them. */
export const todaysRows: readonly FigureRow[] = [
  {
    figure: 6,
    row: deduplicatedRow,
    choice: { operational: deduplicated },
    ...unprinted,
  },
  {
    figure: 6,
    row: "Today: backup to object storage every 4 hours",
    choice: { operational: { method: "object-storage", everyHours: 4, reachHours: quarterYear } },
    ...unprinted,
  },
  {
    figure: 6,
    row: "Today: journal of objects",
    choice: { operational: journal },
    ...unprinted,
  },
  {
    figure: 7,
    row: "Today: deduplicated copy duplicated to disk offsite every 4 hours",
    choice: { operational: deduplicated, disaster: duplicate("duplicate-disk") },
    ...unprinted,
  },
  {
    figure: 7,
    row: "Today: deduplicated copy duplicated to object storage every 4 hours",
    choice: { operational: deduplicated, disaster: duplicate("duplicate-object-storage") },
    ...unprinted,
  },
  {
    figure: 7,
    row: "Today: journal streamed to a second host",
    choice: {
      operational: journal,
      disaster: {
        option: "protected-cdp",
        everyHours: 0,
        mirroredLogs: false,
        reachHours: quarterYear,
      },
    },
    ...unprinted,
  },
];
