import { operationalMethods, type OperationalMethodId } from "../figure-1/index.ts";
import { figure6, figure7 } from "./paper-cells.ts";
import { deduplicatedRow, todaysRows } from "./todays-rows.ts";

/** The row of Figure 6 that what a method measures belongs to. */
export const rowsOfMethods: Readonly<Record<OperationalMethodId, string>> = {
  tape: "Backup copy from Tape: Daily DB & Logs",
  disk: "Backup copy from Disk: Daily DB & Logs",
  // The paper counts it among backup to disk (§3.2.2); what is measured are tapes that are read.
  "virtual-tape": "Backup copy from Tape: Daily DB & Logs",
  "disk-deduplicated": deduplicatedRow,
  "object-storage": "Today: backup to object storage every 4 hours",
  clones: "Clone",
  deltas: "Delta Snapshot",
  cdp: "Continuous Data Protection",
  journal: "Today: journal of objects",
};

/** Words that copies have for their method and Figure 1 has not: our backup to disk is deduplicated. */
const otherWords: ReadonlyMap<string, OperationalMethodId> = new Map([
  ["backup to disk", "disk-deduplicated"],
]);

/** The row of a method, by its name of the configuration or by the words that its copies have. */
export function rowOfMethod(method: string): string | undefined {
  const ids = Object.keys(operationalMethods) as OperationalMethodId[];
  const id =
    ids.find((one) => one === method || operationalMethods[one].name === method) ??
    otherWords.get(method);
  return id === undefined ? undefined : rowsOfMethods[id];
}

/** Whether one of the figures has this row: the paper's, or today's beside them. */
export function isFigureRow(row: string): boolean {
  return [...figure6, ...figure7, ...todaysRows].some((one) => one.row === row);
}
