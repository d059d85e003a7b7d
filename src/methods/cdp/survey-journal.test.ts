import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawPath } from "#image";
import { type JournalEvent, type JournalRecord, memoryJournal } from "#journal";
import { JournalTimes } from "./journal-times.ts";
import { type JournalSurvey, surveyJournal, unknownAt } from "./survey-journal.ts";

const second = 1_000_000_000n;
const remove: JournalEvent = { type: "remove", path: "x" as RawPath };

function timesOf(seconds: readonly number[]): JournalTimes {
  const times = new JournalTimes();
  for (const [index, at] of seconds.entries())
    times.add({ sequence: index + 1, atNs: BigInt(at) * second });
  return times;
}

function at(times: JournalTimes, seconds: number): readonly (number | undefined)[] {
  const answer = times.at(BigInt(seconds) * second);
  return [answer?.sequence, ...(answer?.alsoAt ?? []).map(({ sequence }) => sequence)];
}

test("an instant is the last event at or before it", () => {
  const times = timesOf([100, 200, 200, 300]);
  assert.deepEqual(
    [99, 100, 150, 200, 299, 300, 9999].map((one) => at(times, one)),
    [[undefined], [1], [1], [3], [3], [4], [4]],
  );
  assert.equal(times.firstFrom(150n * second), 2);
  assert.equal(times.firstFrom(301n * second), undefined);
});

test("of a time that was passed twice the first passing counts, and the other is told", () => {
  const times = timesOf([1000, 1030, 1060, 1010, 1040, 1070, 1100]);
  assert.deepEqual(at(times, 1045), [2, 5]);
  assert.deepEqual(at(times, 1005), [1]);
  assert.deepEqual(at(times, 1075), [6]);
  assert.equal(times.setBack, 1);
  assert.equal(times.firstFrom(1055n * second), 3, "what may belong to it is not left out");
});

test("a clock that was wrong by years for a while does not hide what came before or after", () => {
  const year = 31_536_000;
  const ahead = timesOf([1000, 1010, 1000 + 4 * year, 1020, 1030, 5000]);
  assert.deepEqual(
    [1005, 1025, 4000, 6000].map((one) => at(ahead, one)),
    [[1], [4], [5], [6]],
  );
  const back = timesOf([50 * year, 50 * year + 10, 5, 15, 50 * year + 30, 50 * year + 40]);
  assert.equal(back.latestLabel(BigInt(50 * year + 20) * second), BigInt(50 * year + 10) * second);
  assert.deepEqual(at(back, 50 * year + 5), [1]);
  assert.deepEqual(at(back, 50 * year + 35), [5]);
});

test("events that are noticed in another order are no clock that was set back", () => {
  const times = new JournalTimes();
  for (const [index, ms] of [1000, 1500, 1400, 1600].entries())
    times.add({ sequence: index + 1, atNs: BigInt(ms) * 1_000_000n });
  assert.equal(times.setBack, 0);
  assert.equal(times.at(1_450_000_000n)?.sequence, 1, "nothing that is later than asked for");
});

async function surveyOf(
  events: readonly (readonly [seconds: number, event: JournalEvent])[],
  drop: readonly number[] = [],
): Promise<JournalSurvey> {
  const records: JournalRecord[] = events.map(([seconds, event], index) => ({
    sequence: index + 1,
    atNs: BigInt(seconds) * second,
    event,
  }));
  return await surveyJournal(
    memoryJournal({ records: records.filter(({ sequence }) => !drop.includes(sequence)) }),
  );
}

const start: JournalEvent = { type: "mark", name: "start" };
const reconciled: JournalEvent = { type: "mark", name: "reconciled" };

test("a gap is open until a scan of all that it is about, and says how much that found", async () => {
  const gap: JournalEvent = {
    type: "gap",
    fromNs: 10n * second,
    toNs: 20n * second,
    why: "overflow",
  };
  const inBox: JournalEvent = { ...gap, path: "box/cur" as RawPath };
  const survey = await surveyOf([
    [1, remove],
    [20, gap],
    [20, inBox],
    [21, remove],
    [22, { ...reconciled, path: "box" as RawPath }],
    [23, remove],
    [24, reconciled],
    [25, remove],
  ]);
  const [whole, below] = survey.gaps;
  assert.deepEqual([below?.reconciled?.sequence, below?.changes], [5, 1]);
  assert.deepEqual([whole?.reconciled?.sequence, whole?.changes], [7, 2]);
  const unknown = (sequence: number, seconds: number, base = 0): number =>
    unknownAt(survey, {
      sequence,
      atNs: BigInt(seconds) * second,
      baseFromNs: BigInt(base) * second,
    }).length;
  assert.deepEqual(
    [unknown(1, 5), unknown(1, 15), unknown(5, 22), unknown(7, 24), unknown(1, 15, 21)],
    [0, 2, 1, 0, 0],
  );
});

