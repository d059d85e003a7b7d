/**
 * records: what is not rebuildable. Jobs so far: what a restore did, line by line, written down before
 * and after each step, so that it can be undone, and taken up again when it was interrupted.
 *
 * Records hold names, flags and messages: every folder is 0700, every file 0600.
 */
export type { Job, JobLine } from "./job.ts";
export { type JobHead, type JobSummary, Records } from "./records.ts";
export { isRecordsError, RecordsError, type RecordsErrorCode } from "./records-error.ts";
