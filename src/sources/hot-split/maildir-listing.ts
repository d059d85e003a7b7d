import { displayPath, type Image, type MailboxCount, type RawPath } from "#image";
import { type StoredMailbox, type StoredMessage, openMailStore } from "#mail";
import type { Findings } from "./findings.ts";

/** One mailbox of a frozen store, as our own reader sees it. */
export type ListedMailbox = StoredMailbox & {
  /** The account's folder within the Image. */
  readonly account: RawPath;
  readonly messages: readonly StoredMessage[];
};

const keptCounts = 1000;

/**
 * Every mailbox with every message. Throws ImageError where a folder cannot be listed. A store
 * without any Maildir is a finding: an empty folder must not pass for a mail store.
 */
export async function listMaildirs(
  image: Image,
  { findings, signal }: { readonly findings: Findings; readonly signal?: AbortSignal | undefined },
): Promise<readonly ListedMailbox[]> {
  const store = await openMailStore(image);
  const listed: ListedMailbox[] = [];
  for (const { code, message } of store.problems)
    if (code === "unreadable") findings.add(`${message}.`.replace(/\.\.$/, "."));
  for (const account of store.accounts) {
    for (const mailbox of await account.mailboxes()) {
      signal?.throwIfAborted();
      const { messages, problems } = await account.messages(mailbox);
      for (const { code, message } of [...mailbox.problems, ...problems]) {
        if (code !== "uid-list" && code !== "keywords" && code !== "unreadable") continue;
        findings.add(`${nameOf(account.root, mailbox.name)}: ${message.replace(/\.$/, "")}.`);
      }
      listed.push({ ...mailbox, account: account.root, messages });
    }
  }
  if (listed.length === 0) findings.add("There is no Maildir in it.");
  return listed;
}

/** For people. */
export function nameOf(account: RawPath, mailbox: string): string {
  const name = displayPath(Buffer.from(mailbox, "utf8").toString("latin1") as RawPath);
  return account === "" ? `Mailbox "${name}"` : `Mailbox "${name}" of "${displayPath(account)}"`;
}

export function countsOf(listed: readonly ListedMailbox[]): {
  readonly mailboxes: number;
  readonly messages: number;
  readonly counts: readonly MailboxCount[];
} {
  const counts = listed.slice(0, keptCounts).map((one) => ({
    account: displayPath(one.account),
    mailbox: one.name,
    messages: one.messages.length,
    ...(one.uidValidity === undefined ? {} : { uidValidity: one.uidValidity }),
    ...(one.uidNext === undefined ? {} : { uidNext: one.uidNext }),
  }));
  const messages = listed.reduce((sum, one) => sum + one.messages.length, 0);
  return { mailboxes: listed.length, messages, counts };
}
