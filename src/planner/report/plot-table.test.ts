import assert from "node:assert/strict";
import { test } from "node:test";
import { scatterTable, timelineTables } from "./plot-table.ts";
import {
  ageText,
  finenessOf,
  moneyText,
  rpoText,
  rtoText,
  shareText,
  spacingText,
} from "./plot-words.ts";
import { samplePoints, sampleTimeline } from "./sample-report.fixture.ts";

test("the scatter's table has every point with its number, and the objective", () => {
  const { rows } = scatterTable({
    title: "Options",
    points: samplePoints,
    objective: { rpoMinutes: 15, rtoMinutes: 60 },
    currency: "EUR",
  });
  assert.equal(rows.length, samplePoints.length + 1);
  const last = [
    "14",
    "sync. mirrors, cluster failover",
    "disaster",
    "0",
    "automatic",
    "24,900 EUR",
  ];
  assert.deepEqual(rows[13], [...last, "on the front"]);
  assert.deepEqual(rows[14], ["", "Objective", "", "15 min", "1 h", "", ""]);
});

test("the timeline's tables have every window, lapse and share", () => {
  const [windows, lapses, shares] = timelineTables(sampleTimeline);
  assert.deepEqual(windows?.rows[0]?.slice(2, 5), ["now", "48 h", "every change"]);
  assert.equal(windows?.rows.length, 4);
  assert.deepEqual(lapses?.rows[0]?.slice(1), ["14 d", "21 d"]);
  assert.deepEqual(shares?.rows, [
    ["48 h", "56 %"],
    ["1 year", "100 %"],
  ]);
});

test("a method that covers nothing is said to cover nothing", () => {
  const rows = [{ label: "mirror", layer: "disaster", windows: [] }] as const;
  const [table] = timelineTables({ title: "t", rows, lapses: [] });
  assert.deepEqual(table?.rows[0]?.slice(0, 3), ["mirror", "disaster", "covers nothing"]);
});

test("numbers of plots are said as people say them", () => {
  assert.deepEqual([0, 1 / 60, 5, 1440].map(rpoText), ["0", "1 s", "5 min", "1 d"]);
  assert.deepEqual([0, 1e-9, 62, Infinity].map(rtoText), [
    "automatic",
    "under 1 ms",
    "1 h 2 min",
    "unlimited",
  ]);
  assert.deepEqual([0, 0.5, 48, 336, 8760, 61_320, Infinity, NaN].map(ageText), [
    "now",
    "30 min",
    "48 h",
    "14 d",
    "1 year",
    "7 years",
    "for ever",
    "unknown",
  ]);
  assert.deepEqual([0, 1, 4, 24, 168, 720].map(spacingText), [
    "every change",
    "every hour",
    "every 4 h",
    "every day",
    "every week",
    "every 30 d",
  ]);
  assert.equal(moneyText(12_345.6, "EUR"), "12,346 EUR");
  assert.equal(moneyText(1.257, "EUR"), "1.26 EUR");
  assert.equal(moneyText(NaN, "EUR"), "unknown");
  assert.equal(shareText(0.5649), "56.5 %");
});

test("fineness has its steps at a minute, an hour and a day", () => {
  const steps = [0, 1 / 60, 0.02, 1, 1.1, 24, 25, Infinity].map(finenessOf);
  assert.deepEqual(steps, [0, 0, 1, 1, 2, 2, 3, 3]);
});
