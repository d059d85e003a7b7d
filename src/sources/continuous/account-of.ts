import type { RawPath } from "#image";

/** Where the mail of one account begins: Maildir++, dbox, a Cyrus mailbox, and what Dovecot keeps beside them. */
const marker =
  /(?:^|\/)(?:(?:cur|new|tmp|mailboxes|storage|dbox-Mails)(?:\/|$)|\.[^/]|dovecot[.-]|cyrus\.|\d+\.$)/;

/**
 * The folder that is changed as one: messages, indexes and lists in it belong together, and what lies elsewhere may
 * be looked at apart. A file where no layout is recognised, as an mbox, stands for itself.
 */
export function accountOf(path: RawPath): RawPath {
  const at = path.search(marker);
  return at < 0 ? path : (path.slice(0, at) as RawPath);
}
