/**
 * records: what is not rebuildable. Jobs: what a restore did, line by line, written down before and after
 * each step, so that it can be undone, and taken up again when it was interrupted. Alarms, and holds:
 * what retention must not drop until a person releases it.
 *
 * Records hold names, flags and messages: every folder is 0700, every file 0600.
 */
export type { Job, JobLine } from "./job.ts";
export { type JobHead, type JobSummary, Records } from "./records.ts";
export {
  type Alarm,
  alarmsIn,
  type Hold,
  holdsIn,
  type NumberedAlarm,
  type NumberedHold,
} from "./holds.ts";
export { NumberedRecords } from "./numbered-records.ts";
export { isRecordsError, RecordsError, type RecordsErrorCode } from "./records-error.ts";
