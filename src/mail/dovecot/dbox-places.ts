import type { RawName, RawPath } from "#image";

/**
 * Where a Dovecot account, a dbox or a Maildir, keeps what is not in its mail folder, as its
 * `mail_location` says. Each
 * within the Image. What is left out is looked for where Dovecot puts it by default.
 */
export type DboxPlaces = {
  /** `INDEX=`: has the folders of `mailboxes/` (and mdbox's `storage/`) again, with indexes in them. */
  readonly index?: RawPath;
  /** `CONTROL=`: `subscriptions`; of a Maildir its lists of UIDs and keywords too. */
  readonly control?: RawPath;
  /** `ALT=`: older messages. Default: where `dbox-alt-root` points, where that lies in the Image. */
  readonly alt?: RawPath;
  /** `mail_attachment_dir`. Default: found beside or above the account. */
  readonly attachments?: RawPath;
  /** `DIRNAME=`: the folder of a mailbox that holds its messages. Default: `dbox-Mails`. */
  readonly directoryName?: RawName;
};
