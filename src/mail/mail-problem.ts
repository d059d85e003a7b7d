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
    | "encoded-word";
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
