/**
 * What a line of Cyrus's sync_log says: a word and names, each plain or in quotes, within which a backslash stands
 * before a quote, a backslash or a brace (Cyrus IMAP 3.6, imap/sync_log.c).
 *
 * | line                                                   | what changed                             |
 * | ------------------------------------------------------ | ---------------------------------------- |
 * | `MAILBOX`, `APPEND`, `ACL`, `ANNOTATION`, `UNMAILBOX`… | the mailbox of that name                 |
 * | `RENAME from to`                                       | both                                     |
 * | `SEEN user mailbox`, `SUB user mailbox`                | what is kept of that user                |
 * | `USER user`, `META user`, `SIEVE user`, `UNUSER user`  | the user, with all mailboxes, or without |
 * | `QUOTA root`                                           | a quota: among the databases             |
 *
 * Never throws.
 */
export type SyncLogLine = {
  /** Internal names, one character per byte. */
  readonly mailboxes: readonly string[];
  readonly user?: string;
  /** All mailboxes of the user. */
  readonly isWhole?: boolean;
  /** The list of mailboxes may be another now. */
  readonly isOfList: boolean;
};

const ofUser: ReadonlySet<string> = new Set(["USER", "UNUSER", "META", "SIEVE"]);
const ofBoth: ReadonlySet<string> = new Set(["SEEN", "SUB", "UNSUB"]);
const ofList: ReadonlySet<string> = new Set(["RENAME", "UNMAILBOX", "UNUSER", "USER"]);

/** Undefined where the line cannot be understood. */
export function parseSyncLogLine(line: string): SyncLogLine | undefined {
  const [word = "", ...names] = wordsOf(line) ?? [];
  if (!/^[A-Z_]{2,30}$/.test(word) || names.length === 0 || names.length > 8) return undefined;
  const isOfList = ofList.has(word);
  const [first = ""] = names;
  if (ofUser.has(word)) return { mailboxes: [], user: first, isWhole: isOfList, isOfList };
  if (ofBoth.has(word)) return { mailboxes: [], user: first, isOfList };
  return { mailboxes: word === "QUOTA" ? [] : names, isOfList };
}

function wordsOf(line: string): readonly string[] | undefined {
  const words: string[] = [];
  const word = /"((?:[^"\\]|\\.){0,4096})"(?= |$)|([^ "]{1,4096})(?= |$)/y;
  for (let at = 0; at < line.length; at = word.lastIndex + 1) {
    word.lastIndex = at;
    const found = word.exec(line);
    if (found === null) return undefined;
    words.push(found[2] ?? (found[1] ?? "").replaceAll(/\\(.)/g, "$1"));
  }
  return words;
}
