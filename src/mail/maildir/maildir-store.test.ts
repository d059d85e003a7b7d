import assert from "node:assert/strict";
import { test } from "node:test";
import { isImageError, memoryImage, type MemoryNodes, type RawPath } from "#image";
import { isMaildirFolder, type MailAccount, openMailStore, type StoredMessage } from "#mail";

const folder = { type: "directory" } as const;
function maildir(path: string, nodes: MemoryNodes = {}): MemoryNodes {
  const inside = Object.entries(nodes).map(([name, node]) => [`${path}/${name}`, node]);
  const folders = ["cur", "new", "tmp"].map((name) => [`${path}/${name}`, folder]);
  return Object.fromEntries([...folders, ...inside]);
}

const alice: MemoryNodes = {
  ...maildir("home/alice/Maildir", {
    "dovecot-uidlist":
      "3 V1700000000 N5 G00112233445566778899aabbccddeeff\n1 W20 :1.one,S=10\n3 :2.two:2,S\nrubbish\n2 :9.back\n",
    "dovecot-keywords": "0 $Forwarded\n1 Wichtig\nx\n",
    "cur/1.one,S=10:2,FSabc": { bytes: "Subject: 1\n", mtimeNs: 123n },
    "cur/.hidden": "x",
    "new/2.two": "Subject: 2\n",
    subscriptions: "Archive.2024\nEntw&APw-rfe\n",
  }),
  ...maildir("home/alice/Maildir/.Archive.2024", {
    courierimapuiddb: "1 17 9\n4 7.seven\n",
    "cur/7.seven:2,": "x",
  }),
  ...maildir("home/alice/Maildir/.Entw&APw-rfe"),
  ...maildir("home/alice/Maildir/.bad&name"),
};

function without<Value extends object>(value: Value, key: keyof Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => name !== key),
  ) as Partial<Value>;
}

async function only(nodes: MemoryNodes): Promise<MailAccount> {
  const { accounts } = await openMailStore(memoryImage(nodes));
  assert.equal(accounts.length, 1);
  return accounts[0] as MailAccount;
}

test("mailboxes have names, UIDVALIDITY, UIDNEXT and GUID", async () => {
  const mailboxes = await (await only(alice)).mailboxes();
  assert.deepEqual(
    mailboxes.map((mailbox) => ({
      ...without(mailbox, "dependsOn"),
      problems: mailbox.problems.map(({ code }) => code),
    })),
    [
      {
        name: "INBOX",
        path: "home/alice/Maildir",
        uidValidity: 1700000000,
        uidNext: 5,
        guid: "00112233445566778899aabbccddeeff",
        problems: [],
      },
      {
        name: "Archive/2024",
        path: "home/alice/Maildir/.Archive.2024",
        uidValidity: 17,
        uidNext: 9,
        problems: [],
      },
      { name: "Entwürfe", path: "home/alice/Maildir/.Entw&APw-rfe", problems: [] },
      { name: "bad&name", path: "home/alice/Maildir/.bad&name", problems: ["mailbox-name"] },
    ],
  );
});

test("messages have flags, keywords, UID, date and size; what is damaged is reported", async () => {
  const image = memoryImage(alice);
  const store = await openMailStore(image);
  const account = store.accounts[0] as MailAccount;
  const { messages, problems } = await account.messages({
    path: "home/alice/Maildir" as RawPath,
  });
  assert.deepEqual(messages[0], {
    key: "home/alice/Maildir/cur/1.one,S=10:2,FSabc",
    path: "home/alice/Maildir/cur/1.one,S=10:2,FSabc",
    flags: ["\\Flagged", "\\Seen"],
    keywords: ["$Forwarded", "Wichtig", "unknown-2"],
    uid: 1,
    internalDateNs: 123n,
    sizeBytes: 10,
    isRecent: false,
  });
  assert.equal(messages[1]?.uid, 3);
  assert.equal(messages[1]?.isRecent, true);
  assert.equal(messages[1]?.sizeBytes, 11);
  assert.equal(messages.length, 2);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["uid-list", "uid-list", "keywords"],
  );
  const bytes = await Array.fromAsync(account.read(messages[0] as StoredMessage));
  assert.equal(Buffer.concat(bytes).toString(), "Subject: 1\n");
});

test("Courier's list gives UIDs too", async () => {
  const { messages } = await (
    await only(alice)
  ).messages({ path: "home/alice/Maildir/.Archive.2024" as RawPath });
  assert.equal(messages[0]?.uid, 4);
});

test("subscriptions are read in the forms of Dovecot 2.2, Dovecot 2.3 and Courier", async () => {
  assert.deepEqual((await (await only(alice)).subscriptions()).names, ["Archive/2024", "Entwürfe"]);
  const second = await only(maildir("m", { subscriptions: "V\t2\n\nArchive\t2024\nA.B\n" }));
  assert.deepEqual((await second.subscriptions()).names, ["Archive/2024", "A.B"]);
  const courier = await only(maildir("m", { courierimapsubscribed: "INBOX\nINBOX.Sent\n" }));
  assert.deepEqual((await courier.subscriptions()).names, ["INBOX", "Sent"]);
  assert.deepEqual((await (await only(maildir("m"))).subscriptions()).names, []);
});

