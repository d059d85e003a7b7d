/**
 * mail: what is inside an Image: stores of every layout with their mailboxes and messages, what
 * makes two messages the same, headers, and where mail is cut so that what repeats is stored once.
 *
 * Mail is hostile input: everything here is bounded in memory and time, and parsers return
 * what they understood plus `problems`.
 */
export { cutLookbackBytes, cutWhole, openCutter } from "./cut/cutter.ts";
export type { Cutter } from "./cut/cutter-port.ts";
export { type CyrusFolders, cyrusFolders } from "./cyrus/cyrus-folders.ts";
export type { CyrusPlaces } from "./cyrus/cyrus-search.ts";
export {
  parseIndexHeader as parseCyrusIndex,
  type IndexHeader as CyrusIndexHeader,
} from "./cyrus/cyrus-index.ts";
export { type CyrusMailboxName, cyrusNameIn } from "./cyrus/mailbox-owner.ts";
export { type ContentKind, contentKindOf } from "./cut/content-kind.ts";
export { deliveryTraceEnd } from "./message/delivery-trace.ts";
export { messageIdentity, messageIdentityOf } from "./message/message-identity.ts";
export { type DecodedMailboxName, decodeMailboxName, encodeMailboxName } from "./mailbox-name.ts";
export { formatMaildirName, type MaildirName, parseMaildirName } from "./maildir/maildir-name.ts";
export { isMaildirFolder } from "./maildir/maildir-find.ts";
export {
  type MailAccount,
  type MailLayout,
  mailLayouts,
  type MailStore,
  type ReadMessageOptions,
  type StoredMailbox,
  type StoredMessage,
  type StoredMessages,
  type Subscriptions,
} from "./mail-store.ts";
export { formatMboxMessage, mboxKeywordsOf, type MboxMessage } from "./mbox/mbox-format.ts";
export { mboxIdentities, mboxStart } from "./mbox/mbox-identities.ts";
export { openMboxAccount, type FoundMbox, type MboxAccountOptions } from "./mbox/mbox-account.ts";
export {
  parseFileHeader as parseDboxFileHeader,
  parseMessageHeader as parseDboxMessageHeader,
  parseMetadata as parseDboxMetadata,
} from "./dovecot/dbox-format.ts";
export {
  countedIndexBytes,
  countIndex as countDovecotIndex,
  type IndexCount as DovecotIndexCount,
  type LogPlace as DovecotLogPlace,
} from "./dovecot/index/count-index.ts";
export {
  type LogChanges as DovecotLogChanges,
  readLogChanges as readDovecotLogChanges,
  type UidRange,
  uidsIn,
} from "./dovecot/index/log-changes.ts";
export { openLogFile as openDovecotLog } from "./dovecot/index/transaction-log.ts";
export type { DboxPlaces } from "./dovecot/dbox-places.ts";
export type { MailPlaces } from "./mail-places.ts";
export { type AccountParts, partsByFacts, type PartsOf } from "./places/account-parts.ts";
export {
  expandTemplate,
  matchTemplate,
  staticFolder,
  type TemplateUser,
  withHome,
} from "./places/path-template.ts";
export { openAccountsAround, openMailStore, type OpenMailStoreOptions } from "./open-mail-store.ts";
export { type HeaderField, type ReadHeadersOptions } from "./message/header-fields.ts";
export { type MessageHeaders, readHeaders } from "./message/message-headers.ts";
export { type MailAddress } from "./message/addresses.ts";
export { type Attachment, attachmentsOf } from "./mime/attachments.ts";
export { extractText, type ExtractOptions, type MessageText, textOf } from "./mime/extract-text.ts";
export {
  type MimeMessage,
  type MimeOptions,
  type MimePart,
  readMime,
} from "./mime/mime-structure.ts";
export { decodePart, decodedText } from "./mime/decode-part.ts";
export { decodeHeaderText } from "./message/encoded-words.ts";
export {
  compressionMagicBytes,
  compressionOf,
  decompressMessage,
  type DecompressOptions,
  type MessageCompression,
  messageCompressions,
} from "./compression/message-compression.ts";
export { isMailError, MailError, type MailErrorCode } from "./mail-error.ts";
export type { MailProblem } from "./mail-problem.ts";
