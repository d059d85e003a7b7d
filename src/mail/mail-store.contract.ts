import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Image, isImageError } from "#image";
import type { MailAccount, MailLayout, StoredMailbox, StoredMessage } from "./mail-store.ts";
import { openMailStore } from "./open-mail-store.ts";

/** What is known to be in a store by other means than the reader. */
export type KnownAccount = {
  readonly layout: MailLayout;
  readonly mailboxes: readonly KnownMailbox[];
};

export type KnownMailbox = {
  readonly name: string;
  readonly uidValidity?: number;
  readonly messages: readonly KnownMessage[];
};

export type KnownMessage = {
  readonly uid?: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly internalDateNs: bigint;
  readonly bytes: string | Uint8Array;
};

export type MailStoreContractOptions = {
  /** An Image of a store with exactly one account. */
  readonly image: () => Promise<Image>;
  readonly known: KnownAccount;
};

/** What the reader of every layout does. */
export function mailStoreContract(
  name: string,
  { image: makeImage, known }: MailStoreContractOptions,
): void {
  const opened = async (): Promise<{ image: Image; account: MailAccount }> => {
    const image = await makeImage();
    const { accounts } = await openMailStore(image);
    assert.equal(accounts.length, 1);
    return { image, account: accounts[0] as MailAccount };
  };

  describe(`${name} keeps the MailStore contract`, () => {
    test("mailboxes come INBOX first, then by name", async () => {
      const { account } = await opened();
      assert.equal(account.layout, known.layout);
      const mailboxes = await account.mailboxes();
      assert.deepEqual(
        mailboxes.map((mailbox) => mailbox.name),
        known.mailboxes.map((mailbox) => mailbox.name),
      );
      for (const [index, mailbox] of mailboxes.entries()) {
        const expected = known.mailboxes[index]?.uidValidity;
        if (expected !== undefined) assert.equal(mailbox.uidValidity, expected, mailbox.name);
        assert.ok(mailbox.dependsOn.length > 0, `${mailbox.name} depends on nothing`);
      }
    });

    test("messages come with UID, flags, keywords, date and size, and read as they were", async () => {
      const { account } = await opened();
      for (const [index, mailbox] of (await account.mailboxes()).entries()) {
        const { messages, problems } = await account.messages(mailbox);
        assert.deepEqual([...mailbox.problems, ...problems], [], mailbox.name);
        await checkMessages(account, messages, known.mailboxes[index]?.messages ?? []);
      }
    });

    test("keys are unique within a mailbox, and the same each time", async () => {
      const { account } = await opened();
      for (const mailbox of await account.mailboxes()) {
        const keys = (await account.messages(mailbox)).messages.map(({ key }) => key);
        assert.equal(new Set(keys).size, keys.length);
        const again = (await account.messages(mailbox)).messages.map(({ key }) => key);
        assert.deepEqual(again, keys);
      }
    });

    test("a message that is not there cannot be read", async () => {
      const { account } = await opened();
      const { messages } = await firstFull(account);
      const [message] = messages;
      const gone = `${message?.path}-gone`;
      const missing = { ...message, key: gone, path: gone } as StoredMessage;
      await assert.rejects(Array.fromAsync(account.read(missing)), isImageError);
    });

    test("reading ends when it is told to", async () => {
      const { account } = await opened();
      const { mailbox } = await firstFull(account);
      await assert.rejects(account.messages(mailbox, AbortSignal.abort()), { name: "AbortError" });
    });
  });
}

async function checkMessages(
  account: MailAccount,
  messages: readonly StoredMessage[],
  expected: readonly KnownMessage[],
): Promise<void> {
  assert.deepEqual(
    messages.map(({ uid, flags, keywords, internalDateNs }) => ({
      uid,
      flags,
      keywords,
      internalDateNs,
    })),
    expected.map(({ uid, flags, keywords, internalDateNs }) => ({
      uid,
      flags,
      keywords,
      internalDateNs,
    })),
  );
  for (const [index, message] of messages.entries()) {
    const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
    const wanted = Buffer.from(expected[index]?.bytes ?? "");
    assert.ok(
      bytes.equals(wanted),
      `message ${message.uid} reads ${bytes.length} bytes, not ${wanted.length} or others`,
    );
    assert.equal(message.sizeBytes, bytes.length);
    if (message.virtualSizeBytes === undefined) continue;
    const bareLineFeeds = bytes.toString("latin1").match(/(?<!\r)\n/g)?.length ?? 0;
    assert.equal(message.virtualSizeBytes, bytes.length + bareLineFeeds);
  }
}

async function firstFull(account: MailAccount): Promise<{
  readonly mailbox: StoredMailbox;
  readonly messages: readonly StoredMessage[];
}> {
  for (const mailbox of await account.mailboxes()) {
    const { messages } = await account.messages(mailbox);
    if (messages.length > 0) return { mailbox, messages };
  }
  return assert.fail("no mailbox holds a message");
}