test("a server's root holds the accounts of many users in whatever layout", async () => {
  const { accounts, problems } = await openMailStore(
    memoryImage({
      ...alice,
      ...maildir("example.test/bob"),
      ...maildir("example.test/bob/.Sent"),
      ...maildir("home/carol/.maildir"),
      ...maildir("home/carol/.maildir/.Sent"),
      ...maildir("no-inbox/.Sent"),
      ...maildir("fs"),
      ...maildir("fs/Projects/Alpha.1"),
      "elsewhere/cur/file": "x",
      locked: { type: "directory", failure: new Error("no") },
    }),
  );
  const names = await Promise.all(
    accounts.map(async (account) => [
      account.root,
      (await account.mailboxes()).map(({ name }) => name),
    ]),
  );
  assert.deepEqual(names, [
    ["example.test/bob", ["INBOX", "Sent"]],
    ["fs", ["INBOX", "Projects/Alpha.1"]],
    ["home/alice/Maildir", ["INBOX", "Archive/2024", "Entwürfe", "bad&name"]],
    ["home/carol/.maildir", ["INBOX", "Sent"]],
    ["no-inbox", ["Sent"]],
  ]);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["unreadable"],
  );
});

test("the image's root may be a Maildir itself", async () => {
  const account = await only({
    cur: folder,
    new: folder,
    ".Sent/cur": folder,
    ".Sent/new": folder,
    "new/1.x": "a",
  });
  assert.deepEqual(
    (await account.mailboxes()).map(({ name, path }) => [name, path]),
    [
      ["INBOX", ""],
      ["Sent", ".Sent"],
    ],
  );
  assert.equal((await account.messages({ path: "" as RawPath })).messages.length, 1);
});

test("a failed listing is an error, never an empty mailbox", async () => {
  const image = memoryImage(
    maildir("m", { cur: { type: "directory", failure: new Error("input/output error") } }),
  );
  const account = (await openMailStore(image)).accounts[0] as MailAccount;
  await assert.rejects(account.messages({ path: "m" as RawPath }), (error) => isImageError(error));
});

test("the same base name twice and things that are no files are reported", async () => {
  const account = await only(
    maildir("m", { "cur/1.x:2,S": "a", "new/1.x": "a", "cur/sub/file": "b" }),
  );
  const { messages, problems } = await account.messages({ path: "m" as RawPath });
  assert.equal(messages.length, 2);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["not-a-message", "duplicate-message"],
  );
});

test("folders nested without end are given up, not walked", async () => {
  const { accounts, problems } = await openMailStore(
    memoryImage({ ...maildir("ok"), [`${"deep/".repeat(200)}file`]: "x" }),
  );
  assert.equal(accounts.length, 1);
  assert.equal(problems[0]?.code, "too-deep");
});

test("hostile lists of UIDs do no harm", async () => {
  for (const list of [
    "",
    "\0\0\0",
    "9 V1\n1 :x\n",
    "3 V0 N99999999999 Gxyz\n1 :1.x\n",
    `3 V1 N2\n${"1".repeat(300_000)}`,
  ]) {
    const account = await only(maildir("m", { "dovecot-uidlist": list, "cur/1.x:2,": "a" }));
    const { messages, problems } = await account.messages({ path: "m" as RawPath });
    assert.equal(messages.length, 1);
    assert.ok(problems.length > 0);
  }
});

test("a Maildir is told by its cur and new", async () => {
  const image = memoryImage({ ...maildir("m"), "n/cur": folder, "n/new": "a file" });
  assert.equal(isMaildirFolder(await image.list("m" as RawPath)), true);
  assert.equal(isMaildirFolder(await image.list("n" as RawPath)), false);
});

test("regression: the letter P is no flag, as with Dovecot; only a keyword says $Forwarded", async () => {
  const account = await only({
    ...maildir("m", { "dovecot-keywords": "0 $Forwarded\n", "cur/1:2,PS": "x", "cur/2:2,Pa": "x" }),
  });
  const { messages } = await account.messages({ path: "m" as RawPath });
  assert.deepEqual(
    messages.map(({ flags, keywords }) => ({ flags, keywords })),
    [
      { flags: ["\\Seen"], keywords: [] },
      { flags: [], keywords: ["$Forwarded"] },
    ],
  );
});

test("regression: UIDNEXT is beyond the last line where the header is older", async () => {
  const account = await only(maildir("m", { "dovecot-uidlist": "3 V17 N5\n3 :a\n8 :b\n" }));
  assert.deepEqual(
    (await account.mailboxes()).map(({ uidNext }) => uidNext),
    [9],
  );
});

test("regression: mailboxes come by their names, not by the bytes of their folders", async () => {
  const account = await only({ ...maildir("m"), ...maildir("m/.&ZeVnLIqe-"), ...maildir("m/.B") });
  assert.deepEqual(
    (await account.mailboxes()).map(({ name }) => name),
    ["INBOX", "B", "日本語"],
  );
});
