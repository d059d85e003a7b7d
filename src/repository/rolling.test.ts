import assert from "node:assert/strict";
import { test } from "node:test";
import { type Due, type PackAge, packsDue, rollingReport } from "./rolling.ts";

const dayMs = 86_400_000;
const nowNs = 1_800_000_000_000_000_000n;
const daysAgo = (days: number): bigint => nowNs - BigInt(Math.round(days * dayMs)) * 1_000_000n;
const pack = (packId: string, soundAtNs?: bigint, isDamaged = false): PackAge => ({
  packId,
  sizeBytes: 100,
  soundAtNs,
  isDamaged,
});
const due = (ages: readonly PackAge[], options: Partial<Due> = {}): string =>
  packsDue({ ages, withinMs: 30 * dayMs, nowNs, previousNs: daysAgo(1), ...options })
    .map(({ packId }) => packId)
    .join(" ");

test("damaged packs come first, then those never read, then those read longest ago", () => {
  const ages = [
    pack("newer", daysAgo(32)),
    pack("older", daysAgo(40)),
    pack("never"),
    pack("bad", undefined, true),
  ];
  assert.equal(due(ages), "bad never older newer");
});

test("a share proportional to the time since the last run is due, oldest first", () => {
  const ages = Array.from({ length: 60 }, (_, at) => pack(`p${at}`, daysAgo(1 + at / 3)));
  assert.equal(due(ages), "p59 p58");
  assert.equal(due(ages, { previousNs: daysAgo(3) }).split(" ").length, 6);
  assert.equal(due(ages, { previousNs: daysAgo(90) }).split(" ").length, 60);
  assert.equal(due(ages, { previousNs: nowNs }), "");
});

test("what is new does not take the place of what is old", () => {
  const ages = [...Array.from({ length: 30 }, (_, at) => pack(`p${at}`, daysAgo(at))), pack("new")];
  assert.equal(due(ages), "new p29");
});

test("run every day, everything is read again within the time", () => {
  const within = 10;
  const read = new Map<string, number>();
  for (let at = 0; at < 37; at++) read.set(`p${at}`, 0);
  let oldest = 0;
  for (let day = 1; day <= 60; day++) {
    const today = nowNs + BigInt(day * dayMs) * 1_000_000n;
    const ages = [...read].map(([packId, on]) =>
      pack(packId, nowNs + BigInt(on * dayMs) * 1_000_000n),
    );
    const previousNs = today - BigInt(dayMs) * 1_000_000n;
    const chosen = packsDue({ ages, withinMs: within * dayMs, nowNs: today, previousNs });
    assert.ok(chosen.length <= 8, `${chosen.length} of 37 on day ${day}`);
    for (const { packId } of chosen) read.set(packId, day);
    oldest = Math.max(oldest, day - Math.min(...read.values()));
  }
  assert.ok(oldest <= within, `${oldest} days`);
});

const report = (options: Partial<Parameters<typeof rollingReport>[0]> = {}): object =>
  rollingReport({
    ages: [pack("a", daysAgo(2)), pack("b", daysAgo(50)), pack("c", daysAgo(1))],
    rolling: { withinMs: 30 * dayMs, budgetMs: 1000 },
    nowNs,
    previousNs: daysAgo(1),
    packsRead: 1,
    bytesRead: 100,
    tookMs: 1000,
    structureMs: 0,
    endedByBudget: true,
    ...options,
  });

test("the report says what is overdue, how old the oldest reading is, and whether the pace suffices", () => {
  assert.deepEqual(report(), {
    packsRead: 1,
    packsTotal: 3,
    bytesTotal: 300,
    overduePacks: 1,
    overdueBytes: 100,
    neverReadPacks: 0,
    oldestNs: daysAgo(50),
    endedByBudget: true,
    runsForAll: 3,
    paceSuffices: true,
  });
  assert.deepEqual(
    { ...report({ previousNs: daysAgo(15) }) },
    { ...report(), paceSuffices: false },
    "three runs, fifteen days apart, take longer than thirty days",
  );
});

test("what each run does before it reads counts against its time", () => {
  assert.deepEqual(report({ structureMs: 500 }), { ...report(), runsForAll: 6 });
});

test("a pace is not guessed from nothing", () => {
  assert.ok(!("runsForAll" in report({ bytesRead: 0 })));
  assert.ok(!("runsForAll" in report({ rolling: { withinMs: 30 * dayMs } })));
  assert.ok(!("paceSuffices" in report({ previousNs: undefined })));
  assert.ok(!("oldestNs" in report({ ages: [pack("a", daysAgo(2)), pack("b")] })));
});
