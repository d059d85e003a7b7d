import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawPath } from "#image";
import { type JournalEvent, memoryJournal } from "#journal";
import { surveyJournal } from "./survey-journal.ts";
import { earlierAt, isWithheld, withheldAt } from "./unsettled.ts";

const path = (text: string): RawPath => text as RawPath;
const mark = (name: "unsettled" | "settled" | "start", at?: string): JournalEvent => ({
  type: "mark",
  name,
  ...(at === undefined ? {} : { path: path(at) }),
});
const remove = (at: string): JournalEvent => ({ type: "remove", path: path(at) });

async function countedAt(events: readonly JournalEvent[], upTo: number): Promise<string> {
  const records = events.map((event, index) => ({
    sequence: index + 1,
    atNs: BigInt(index),
    event,
  }));
  const { unsettled } = await surveyJournal(memoryJournal({ records }));
  const withheld = withheldAt(unsettled, upTo);
  return records
    .filter(({ sequence, event }) => sequence <= upTo && !isWithheld(withheld, sequence, event))
    .flatMap(({ event }) => (event.type === "remove" ? [event.path] : []))
    .join(" ");
}

test("a moment shows an account that was in the middle of a change as it was before", async () => {
  const events = [
    remove("a/1"),
    mark("unsettled", "a"),
    remove("a/2"),
    remove("b/1"),
    remove("ab"),
    mark("unsettled", "b"),
    remove("b/2"),
    mark("settled", "a"),
    remove("a/3"),
    mark("settled", "b"),
  ];
  const all = await Promise.all(events.map((_, index) => countedAt(events, index + 1)));
  assert.deepEqual(all, [
    "a/1",
    "a/1",
    "a/1",
    "a/1 b/1",
    "a/1 b/1 ab",
    "a/1 b/1 ab",
    "a/1 b/1 ab",
    "a/1 a/2 b/1 ab",
    "a/1 a/2 b/1 ab a/3",
    "a/1 a/2 b/1 ab b/2 a/3",
  ]);
});

test("a moment says which accounts it shows as of when, the furthest behind first", async () => {
  const events = [
    mark("unsettled", "a"),
    remove("a/1"),
    mark("unsettled", "b"),
    mark("settled", "a"),
    mark("unsettled", "c"),
    mark("settled", "b"),
  ];
  const records = events.map((event, index) => ({
    sequence: index + 1,
    atNs: BigInt(index) * 10n,
    event,
  }));
  const { unsettled } = await surveyJournal(memoryJournal({ records }));
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((upTo) =>
      earlierAt(unsettled, upTo)
        .map(({ path: account, atNs }) => `${account} ${atNs}`)
        .join(", "),
    ),
    ["a 0", "a 0", "a 0, b 20", "b 20", "b 20", ""],
  );
  assert.deepEqual(
    unsettled.map(({ fromNs, untilNs }) => untilNs - fromNs),
    [30n, 30n],
  );
});

test("where nobody saw an account stand still again, all that was seen of it counts", async () => {
  const crashed = [mark("start"), mark("unsettled", "a"), remove("a/1")];
  assert.equal(await countedAt(crashed, 3), "a/1");
  const restarted = [...crashed, mark("start"), remove("a/2"), mark("settled", "a")];
  assert.equal(await countedAt(restarted, 3), "a/1");
});

test("what moved into an account that was in the middle of a change is where it came from", async () => {
  const move: JournalEvent = {
    type: "rename",
    path: path("b/1"),
    to: path("a/1"),
    file: { inode: 1n, sizeBytes: 1, mtimeNs: 1n },
  };
  const withheld = withheldAt([{ path: path("a"), from: 1, until: 9, fromNs: 1n, untilNs: 9n }], 5);
  assert.ok(isWithheld(withheld, 2, move));
  assert.ok(!isWithheld(withheld, 2, { ...move, to: path("c/1") }));
});
