/** Holds the model to the paper: with its assumptions, every cell of Figures 6 and 7. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { paperParameters, todaysParameters } from "../parameters.ts";
import { estimateDisaster } from "./disaster.ts";
import { type FigureCell, figureCells } from "./figures.ts";
import { estimateOperational } from "./operational.ts";
import { figure6, figure7, printedInterval } from "./paper-cells.ts";
import { deltas } from "./storage.ts";
import { paperSituation } from "./situation.ts";

const situation = paperSituation(paperParameters());
const cells = figureCells({ situation, today: false });
const printed = cells.filter(({ paper }) => paper !== null);

function cellsOf(quantity: FigureCell["quantity"]): readonly FigureCell[] {
  return printed.filter((cell) => cell.quantity === quantity);
}

test("every row of both figures is there, with its RPO, RTO and cost", () => {
  assert.equal(figure6.length, 7);
  assert.equal(figure7.length, 10);
  for (const { row } of [...figure6, ...figure7]) {
    const of = printed.filter((cell) => cell.row === row).map(({ quantity }) => quantity);
    assert.deepEqual(of.toSorted(), ["RPO", "RTO", "storage"], row);
  }
});

for (const cell of cellsOf("RTO")) {
  test(`RTO within one minute of the paper: ${cell.row}`, () => {
    const paper = printedInterval(cell.paper ?? "");
    const { low, high } = cell.computed;
    if (paper === undefined) {
      // "Minutes" is less than an hour; "Automatic" waits for nobody.
      if (cell.paper === "Automatic") assert.equal(high, 0);
      else assert.ok(low >= 1 && high < 60, `${low}-${high}`);
      return;
    }
    assert.ok(Math.abs(low - paper.low) <= 1, `${low} is not ${paper.low}`);
    assert.ok(Math.abs(high - paper.high) <= 1, `${high} is not ${paper.high}`);
  });
}

for (const cell of cellsOf("RPO")) {
  test(`RPO equal to the paper's: ${cell.row}`, () => {
    const paper = printedInterval(cell.paper ?? "");
    const { low, high } = cell.computed;
    if (paper === undefined)
      assert.ok(low * 60 >= 1 && high < 1, `${low}-${high} h is not minutes`);
    else assert.deepEqual({ low, high }, paper);
  });
}

for (const cell of cellsOf("storage")) {
  test(`cost equal to the paper's: ${cell.row}`, () => {
    const paper = printedInterval(cell.paper ?? "");
    if (paper === undefined) {
      assert.equal(cell.paper, "Tapes");
      assert.ok(cell.computed.low >= 1 && Number.isInteger(cell.computed.low));
      return;
    }
    // The paper rounds: a full copy carries a day's logs, 62 GB for 60 (§3.2.5: slightly more than 1).
    assert.ok(Math.abs(cell.computed.low - paper.low) < 0.05, `${cell.computed.low}`);
    assert.ok(Math.abs(cell.computed.high - paper.high) < 0.05, `${cell.computed.high}`);
  });
}

test("the model's exact minutes are those that the formulas were recovered with", () => {
  const rto = (row: string): readonly number[] => {
    const cell = printed.find((one) => one.row === row && one.quantity === "RTO");
    return [cell?.computed.low ?? NaN, cell?.computed.high ?? NaN].map(
      (value) => Math.round(value * 10) / 10,
    );
  };
  assert.deepEqual(rto("Backup copy from Tape: Daily DB & Logs"), [66.2, 152.8]);
  assert.deepEqual(rto("Backup copy from Tape: Daily DB, plus Logs every 6 hrs"), [69.9, 161.6]);
  assert.deepEqual(rto("Backup copy from Disk: Daily DB & Logs"), [62, 62]);
  assert.deepEqual(rto("Backup copy from Disk: Daily DB, plus Logs every 6 hrs"), [63.7, 63.7]);
  assert.deepEqual(rto("Clone"), [25, 25]);
  assert.deepEqual(rto("Delta Snapshot"), [10, 10]);
  assert.deepEqual(rto("From Tape: Tape only – no log playback"), [21.2, 107.8]);
});

test("both fits of the remote snapshot with mirrored logs are visible: 25 and 27.5 minutes (Figure 7)", () => {
  const cell = printed.find(
    ({ row, quantity }) =>
      row.endsWith("plus mirrors for logs only") &&
      row.includes("Remote copy") &&
      quantity === "RTO",
  );
  assert.equal(cell?.computed.high, 25);
  assert.match(cell?.computed.basis ?? "", /remote_mount would give 2\.5 more/);
});

test("the 48-hour example: nightly, held for 24 hours, then sent offsite (§2.2.1)", () => {
  const parameters = paperParameters();
  const held = { ...parameters, hold: { ...parameters.hold, low: 24, high: 24 } };
  const { rpo } = estimateDisaster(
    { option: "ship-tapes", everyHours: 24, mirroredLogs: false, reachHours: 24 },
    { method: "tape", everyHours: 24, reachHours: 24 },
    paperSituation(held),
  );
  assert.deepEqual([rpo.logsLost.low, rpo.logsLost.high], [48, 48]);
});

test("two days of delta snapshots of 60 GB take 12 GB (§3.4.5)", () => {
  assert.equal(deltas(48, situation).high, 12 * 1024 ** 3);
  const { stored } = estimateOperational(
    { method: "deltas", everyHours: 4, reachHours: 48 },
    situation,
  );
  assert.equal(stored[0]?.size.high, 12 * 1024 ** 3);
});

test("any method reaches RPO 0 with its logs, and none without them where there are no logs (§4.1)", () => {
  const daily = { method: "disk", everyHours: 24, reachHours: 24 } as const;
  const withLogs = estimateOperational(daily, situation);
  assert.equal(withLogs.rpo.logsSurvive.high, 0);
  const maildir = estimateOperational(daily, { ...situation, rollsForward: false });
  assert.equal(maildir.rpo.logsSurvive.high, 24);
  assert.deepEqual(
    { ...maildir.rto.logsSurvive, basis: "" },
    { ...maildir.rto.logsLost, basis: "" },
  );
});

test("today's methods stand beside the paper's rows, and the paper says nothing of them", () => {
  const today = figureCells({ situation: paperSituation(todaysParameters()) }).filter(({ row }) =>
    row.startsWith("Today:"),
  );
  assert.equal(new Set(today.map(({ row }) => row)).size, 6);
  for (const cell of today) assert.equal(cell.paper, null);
});

test("a measured result stands beside what was computed and replaces nothing of it", () => {
  const measured = {
    low: 23,
    high: 23,
    unit: "minutes",
    origin: "measured",
    basis: "drill 7, 2026-11-23",
  } as const;
  const [row, quantity, logs] = ["Clone", "RTO", "logs survive"] as const;
  const found = figureCells({
    situation,
    results: [{ row, quantity, case: logs, measured }],
  }).filter((cell) => cell.measured !== null);
  assert.equal(found.length, 1);
  assert.deepEqual(
    [found[0]?.paper, found[0]?.computed.high, found[0]?.measured],
    [25, 25, measured],
  );
});

test("hosts are recovered side by side, storage is bought for all of them", () => {
  const parameters = paperParameters();
  const four = { ...parameters, hosts: { ...parameters.hosts, low: 4, high: 4 } };
  const choice = { method: "disk", everyHours: 24, reachHours: 24 } as const;
  const one = estimateOperational(choice, situation);
  const many = estimateOperational(choice, paperSituation(four));
  const restore = (estimate: typeof one): number =>
    estimate.phases.find(({ name }) => name === "restore")?.time.high ?? NaN;
  assert.ok(Math.abs(restore(many) * 4 - restore(one)) < 1e-6);
  assert.equal(many.stored[0]?.size.high, one.stored[0]?.size.high);
});
