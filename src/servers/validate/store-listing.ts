import { displayPath, type Image, type MailboxCount, type RawPath } from "#image";
import { type MailAccount, openMailStore, type StoredMailbox, type StoredMessage } from "#mail";
import type { Findings } from "./findings.ts";

/** One mailbox of a frozen store, as our own reader sees it. */
export type ListedMailbox = StoredMailbox & {
  /** The account's folder within the Image. */
  readonly account: RawPath;
  readonly reader: MailAccount;
  readonly messages: readonly StoredMessage[];
};

const keptCounts = 1000;
/** What a reader may report of a store that is whole all the same. */
const tellingCodes: ReadonlySet<string> = new Set([
  "uid-list",
  "keywords",
  "unreadable",
  "index",
  "damaged",
]);

/**
 * Every mailbox with every message, in whichever layout. Throws ImageError where a folder cannot be
 * listed. A store without any mailbox is a finding: an empty folder must not pass for a mail store.
 */
export async function listStore(
  image: Image,
  { findings, signal }: { readonly findings: Findings; readonly signal?: AbortSignal | undefined },
): Promise<readonly ListedMailbox[]> {
  const store = await openMailStore(image, signal === undefined ? {} : { signal });
  const listed: ListedMailbox[] = [];
  for (const { code, message } of store.problems)
    if (tellingCodes.has(code)) findings.add(sentence(message));
  for (const reader of store.accounts) {
    for (const mailbox of await reader.mailboxes(signal)) {
      signal?.throwIfAborted();
      const { messages, problems } = await reader.messages(mailbox, signal);
      for (const { code, message } of [...mailbox.problems, ...problems]) {
        if (!tellingCodes.has(code)) continue;
        findings.add(`${nameOf(reader.root, mailbox.name)}: ${sentence(message)}`);
      }
      listed.push({ ...mailbox, account: reader.root, reader, messages });
    }
  }
  if (listed.length === 0)
    findings.add("There is no mailbox in it: no Maildir, no dbox, no mbox, no Cyrus spool.");
  return listed;
}

function sentence(message: string): string {
  return `${message.replace(/\.$/, "")}.`;
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
