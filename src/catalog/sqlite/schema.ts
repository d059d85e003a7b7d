/**
 * The tables. All SQL of the catalog is in this folder, and as plain as may be.
 *
 * | table     | one row is                                                                     |
 * | --------- | ------------------------------------------------------------------------------ |
 * | setting   | what the whole is made with                                                    |
 * | history   | moments that follow one another: group, machine, folders                       |
 * | moment    | one moment; `done` 0 while it is being told                                    |
 * | note      | a fingerprint noted at the newest moment of a history, to compare the next with |
 * | account   | the mail of one owner in one history                                           |
 * | mailbox   | one mailbox of it; `now` is the kind of its newest sighting                    |
 * | sighting  | what moments one after another say alike of a mailbox                          |
 * | message   | a message; `id` grows with its date, see message-ids.ts                         |
 * | words     | what it is found by, `rowid` being the message's `id`                          |
 * | content   | bytes that were read: digest of their fingerprint → message                    |
 * | label     | flags and keywords that occur together                                         |
 * | placement | a message in a mailbox, in one state, over sightings                           |
 * | lost      | a message that no mailbox of an account holds at its newest moment             |
 *
 * `words` has the text first: in whatever column comes first FTS5 keeps two bytes less of each word of
 * each message. An open end (`last_order`, `last_sighting`) is NULL: what did not change is not written again.
 */
export const schemaVersion: number = 1;

export const schema: string = `
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE history (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE moment (
  id INTEGER PRIMARY KEY,
  history INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  point TEXT NOT NULL,
  facts TEXT NOT NULL,
  at_ns INTEGER NOT NULL,
  problems TEXT NOT NULL,
  done INTEGER NOT NULL,
  UNIQUE (history, ordinal)
) STRICT;
CREATE INDEX moment_point ON moment (point);
CREATE TABLE note (
  history INTEGER NOT NULL,
  name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (history, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  history INTEGER NOT NULL,
  layout TEXT NOT NULL,
  root TEXT NOT NULL,
  owner TEXT NOT NULL,
  UNIQUE (history, root, owner, layout)
) STRICT;
CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  now TEXT NOT NULL,
  lists INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  fingerprint TEXT,
  UNIQUE (account, name, path)
) STRICT;
CREATE TABLE sighting (
  mailbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  first_order INTEGER NOT NULL,
  last_order INTEGER,
  kind TEXT NOT NULL,
  PRIMARY KEY (mailbox, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  identity BLOB NOT NULL UNIQUE,
  date_s INTEGER,
  size INTEGER NOT NULL,
  subject TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,
  copies TEXT NOT NULL,
  message_id TEXT NOT NULL,
  attachments TEXT NOT NULL,
  has_attachment INTEGER NOT NULL
) STRICT;
CREATE TABLE content (
  digest BLOB PRIMARY KEY,
  message INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE label (
  id INTEGER PRIMARY KEY,
  flags TEXT NOT NULL,
  keywords TEXT NOT NULL,
  UNIQUE (flags, keywords)
) STRICT;
CREATE TABLE placement (
  id INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  message INTEGER NOT NULL,
  first_sighting INTEGER NOT NULL,
  last_sighting INTEGER,
  label INTEGER NOT NULL,
  uid INTEGER,
  date_ns INTEGER NOT NULL,
  size INTEGER NOT NULL,
  key TEXT NOT NULL
) STRICT;
CREATE INDEX placement_message ON placement (message, mailbox);
CREATE INDEX placement_mailbox ON placement (mailbox, last_sighting, message);
CREATE TABLE lost (
  message INTEGER NOT NULL,
  account INTEGER NOT NULL,
  PRIMARY KEY (message, account)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
  text, subject, sender, recipients, copies, attachments,
  content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
PRAGMA user_version = ${schemaVersion};
`;
