import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memoryImage, type MemoryNodes } from "#image";
import { type MailAccount, openMailStore } from "#mail";
import { diffAccounts, type MailDifferences } from "#recovery";

const folder = { type: "directory" } as const;

async function account(nodes: MemoryNodes): Promise<MailAccount> {
  const all = { "m/cur": folder, "m/new": folder, "m/.Sent/cur": folder, "m/.Sent/new": folder };
  const { accounts } = await openMailStore(memoryImage({ ...all, ...nodes }));
  assert.equal(accounts.length, 1);
  return accounts[0] as MailAccount;
}

function shown({ differences }: MailDifferences): readonly string[] {
  return differences
    .map((one) => {
      const past = "past" in one ? one.past.message.path : "";
      const now = "now" in one ? one.now.message.path : "";
      return `${one.kind} ${past} ${now}`.replaceAll("m/", "");
    })
    .toSorted();
}

test("diffAccounts() tells created, removed, moved and flagged apart by what the messages are", async () => {
  const past = await account({
    "m/cur/1:2,": "Subject: stays\n",
    "m/cur/2:2,": "Subject: is read\n",
    "m/cur/3:2,": "Subject: goes\n",
    "m/cur/4:2,": "Subject: moves\n",
  });
  const now = await account({
    "m/cur/1:2,": "Subject: stays\r\n",
    "m/cur/2:2,S": "Subject: is read\n",
    "m/.Sent/cur/9:2,": "Subject: moves\n",
    "m/new/5": "Subject: comes\n",
  });
  const found = await diffAccounts(past, now);
  assert.deepEqual(shown(found), [
    "created  new/5",
    "flagged cur/2:2, cur/2:2,S",
    "moved cur/4:2, .Sent/cur/9:2,",
    "removed cur/3:2, ",
  ]);
  assert.equal(found.same, 1);
  assert.deepEqual(found.warnings, []);
});

test("diffAccounts() counts equal messages as often as they are there", async () => {
  const past = await account({ "m/cur/1:2,": "Subject: a\n", "m/cur/2:2,S": "Subject: a\n" });
  const now = await account({ "m/cur/7:2,S": "Subject: a\n" });
  const found = await diffAccounts(past, now);
  assert.deepEqual(shown(found), ["removed cur/1:2, "]);
  assert.equal(found.same, 1);
});

test("diffAccounts() takes an account that is not there for one without messages", async () => {
  const one = await account({ "m/cur/1:2,": "Subject: a\n" });
  assert.deepEqual(shown(await diffAccounts(one, undefined)), ["removed cur/1:2, "]);
  assert.deepEqual(shown(await diffAccounts(undefined, one)), ["created  cur/1:2,"]);
});

test("diffAccounts() accounts for every message exactly once", async () => {
  const store = fc.array(fc.tuple(fc.nat(4), fc.boolean(), fc.boolean()), { maxLength: 12 });
  const nodes = (messages: readonly (readonly [number, boolean, boolean])[]): MemoryNodes =>
    Object.fromEntries(
      messages.map(([body, isSeen, isSent], index) => [
        `m/${isSent ? ".Sent/" : ""}cur/${index}:2,${isSeen ? "S" : ""}`,
        `Subject: ${body}\n`,
      ]),
    );
  await fc.assert(
    fc.asyncProperty(store, store, async (before, after) => {
      const found = await diffAccounts(await account(nodes(before)), await account(nodes(after)));
      const paired = found.same + count(found, ["moved", "flagged"]);
      assert.equal(paired + count(found, ["removed"]), before.length);
      assert.equal(paired + count(found, ["created"]), after.length);
      // As many are paired as there can be: per body the lesser of both counts.
      const bodies = [0, 1, 2, 3, 4];
      const most = bodies.map((body) =>
        Math.min(...[before, after].map((side) => side.filter(([one]) => one === body).length)),
      );
      assert.equal(
        paired,
        most.reduce((sum, one) => sum + one, 0),
      );
    }),
    { numRuns: 60 },
  );
});

function count({ differences }: MailDifferences, kinds: readonly string[]): number {
  return differences.filter(({ kind }) => kinds.includes(kind)).length;
}
