import assert from "node:assert/strict";
import { test } from "node:test";
import { paperParameters } from "../parameters.ts";
import type { OperationalChoice } from "./choices.ts";
import { estimateOperational } from "./operational.ts";
import { paperSituation } from "./situation.ts";

const GB = 1024 ** 3;
const situation = paperSituation(paperParameters());
const withoutLogs = { ...situation, rollsForward: false };
const sixHourly: OperationalChoice = {
  method: "tape",
  everyHours: 24,
  logsEveryHours: 6,
  reachHours: 24,
};

function sizeOf(choice: OperationalChoice): number {
  return estimateOperational(choice, situation).stored.reduce(
    (sum, { size }) => sum + size.high,
    0,
  );
}

test("logs that were copied are played back whether or not the last ones survive: RPO 6 h has its price", () => {
  const { rto } = estimateOperational(sixHourly, situation);
  assert.ok(rto.logsLost.high > 160, `${rto.logsLost.high} minutes are too few for a day of logs`);
  assert.equal(rto.logsLost.high, rto.logsSurvive.high);
});

test("a server without logs has none to copy every six hours: its RPO stays a day", () => {
  const { rpo, rto, stored } = estimateOperational(sixHourly, withoutLogs);
  assert.equal(rpo.logsLost.high, 24);
  assert.ok(rto.logsSurvive.high < 110);
  assert.equal(stored.length, 1);
});

test("logs that are copied more often take additional tapes and additional disk (Figure 6)", () => {
  const tapes = (choice: OperationalChoice): number =>
    estimateOperational(choice, situation).stored.reduce(
      (sum, one) => sum + (one.tapes?.high ?? 0),
      0,
    );
  const { logsEveryHours: _, ...daily } = sixHourly;
  assert.equal(tapes(sixHourly), tapes(daily) + 1);
  const disk = { ...daily, method: "disk" } as const;
  assert.equal(sizeOf({ ...disk, logsEveryHours: 6 }) - sizeOf(disk), 2 * GB);
});

test("every full copy on disk is stored whole, as its RTO counts on", () => {
  // It used to be one a week, with increments between that the RTO never restored.
  const week: OperationalChoice = { method: "disk", everyHours: 24, reachHours: 7 * 24 };
  assert.equal(sizeOf(week), 7 * 62 * GB);
  assert.equal(estimateOperational(week, situation).images, 7);
});

test("continuous protection that is kept for a month takes more than the paper's 1.5 to 2 times", () => {
  const kept = (days: number): readonly number[] =>
    estimateOperational(
      { method: "cdp", everyHours: 0, reachHours: days * 24 },
      situation,
    ).stored.map(({ timesData }) => timesData.high);
  assert.deepEqual(kept(2), [2]);
  assert.deepEqual(kept(10), [2]);
  assert.deepEqual(kept(30), [4]);
});
