import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryImage, type RawPath } from "#image";
import { openMailStore } from "#mail";
import { cyrusNodes } from "./cyrus.fixture.ts";
import {
  all,
  inbox,
  onlyAccount,
  sent,
  shared,
  summaryOf,
  whole,
} from "./cyrus-summary.fixture.ts";
import { twoskipFile } from "./twoskip.fixture.ts";

describe("a Cyrus mailbox", () => {
  test("what was deleted is left out, and listed below DELETED when asked for", async () => {
    const deleted = { ...sent, name: "DELETED.user.cass.Sent.6B07BDDA" };
    const nodes = cyrusNodes([inbox, deleted]);
    assert.deepEqual((await summaryOf(nodes)).summary, {
      cass: { INBOX: whole["cass"]?.["INBOX"] },
    });
    const places = { cyrus: { withDeleted: true } };
    assert.deepEqual(
      (await summaryOf(nodes, { places })).summary["cass"]?.["DELETED/Sent/6B07BDDA"],
      ["7"],
    );
  });

  test("recent is what lies above the last UID that a client was told", async () => {
    const account = await onlyAccount(cyrusNodes([inbox]));
    const [mailbox] = await account.mailboxes();
    assert.ok(mailbox !== undefined);
    const { messages } = await account.messages(mailbox);
    assert.deepEqual(
      messages.map(({ uid, isRecent }) => [uid, isRecent]),
      [
        [1, false],
        [2, true],
      ],
    );
    assert.deepEqual([mailbox.uidNext, mailbox.highestModseq, mailbox.guid], [5, 4n, "a1inbox"]);
  });

  test("what one user has seen of a shared mailbox is taken from that user's file", async () => {
    const value = "1 1700000000 5 1700000001 5";
    const seen = twoskipFile([{ put: "d4news", value }]);
    const places = { cyrus: { seenBy: "cass" } };
    for (const file of ["user/uuid/a/1/a1inbox/seen.db", "user/c/cass.seen", "user/O/cass.seen"]) {
      const nodes = { ...cyrusNodes(all), [`config/${file}`]: seen };
      const { summary, problems } = await summaryOf(nodes, { places });
      assert.deepEqual(summary["nobody"], { "public/news": ["5 \\Flagged \\Seen", "6"] });
      assert.deepEqual([summary["cass"], problems], [whole["cass"], []]);
      const { accounts } = await openMailStore(memoryImage(nodes), { places });
      const [news] = (await accounts[0]?.mailboxes()) ?? [];
      assert.ok(news !== undefined && news.dependsOn.includes(`config/${file}` as RawPath));
      const { messages = [] } = (await accounts[0]?.messages(news)) ?? {};
      assert.deepEqual(
        messages.map(({ isRecent }) => isRecent),
        [false, true],
      );
    }
    const { summary } = await summaryOf(cyrusNodes([inbox, { ...shared, sharesSeen: true }]), {
      places,
    });
    assert.deepEqual(summary["nobody"], whole["nobody"]);
  });

  test("subscriptions are read from flat files and twoskip, of now and of before", async () => {
    const expected = [
      "INBOX",
      "Other Users/john.doe@example.org",
      "Sent",
      "Shared Folders/public/news",
    ];
    const now = [
      "\x1fVER\x1f\t2",
      "NINBOX\t",
      "NINBOX\x1fSent\t",
      "Nexample.org\x1duser\x1fjohn.doe\t",
      "Npublic\x1fnews\t",
    ];
    const before = [
      "user.cass\t",
      "user.cass.Sent\t",
      "example.org!user.john^doe\t",
      "public.news\t",
    ];
    for (const [path, bytes] of [
      ["user/uuid/a/1/a1inbox/sub.db", `${now.join("\n")}\n`],
      ["user/c/cass.sub", `${before.join("\n")}\n`],
      [
        "user/O/cass.sub",
        twoskipFile(before.map((line) => ({ put: line.slice(0, -1), value: "" }))),
      ],
    ] as const) {
      const account = await onlyAccount({ ...cyrusNodes([inbox]), [`config/${path}`]: bytes });
      assert.deepEqual(await account.subscriptions(), { names: expected, problems: [] }, path);
    }
  });
});