test("what a scan left of a gap takes its place: less time, a folder, or nothing at all", async () => {
  const gap = { type: "gap", fromNs: 10n * second, toNs: 20n * second, why: "stalled" } as const;
  const survey = async (fromNs: bigint, toNs: bigint): Promise<JournalSurvey> =>
    await surveyOf([
      [1, remove],
      [20, gap],
      [
        21,
        { ...gap, fromNs, toNs, message: "Narrowed: a scan found 1 change that had been missed." },
      ],
      [22, reconciled],
    ]);
  const some = await survey(15n * second, 21n * second);
  assert.equal(some.gaps.length, 1);
  const unknown = (of: JournalSurvey, seconds: number): number =>
    unknownAt(of, { sequence: 1, atNs: BigInt(seconds) * second, baseFromNs: 0n }).length;
  assert.deepEqual([unknown(some, 12), unknown(some, 16)], [0, 1]);
  const nothing = await survey(10n * second, 10n * second);
  assert.equal(unknown(nothing, 16), 0);
});

test("the time between two writers is a gap, once, whether somebody told of it or not", async () => {
  const told: JournalEvent = {
    type: "gap",
    fromNs: 10n * second,
    toNs: 99n * second,
    why: "not-running",
  };
  const silent = await surveyOf([
    [1, start],
    [10, remove],
    [100, start],
    [101, remove],
  ]);
  assert.deepEqual(
    silent.gaps.map(({ why, fromNs, toNs }) => [why, fromNs / second, toNs / second]),
    [["not-running", 10n, 100n]],
  );
  const loud = await surveyOf([
    [1, start],
    [10, remove],
    [100, start],
    [100, told],
    [101, remove],
  ]);
  assert.equal(loud.gaps.length, 1);
  assert.equal(loud.gaps[0]?.sequence, 4);
  const stopped = await surveyOf([
    [1, start],
    [10, { type: "mark", name: "clean-stop" }],
  ]);
  assert.ok(stopped.isEnded);
});

test("events that are missing in between are a gap", async () => {
  const survey = await surveyOf(
    [
      [1, remove],
      [2, remove],
      [3, remove],
      [4, remove],
    ],
    [2, 3],
  );
  assert.deepEqual(
    survey.gaps.map(({ why, fromNs, toNs }) => [why, fromNs / second, toNs / second]),
    [["damaged", 1n, 4n]],
  );
});

const setBack: JournalEvent = {
  type: "gap",
  why: "clock-jump",
  fromNs: 1030n * second,
  toNs: 1200n * second,
  message: "The clock was set back.",
};

test("a clock that jumped is no gap: nothing was missed, and what is open stays open", async () => {
  const overflow: JournalEvent = {
    type: "gap",
    fromNs: 1150n * second,
    toNs: 1190n * second,
    why: "overflow",
  };
  const survey = await surveyOf([
    [1000, start],
    [1190, overflow],
    [1030, setBack],
    [1031, remove],
    [1032, reconciled],
  ]);
  assert.deepEqual(
    [survey.gaps.map(({ why }) => why), survey.clockJumps.map(({ why }) => why)],
    [["overflow"], ["clock-jump"]],
  );
  const unknown = (sequence: number, seconds: number): readonly string[] =>
    unknownAt(survey, { sequence, atNs: BigInt(seconds) * second, baseFromNs: 0n }).map(
      ({ why }) => why,
    );
  assert.deepEqual(unknown(3, 1030), ["overflow"], "told of before, whatever the clock says now");
  assert.deepEqual(unknown(1, 1000), []);
});

test("a clock that was set back while nothing happened had come further than the last label", async () => {
  const { times } = await surveyOf([
    [1000, remove],
    [1030, setBack],
    [1040, remove],
    [1300, remove],
  ]);
  assert.equal(times.setBack, 1);
  assert.deepEqual(at(times, 1035), [1, 2], "it was this time twice");
  assert.deepEqual(at(times, 1100), [1, 3]);
  assert.deepEqual(at(times, 1250), [3], "the clock came there once");
  assert.equal(times.firstFrom(1150n * second), 1, "a base of before, of which no event tells");
  assert.equal(times.firstFrom(1250n * second), 4);
});

test("events that were labelled before somebody noticed the clock are in the same run", async () => {
  const { times } = await surveyOf([
    [1020, remove],
    [1100, remove],
    [1190, remove],
    [1028, remove],
    [1030, setBack],
    [1040, remove],
  ]);
  assert.equal(times.setBack, 1);
  assert.deepEqual(at(times, 1195), [3], "the clock had come there before");
  assert.deepEqual(at(times, 1035), [1, 5]);
  assert.equal(times.firstFrom(1195n * second), 3);
});

test("a clock that leapt ahead has nothing in between", async () => {
  const { times, clockJumps } = await surveyOf([
    [1000, remove],
    [5000, { ...setBack, fromNs: 1010n * second, toNs: 5000n * second }],
    [5010, remove],
  ]);
  assert.equal(times.setBack, 0);
  assert.equal(clockJumps.length, 1);
  assert.deepEqual(at(times, 3000), [1]);
  assert.deepEqual(at(times, 5005), [2]);
});
