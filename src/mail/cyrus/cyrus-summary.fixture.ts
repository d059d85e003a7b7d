/** A small store of four mailboxes, and what is in a store as comparable text. */
import assert from "node:assert/strict";
import { memoryImage } from "#image";
import type { MailAccount } from "../mail-store.ts";
import { openMailStore, type OpenMailStoreOptions } from "../open-mail-store.ts";
import { type FixtureMailbox, type FixtureNodes } from "./cyrus.fixture.ts";

export const inbox: FixtureMailbox = {
  name: "user.cass",
  uniqueId: "a1inbox",
  uidValidity: 17,
  flagNames: ["Wichtig"],
  recentUid: 1,
  messages: [
    { uid: 1, bytes: "Subject: 1\r\n\r\n", flags: ["\\Seen"], userFlags: [0] },
    { uid: 2, bytes: "Subject: 2\r\n\r\n" },
    { uid: 4, bytes: "Subject: 4\r\n\r\n", isExpunged: true },
  ],
};
export const sent: FixtureMailbox = {
  name: "user.cass.Sent",
  uniqueId: "b2sent",
  uidValidity: 18,
  messages: [{ uid: 7, bytes: "Subject: 7\r\n\r\n" }],
};
export const other: FixtureMailbox = {
  name: "example.org!user.john^doe",
  uniqueId: "c3john",
  uidValidity: 19,
  messages: [],
};
export const shared: FixtureMailbox = {
  name: "public.news",
  uniqueId: "d4news",
  uidValidity: 20,
  recentUid: 9,
  messages: [
    { uid: 5, bytes: "Subject: 5\r\n\r\n", flags: ["\\Flagged"] },
    { uid: 6, bytes: "Subject: 6\r\n\r\n", flags: ["\\Seen"] },
  ],
};
export const all: readonly FixtureMailbox[] = [inbox, sent, other, shared];

export type Summary = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Owner → mailbox → UIDs with flags; and every problem there is. */
export async function summaryOf(
  nodes: FixtureNodes,
  options: OpenMailStoreOptions = {},
): Promise<{ readonly summary: Summary; readonly problems: readonly string[] }> {
  const { accounts, problems } = await openMailStore(memoryImage(nodes), options);
  const texts = problems.map(({ message }) => message);
  const summary: Record<string, Record<string, readonly string[]>> = {};
  for (const account of accounts) {
    assert.equal(account.layout, "cyrus");
    const mailboxes = (summary[account.owner ?? "nobody"] ??= {});
    for (const mailbox of await account.mailboxes()) {
      const { messages, problems: found } = await account.messages(mailbox);
      mailboxes[mailbox.name] = messages.map(({ uid, flags, keywords }) =>
        [uid, ...flags, ...keywords].join(" "),
      );
      texts.push(...[...mailbox.problems, ...found].map(({ message }) => message));
    }
  }
  return { summary, problems: texts };
}

export const whole: Summary = {
  nobody: { "public/news": ["5 \\Flagged", "6 \\Seen"] },
  cass: { INBOX: ["1 \\Seen Wichtig", "2"], Sent: ["7"] },
  "john.doe@example.org": { INBOX: [] },
};

export async function onlyAccount(nodes: FixtureNodes): Promise<MailAccount> {
  const { accounts } = await openMailStore(memoryImage(nodes));
  assert.equal(accounts.length, 1);
  return accounts[0] as MailAccount;
}

export function moved(nodes: FixtureNodes, change: (path: string) => string): FixtureNodes {
  return Object.fromEntries(Object.entries(nodes).map(([path, node]) => [change(path), node]));
}

export function without(nodes: FixtureNodes, ...paths: readonly string[]): FixtureNodes {
  return Object.fromEntries(Object.entries(nodes).filter(([path]) => !paths.includes(path)));
}
