import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { memoryImage, type MemoryNodes, type RawPath } from "#image";
import { type MailAccount, openMailStore, type StoredMessage } from "#mail";
import { isMailError } from "../mail-error.ts";

const folder = { type: "directory" } as const;
const base: MemoryNodes = { "M/cur": folder, "M/new": folder };

async function opened(
  nodes: MemoryNodes,
): Promise<{ readonly account: MailAccount; readonly messages: readonly StoredMessage[] }> {
  const { accounts } = await openMailStore(memoryImage({ ...base, ...nodes }));
  const account = accounts[0] as MailAccount;
  const { messages, problems } = await account.messages({ path: "M" as RawPath });
  assert.deepEqual(problems, []);
  return { account, messages };
}

describe("compressed messages of a Maildir", () => {
  const plain = Buffer.from(`Subject: packed\n\n${"again and again\n".repeat(5000)}`);

  test("are read as the server sends them, whatever their names say", async () => {
    const { account, messages } = await opened({
      [`M/cur/1.a,S=${plain.length}:2,S`]: gzipSync(plain),
      [`M/cur/2.b,S=${plain.length}:2,SZ`]: zstdCompressSync(plain),
      "M/cur/3.c:2,SZ": gzipSync(plain),
      "M/cur/4.d:2,Z": "Subject: not packed\n\n",
      "M/cur/5.e:2,": "x",
    });
    const bytes = messages.map(async (message) => {
      const read = Buffer.concat(await Array.fromAsync(account.read(message)));
      assert.equal(message.sizeBytes, read.length);
      return read.toString();
    });
    const whole = plain.toString();
    assert.deepEqual(await Promise.all(bytes), [
      whole,
      whole,
      whole,
      "Subject: not packed\n\n",
      "x",
    ]);
  });

  test("that only their server can read are listed, and reading them says what to do", async () => {
    const { account, messages } = await opened({
      "M/cur/1.a,S=9:2,S": Buffer.from("CRYPTED\x03\x07 and so on", "latin1"),
      "M/cur/2.b,S=9:2,S": Buffer.from("\xfd7zXZ\0 and so on", "latin1"),
    });
    const said: string[] = [];
    for (const message of messages)
      await Array.fromAsync(account.read(message)).catch((error: unknown) => {
        assert.ok(isMailError(error) && error.code === "mail.unsupported");
        said.push(`${error.message} / ${error.hint ?? ""}`);
      });
    assert.match(said[0] ?? "", /encrypted it \(mail_crypt\) \/ .*keys.*let the server read them/);
    assert.match(said[1] ?? "", /compressed with xz \/ .*unpack it with xz/);
  });

  test("that are damaged are listed, and reading them says so", async () => {
    const { account, messages } = await opened({
      "M/cur/1.a:2,Z": gzipSync(plain).subarray(0, 200),
    });
    assert.equal(messages.length, 1);
    await assert.rejects(Array.fromAsync(account.read(messages[0] as StoredMessage)), {
      code: "mail.damaged",
    });
  });
});

describe("Courier's keywords", () => {
  const keywordsOf = async (files: MemoryNodes): Promise<readonly (readonly string[])[]> => {
    const { messages } = await opened({
      "M/courierimapuiddb": "1 17 9\n1 1.a\n2 2.b\n3 3.c\n",
      "M/cur/1.a:2,S": "a",
      "M/cur/2.b:2,": "b",
      "M/cur/3.c:2,": "c",
      ...files,
    });
    assert.deepEqual(
      messages.map(({ uid }) => uid),
      [1, 2, 3],
    );
    return messages.map(({ keywords }) => keywords);
  };

  test("are read from the list, and from what is newer than it", async () => {
    const list = "Bank\n$Junk\n\n1.a:1 0\n2.b:0\n3.c:1\n";
    assert.deepEqual(await keywordsOf({ "M/courierimapkeywords/:list": list }), [
      ["$Junk", "Bank"],
      ["Bank"],
      ["$Junk"],
    ]);
    assert.deepEqual(
      await keywordsOf({
        "M/courierimapkeywords/:list": list,
        "M/courierimapkeywords/.12.1.a": "old\n",
        "M/courierimapkeywords/.13.1.a": "newer\n",
        "M/courierimapkeywords/2.b": "newest\nBank\n",
        "M/courierimapkeywords/.14.2.b": "old\n",
        "M/courierimapkeywords/.tmp.99.x": "never\n",
        "M/courierimapkeywords/3.c": "",
      }),
      [["newer"], ["Bank", "newest"], []],
    );
  });

  test("that make no sense are a problem, and cost nothing else", async () => {
    const nodes = {
      ...base,
      "M/cur/1.a:2,": "a",
      "M/courierimapkeywords/:list": "Bank\n\n1.a:0 7\nnothing\n",
    };
    const { accounts } = await openMailStore(memoryImage(nodes));
    const { messages, problems } = await (accounts[0] as MailAccount).messages({
      path: "M" as RawPath,
    });
    assert.deepEqual(messages[0]?.keywords, ["Bank"]);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["keywords", "keywords"],
    );
  });
});

test("a Maildir without any file of a server has its messages, with flags and dates", async () => {
  const { messages, account } = await opened({
    "M/cur/1.a:2,RS": { bytes: "Subject: a\n\n", mtimeNs: 7n },
    "M/new/2.b": { bytes: "Subject: b\n\n", mtimeNs: 8n },
  });
  assert.deepEqual(
    messages.map(({ uid, flags, internalDateNs, isRecent }) => [
      uid,
      flags,
      internalDateNs,
      isRecent,
    ]),
    [
      [undefined, ["\\Answered", "\\Seen"], 7n, false],
      [undefined, [], 8n, true],
    ],
  );
  assert.deepEqual((await account.subscriptions()).names, []);
});

test("LAYOUT=fs keeps folders below folders, with dots in their names, and Courier's subscriptions are read", async () => {
  const { accounts } = await openMailStore(
    memoryImage({
      ...base,
      "M/Archive/cur": folder,
      "M/Archive/new": folder,
      "M/Archive/v1.2/cur": folder,
      "M/Archive/v1.2/new": folder,
      "M/courierimapsubscribed": "INBOX.Archive\nINBOX\n",
    }),
  );
  assert.equal(accounts.length, 1);
  const account = accounts[0] as MailAccount;
  const names = (await account.mailboxes()).map(({ name }) => name);
  assert.deepEqual(names, ["INBOX", "Archive", "Archive/v1.2"]);
  assert.deepEqual((await account.subscriptions()).names, ["Archive", "INBOX"]);
});
