import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ImageError, isImageError } from "#image";
import { cyrusNodes } from "./cyrus.fixture.ts";
import {
  all,
  inbox,
  onlyAccount,
  sent,
  summaryOf,
  whole,
  without,
} from "./cyrus-summary.fixture.ts";

describe("a damaged Cyrus", () => {
  const nodes = cyrusNodes(all);
  const folder = "spool/uuid/a/1/a1inbox";

  test("without mailboxes.db, mailboxes have the names that their own headers give", async () => {
    const { summary, problems } = await summaryOf(without(nodes, "config/mailboxes.db"));
    assert.deepEqual(summary, whole);
    assert.match(problems.join(), /There is no mailboxes.db/);
  });

  test("a mailbox whose records are damaged is found by its folder", async () => {
    const list = Buffer.from(nodes["config/mailboxes.db"] as Uint8Array);
    for (const text of ["Nuser\x1fcass\x1fSent", "Ib2sent"]) list[list.indexOf(text) + 3] = 0x21;
    const { summary, problems } = await summaryOf({ ...nodes, "config/mailboxes.db": list });
    assert.deepEqual(summary, whole);
    assert.match(problems.join(), /damaged/);
  });

  test("a mailbox without a name that is left keeps its mail", async () => {
    const { summary } = await summaryOf(
      without(nodes, "config/mailboxes.db", "spool/uuid/b/2/b2sent/cyrus.header"),
    );
    assert.deepEqual(summary["nobody"]?.["Unnamed/b2sent"], ["7"]);
  });

  test("without cyrus.index, every file is a message, dated by its file", async () => {
    const account = await onlyAccount(without(cyrusNodes([inbox]), `${folder}/cyrus.index`));
    const [mailbox] = await account.mailboxes();
    assert.ok(mailbox !== undefined);
    assert.deepEqual([mailbox.uidValidity, mailbox.problems.length], [17, 1]);
    const { messages, problems } = await account.messages(mailbox);
    assert.deepEqual(
      messages.map(({ uid, internalDateNs, sizeBytes }) => [uid, internalDateNs, sizeBytes]),
      [1, 2, 4].map((uid) => [uid, 1_600_000_000_000_000_000n, 14]),
    );
    assert.equal(problems.filter(({ code }) => code === "index").length, 4);
  });

  test("a damaged record costs its own flags and nothing else", async () => {
    const index = Buffer.from(nodes[`${folder}/cyrus.index`] as Uint8Array);
    index[160 + 40] = 0xff;
    const { summary, problems } = await summaryOf({ ...nodes, [`${folder}/cyrus.index`]: index });
    assert.deepEqual(summary["cass"]?.["INBOX"], ["1", "2"]);
    assert.match(problems.join(), /1 records of cyrus.index are damaged.*UID 1 is listed because/);
  });

  test("neither an index nor a message is no empty mailbox", async () => {
    for (const index of [undefined, "", "x".repeat(500)]) {
      const account = await onlyAccount({
        ...without(
          cyrusNodes([inbox]),
          ...["1.", "2.", "4.", "cyrus.index"].map((name) => `${folder}/${name}`),
        ),
        ...(index === undefined ? {} : { [`${folder}/cyrus.index`]: index }),
      });
      const [mailbox] = await account.mailboxes();
      assert.ok(mailbox !== undefined);
      await assert.rejects(account.messages(mailbox), isImageError);
    }
  });

  test("a mailbox that is listed and has no folder is no empty mailbox", async () => {
    const gone = Object.keys(nodes).filter((path) => path.startsWith(folder));
    const account = await onlyAccount(without(cyrusNodes([inbox, sent]), ...gone));
    const [mailbox] = await account.mailboxes();
    assert.ok(mailbox !== undefined);
    assert.match(mailbox.problems[0]?.message ?? "", /is not there/);
    await assert.rejects(account.messages(mailbox), { code: "image.not-found" });
  });

  test("a message that is missing, short or unread is still listed, and said", async () => {
    const { summary, problems } = await summaryOf({
      ...without(nodes, `${folder}/1.`),
      [`${folder}/2.`]: "Subject",
    });
    assert.deepEqual(summary["cass"], whole["cass"]);
    assert.deepEqual(problems, [
      "The file of UID 1 is not there",
      "The file of UID 2 has 7 bytes, not 14",
    ]);
  });

  test("a message that is just arriving is no problem, an old file without a record is", async () => {
    const files = { [`${folder}/3.`]: "x", [`${folder}/9.`]: "y" };
    const { summary, problems } = await summaryOf({ ...nodes, ...files });
    assert.deepEqual(summary, whole);
    assert.deepEqual(problems, ["The file of UID 3 is there, and cyrus.index does not list it"]);
  });

  test("a header that is not the index's own is said, keywords without a name are numbered", async () => {
    const header = Buffer.from(nodes[`${folder}/cyrus.header`] as Uint8Array);
    header[header.indexOf("Wichtig")] = 0x77;
    const changed = await summaryOf({ ...nodes, [`${folder}/cyrus.header`]: header });
    assert.deepEqual(changed.summary["cass"]?.["INBOX"]?.[0], "1 \\Seen wichtig");
    assert.match(changed.problems.join(), /not the one that cyrus.index was written with/);
    const missing = await summaryOf(without(nodes, `${folder}/cyrus.header`));
    assert.deepEqual(missing.summary["cass"]?.["INBOX"]?.[0], "1 \\Seen unknown-0");
  });

  test("what cannot be read hides nothing else", async () => {
    const failure = new ImageError("image.unreadable", "Cannot read: the disk says no");
    const { summary, problems } = await summaryOf({
      ...nodes,
      [`${folder}/cyrus.index`]: { bytes: "", failure },
    });
    assert.deepEqual(summary, { ...whole, cass: { INBOX: ["1", "2", "4"], Sent: ["7"] } });
    assert.match(problems.join(), /the disk says no/);
    const list = await summaryOf({ ...nodes, "config/mailboxes.db": { bytes: "", failure } });
    assert.deepEqual(list.summary, whole);
  });
});
