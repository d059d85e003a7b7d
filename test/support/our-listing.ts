/** What our readers say of all mail of one account, in the words of `serverListing`. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { MailAccount } from "#mail";
import type { ListedMailbox, ListedMessage } from "./server-listing.ts";

/** As the server lists it; what a layout does not say without its server is taken from there. */
export async function ourListing(
  account: MailAccount,
  said: readonly ListedMailbox[],
): Promise<readonly ListedMailbox[]> {
  const isMaildir = account.layout === "maildir";
  const mailboxes: ListedMailbox[] = [];
  for (const [index, mailbox] of (await account.mailboxes()).entries()) {
    const { messages, problems } = await account.messages(mailbox);
    assert.deepEqual([...mailbox.problems, ...problems], [], mailbox.name);
    const listed: ListedMessage[] = [];
    for (const [at, message] of messages.entries()) {
      const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
      assert.equal(bytes.length, message.sizeBytes, `${mailbox.name} ${message.uid}`);
      const text = bytes.toString("latin1").replaceAll(/(?<!\r)\n/g, "\r\n");
      listed.push({
        uid: message.uid ?? 0,
        flags: message.flags,
        keywords: message.keywords,
        internalDate: new Date(
          Number(message.internalDateNs / 1_000_000_000n) * 1000,
        ).toISOString(),
        sizeBytes: message.virtualSizeBytes ?? text.length,
        modseq: modseqOr(
          // Where the mailbox keeps none for each message, all have its own.
          message.modseq ?? mailbox.highestModseq,
          isMaildir ? said[index]?.messages[at]?.modseq : undefined,
        ),
        sha256: createHash("sha256").update(text, "latin1").digest("hex"),
      });
    }
    mailboxes.push({
      name: mailbox.name,
      uidValidity: mailbox.uidValidity ?? 0,
      uidNext: mailbox.uidNext ?? 0,
      highestModseq: modseqOr(
        mailbox.highestModseq,
        isMaildir ? said[index]?.highestModseq : undefined,
      ),
      messages: listed,
    });
  }
  return mailboxes;
}

function modseqOr(ours: bigint | undefined, otherwise: string | undefined): string {
  return ours?.toString() ?? otherwise ?? "";
}

/** What differs, message by message: the lists themselves are too long to be read. */
export function differences(
  ours: readonly ListedMailbox[],
  said: readonly ListedMailbox[],
): readonly string[] {
  const lines = (mailboxes: readonly ListedMailbox[]): ReadonlySet<string> =>
    new Set(
      mailboxes.flatMap(({ messages, ...mailbox }) => [
        JSON.stringify({ ...mailbox, messages: messages.length }),
        ...messages.map((message) => JSON.stringify({ mailbox: mailbox.name, ...message })),
      ]),
    );
  const [here, there] = [lines(ours), lines(said)];
  return [
    ...[...here].filter((line) => !there.has(line)).map((line) => `ours ${line}`),
    ...[...there].filter((line) => !here.has(line)).map((line) => `said ${line}`),
  ].sort((a, b) => (a.slice(5) < b.slice(5) ? -1 : 1));
}
