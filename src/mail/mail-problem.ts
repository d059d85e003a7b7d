/** Bad mail is data: what a parser could not make sense of, beside what it understood. */
export type MailProblem = {
  readonly code:
    | "mailbox-name"
    | "uid-list"
    | "keywords"
    | "subscriptions"
    | "message-name"
    | "duplicate-message"
    | "not-a-message"
    | "unreadable"
    | "too-deep"
    | "header"
    | "encoded-word"
    | "charset"
    /** How a message is divided into parts, or how a part is encoded. */
    | "mime"
    /** A part of the store that says what is there: an index, a map, a list of mailboxes. */
    | "index"
    /** A message that the store lists and does not hold whole. */
    | "damaged";
  /** One sentence in plain words. */
  readonly message: string;
};

/** How many problems of one thing are kept; the rest is counted by nobody. */
export const problemLimit = 100;

export function addProblem(
  problems: MailProblem[],
  code: MailProblem["code"],
  message: string,
): void {
  if (problems.length < problemLimit) problems.push({ code, message });
}
