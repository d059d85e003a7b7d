/**
 * mail: what is inside an Image: where mail is cut so that what repeats is stored once, what
 * makes two messages the same, and Maildirs with their mailboxes, messages and headers.
 *
 * Mail is hostile input: everything here is bounded in memory and time, and parsers return
 * what they understood plus `problems`.
 */
export { cutLookbackBytes, cutWhole, openCutter } from "./cutter.ts";
export type { Cutter } from "./cutter-port.ts";
export { type ContentKind, contentKindOf } from "./content-kind.ts";
export { messageIdentity, messageIdentityOf } from "./message-identity.ts";
export { type DecodedMailboxName, decodeMailboxName, encodeMailboxName } from "./mailbox-name.ts";
export { formatMaildirName, type MaildirName, parseMaildirName } from "./maildir-name.ts";
export { isMaildirFolder } from "./maildir-find.ts";
export {
  type MaildirAccount,
  type MaildirMailbox,
  type MaildirMessage,
  type MaildirMessages,
  type MaildirStore,
  openMaildirStore,
} from "./maildir-store.ts";
export {
  type HeaderField,
  type MessageHeaders,
  readHeaders,
  type ReadHeadersOptions,
} from "./message-headers.ts";
export { decodeHeaderText } from "./encoded-words.ts";
export type { MailProblem } from "./mail-problem.ts";
