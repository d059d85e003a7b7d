/**
 * journal: the log of every observed write of a protection group, in order, never overwritten
 * (paper §3.5): what continuous data protection replays, and what rolls any copy forward (§4.1).
 */
export {
  type ContentPiece,
  type DeliveryReply,
  type FileEvidence,
  type FileState,
  type GapReason,
  gapReasons,
  type JournalEvent,
  type JournalRecord,
  type MarkName,
  markNames,
  maxDataBytes,
  type Sequence,
} from "./journal-event.ts";
export type {
  Appended,
  Journal,
  JournalPoint,
  JournalProblem,
  JournalReader,
  JournalReadOptions,
  JournalSpan,
} from "./journal.ts";
export {
  type BaseName,
  formatBaseName,
  journalFolderName,
  parseBaseName,
} from "./journal-place.ts";
export { JournalError, type JournalErrorCode } from "./journal-error.ts";
export { memoryJournal, type MemoryJournal, type MemoryJournalOptions } from "./memory-journal.ts";
export {
  openJournal,
  type OpenJournalOptions,
  openJournalReader,
  type OpenReaderOptions as OpenJournalReaderOptions,
} from "./segments/open-journal.ts";
export { JournalMirror, type MirrorOptions, type MirrorStatus } from "./mirror/journal-mirror.ts";
export type { FolderJournal } from "./segments/folder-journal.ts";
export type { FolderJournalReader } from "./segments/folder-journal-reader.ts";
export type { SegmentFacts } from "./segments/segment-facts.ts";
export {
  changeJournalPassword,
  type JournalSecret,
  type PasswordChange as JournalPasswordChange,
} from "./segments/journal-key.ts";
