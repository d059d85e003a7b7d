import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryImage, type MemoryNodes, type RawPath } from "#image";
import { openMailStore } from "#mail";

const mail = "From a@example.org Wed Nov 25 14:03:07 2026 +0000\nSubject: 1\n\none\n\n";
const folder = { type: "directory" } as const;

async function found(nodes: MemoryNodes): Promise<Record<string, readonly string[]>> {
  const { accounts } = await openMailStore(memoryImage(nodes));
  const lists = accounts.map(async (account) => {
    const names = (await account.mailboxes()).map(({ name }) => name);
    return [`${account.layout} ${account.root}`, names] as const;
  });
  return Object.fromEntries(await Promise.all(lists));
}

describe("findMboxes()", () => {
  test("takes each file of a spool for the INBOX of an account, empty ones too", async () => {
    assert.deepEqual(
      await found({
        "var/mail/alice": mail,
        "var/mail/bob": "",
        "var/mail/sent": mail,
        "var/mail/alice.lock": "",
        "var/mail/example.org/support": mail,
        "var/mail/example.net/sales/cur": folder,
        "var/mail/example.net/sales/new": folder,
      }),
      {
        "mbox var/mail/alice": ["INBOX"],
        "mbox var/mail/bob": ["INBOX"],
        "mbox var/mail/sent": ["INBOX"],
        "mbox var/mail/example.org/support": ["INBOX"],
        "maildir var/mail/example.net/sales": ["INBOX"],
      },
    );
  });

  test("takes files of several owners for a spool, wherever it was captured from", async () => {
    const nodes = { alice: { bytes: mail, uid: 1000 }, inbox: { bytes: mail, uid: 1001 } };
    assert.deepEqual(await found(nodes), { "mbox alice": ["INBOX"], "mbox inbox": ["INBOX"] });
  });

  test("takes a mail folder for one account, with what lies in folders below", async () => {
    assert.deepEqual(
      await found({
        "home/alice/mail/Sent": mail,
        "home/alice/mail/Inbox": mail,
        "home/alice/mail/drafts": "",
        "home/alice/mail/empty": "",
        "home/alice/mail/notes.txt": "From the desk of Alice\n\nnothing\n",
        "home/alice/mail/Archive/2024/jan": mail,
        "home/alice/mail/Archive/R&AOk-sum&AOk-": mail,
        "home/alice/mail/Photos/one.jpg": "no mail, and quite a long one of that",
      }),
      {
        "mbox home/alice/mail": ["INBOX", "Archive/2024/jan", "Archive/Résumé", "Sent", "drafts"],
      },
    );
  });

  test("takes every empty file for a mailbox where Dovecot keeps indexes", async () => {
    assert.deepEqual(
      await found({
        "home/alice/mail/.imap/empty/dovecot.index.log": "log",
        "home/alice/mail/empty": "",
        "home/alice/mail/notes": "some text that is longer than a From_ line",
      }),
      { "mbox home/alice/mail": ["empty"] },
    );
  });

  test("keeps accounts apart that lie in one another", async () => {
    assert.deepEqual(
      await found({
        "home/alice/mbox": mail,
        "home/alice/mail/.imap": folder,
        "home/alice/mail/Sent": mail,
        "home/alice/Maildir/cur": folder,
        "home/alice/Maildir/new": folder,
      }),
      {
        "mbox home/alice": ["mbox"],
        "mbox home/alice/mail": ["Sent"],
        "maildir home/alice/Maildir": ["INBOX"],
      },
    );
  });

  test("finds no mail in texts, in empty files, in folders of many files", async () => {
    const texts = Array.from({ length: 500 }, (_, index) => [`mh/${index}`, "Subject: x\n\nx\n"]);
    assert.deepEqual(
      await found({
        ...Object.fromEntries(texts),
        "a/letter": "From the desk of Bob, on a day in November\n\nSubject: none\n",
        "a/empty": "",
        "a/quote": "From a@b Wed, sometime\n\nhello, this is long enough to be looked at\n",
      }),
      {},
    );
  });

  test("finds an mbox whose beginning is damaged, and one that is destroyed beside others", async () => {
    const rest = "Subject: 2\n\ntwo\n\n".repeat(10);
    const nodes: Record<string, string> = {
      "var/mail/alice": mail.replace("From", "Xrom") + mail,
      "var/mail/bob": mail.replace("Nov", "N\0v") + mail,
      "var/mail/carol": "\0".repeat(200) + rest + mail,
    };
    assert.deepEqual(Object.keys(await found(nodes)).sort(), [
      "mbox var/mail/alice",
      "mbox var/mail/bob",
      "mbox var/mail/carol",
    ]);
    const { accounts } = await openMailStore(memoryImage(nodes));
    for (const account of accounts) {
      const { messages, problems } = await account.messages({ path: account.root });
      assert.equal(messages.length, 2);
      const isReadable = account.root === "var/mail/alice";
      assert.equal(problems.length, isReadable ? 0 : 1);
      const [first] = messages;
      if (account.root === "var/mail/bob" && first !== undefined) {
        assert.equal(first.internalDateNs, 1_000_000_000_000_000_000n, "the file's own time");
        assert.equal(String(await Array.fromAsync(account.read(first))), "Subject: 1\n\none\n");
      }
    }
  });

  test("never takes an mbox that cannot be read for an empty one", async () => {
    const nodes: MemoryNodes = {
      "var/mail/alice": mail,
      "var/mail/bob": { bytes: mail, failure: new Error("EIO") },
    };
    const { accounts } = await openMailStore(memoryImage(nodes));
    const [, bob] = accounts;
    assert.equal(bob?.root, "var/mail/bob");
    assert.equal((await bob?.mailboxes())?.[0]?.problems[0]?.code, "unreadable");
    await assert.rejects(async () => await bob?.messages({ path: "var/mail/bob" as RawPath }), {
      code: "image.unreadable",
    });
  });

  test("reads subscriptions of Dovecot, of both versions, and of UW-IMAP", async () => {
    const subscribed = async (name: string, text: string): Promise<unknown> => {
      const nodes = { "m/inbox": mail, [`m/${name}`]: text };
      const { accounts } = await openMailStore(memoryImage(nodes));
      return (await accounts[0]?.subscriptions())?.names;
    };
    assert.deepEqual(await subscribed(".subscriptions", "Sent\nArchive/a.b\n"), [
      "Sent",
      "Archive/a.b",
    ]);
    assert.deepEqual(await subscribed(".subscriptions", "V\t2\n\nR&AOk-sum&AOk-\tx\n"), [
      "Résumé/x",
    ]);
    assert.deepEqual(await subscribed(".mailboxlist", "Sent\n"), ["Sent"]);
    assert.deepEqual(await subscribed("other", "Sent\n"), []);
  });
});
