/**
 * recovery: what a person sees before anything is written, and then putting it back: a server, a
 * mailbox, a folder or one message, to a folder or onto the living store.
 *
 * `planRestore` compares an Image with the target and says what would be created, merged, moved,
 * skipped or left alone; `applyRestore` does it, verifies every file by hash, and can be run
 * again after it was killed. Additive by default; exact on request, with what it removes kept in an undo
 * folder. Onto a living Maildir, messages are matched by identity across the whole mailbox.
 * `diffImages` says what changed between two moments; `exportMail` writes any mail out as mbox, .eml
 * files, Maildir or zip.
 *
 * Into a running server, message by message: `planMessages` and `applyMessages` compare an owner's mail
 * with the living account (IMAP) and append what is missing, `undoMessages` puts things back as they
 * were before, by what the job's record says.
 */
export { planRestore, type PlanRestoreOptions } from "./plan-restore.ts";
export { applyRestore, type ApplyRestoreOptions } from "./apply-restore.ts";
export {
  diffImages,
  type DiffImagesOptions,
  type DifferenceCounts,
  type ImageDifference,
  type ImageDifferences,
} from "./diff-images.ts";
export {
  type RestoreCounts,
  type RestoreFailure,
  type RestoreMode,
  restoreModes,
  type RestorePlan,
  type RestoreProgress,
  type RestoreResult,
  type RestoreStep,
} from "./restore-plan.ts";
export {
  type ExportFailure,
  exportMail,
  type ExportMailOptions,
  type ExportProgress,
  type ExportResult,
  type ExportSource,
} from "./export/export-mail.ts";
export { type ExportFormat, exportFormats, type ExportLevels } from "./export/export-writer.ts";
export { ExportError, type ExportErrorCode } from "./export/export-error.ts";
export { RestoreError, type RestoreErrorCode } from "./restore-error.ts";
export { type DoveadmOptions, doveadmServer } from "./living/imap/doveadm-imap.ts";
export { type ImapAccountOptions, openImapAccount } from "./living/imap/imap-account.ts";
export {
  type ImapLogin,
  type ImapServer,
  imapServerText,
  isLoopback,
} from "./living/imap/imap-server.ts";
export type { LivingAccount } from "./living/living-account.ts";
export { isLivingError, LivingError, type LivingErrorCode } from "./living/living-error.ts";
export type { MessageSelection } from "./messages/collect-past.ts";
export {
  type FlagPolicy,
  flagPolicies,
  type MessageCounts,
  type MessagePlan,
  type MessageStep,
} from "./messages/message-plan.ts";
export { planMessages, type PlanMessagesOptions } from "./messages/plan-messages.ts";
export {
  applyMessages,
  type ApplyMessagesOptions,
  type MessageFailure,
  type MessageResult,
} from "./messages/apply-messages.ts";
export { messageJobKind } from "./messages/restore-journal.ts";
export {
  settleMessages,
  type UndoCounts,
  undoMessages,
  type UndoMessagesOptions,
  type UndoResult,
} from "./messages/undo-messages.ts";
export {
  diffAccounts,
  type DiffAccountsOptions,
  type MailDifference,
  type MailDifferences,
  type Placed,
} from "./diff-accounts.ts";
export { filesJobKind, writeOutcome, writeSteps } from "./files/files-journal.ts";
export {
  undoFiles,
  type UndoFilesCounts,
  type UndoFilesOptions,
  type UndoFilesResult,
} from "./files/undo-files.ts";
