/** What a line of Dovecot's mail_log plugin says (src/plugins/mail-log of Dovecot 2.3, and 2.4). Never throws. */

export type MailLogLine = {
  readonly user: string;
  /**
   * Names that the changed mailbox may have, best first: where a name ends cannot always be told, and one that is
   * longer than 63 characters is cut off. Absent: mailboxes came, went or were renamed, or it is not said which.
   */
  readonly mailboxes?: readonly string[];
};

/**
 * `[date] [host dovecot:] service(user)<pid><session>: [Info: ]what`, as `mail_log_prefix` has it by default.
 * The first that looks so counts: what users and senders write comes after it.
 */
const prefix =
  /^(?:[^(]{0,120}?[\s:])?(?:imap|pop3|lmtp|lda|doveadm|dsync[a-z-]{0,20}|submission|managesieve|indexer-worker|quota-status)\((?:\d{1,10}, ?)?([^()<>]{1,320})\)(?:<[^<>]{0,120}>){0,3}: (?:Info: )?/;
const change = /^(?:delete|undelete|expunge|save|copy|flag_change|append)(?:: | from )/;
const mailboxChange = /^Mailbox (?:created|deleted|renamed|subscribed|unsubscribed): /;
/** What comes after a mailbox's name: by default its UID. */
const fieldAfter = /, (?:uid|msgid|size|vsize|flags|from|subject)=/;
const uidAfter = /, uid=\d/g;
/** What comes after that is the sender's. */
const sendersField = /, (?:msgid|from|subject)=/;
const mostNames = 4;

/** `line` has one character per byte. Undefined where it tells of no change. */
export function parseMailLogLine(line: string): MailLogLine | undefined {
  const found = prefix.exec(line);
  const user = found?.[1];
  if (found === null || user === undefined) return undefined;
  const what = line.slice(found[0].length);
  if (mailboxChange.test(what)) return { user: textOf(user) };
  if (!change.test(what)) return undefined;
  const at = what.indexOf(": box=");
  if (at < 0) return { user: textOf(user) };
  return { user: textOf(user), mailboxes: namesIn(what.slice(at + ": box=".length)).map(textOf) };
}

/** A name may itself have ", uid=7" in it. */
function namesIn(fields: string): readonly string[] {
  const sender = sendersField.exec(fields);
  const own = sender === null ? fields : fields.slice(0, sender.index);
  const ends = [...own.matchAll(uidAfter)].map(({ index }) => index);
  const [first = fieldAfter.exec(fields)?.index ?? fields.length] = ends;
  return [first, ...ends.slice(1, mostNames)].map((end) => fields.slice(0, end));
}

function textOf(raw: string): string {
  return Buffer.from(raw, "latin1").toString("utf8");
}
