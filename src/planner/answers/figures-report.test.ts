import assert from "node:assert/strict";
import { test } from "node:test";
import { deduplicatedRow, type MeasuredResult, paperSituation } from "../model/index.ts";
import { todaysParameters } from "../parameters.ts";
import { renderText } from "../report/index.ts";
import { figureCellsJson, figuresReport } from "./figures-report.ts";

const situation = paperSituation(todaysParameters());
const plain = {
  bold: (text: string) => text,
  dim: (text: string) => text,
  good: (text: string) => text,
  bad: (text: string) => text,
  warn: (text: string) => text,
  ascii: false,
};

function restored(more: Partial<MeasuredResult> = {}): MeasuredResult {
  return {
    row: deduplicatedRow,
    quantity: "RTO",
    case: "logs lost",
    measured: {
      low: 12,
      high: 12,
      unit: "minutes",
      origin: "measured",
      basis: "restore of 244 MB (1a2b3c4d, 2026-11-25T10:00:00Z)",
    },
    bytes: 244_000_000,
    at: "2026-11-25T10:00:00Z",
    phases: [
      { name: "find", ms: 600 },
      { name: "restore and verify", ms: 719_400 },
    ],
    ...more,
  };
}

function textOf(results: readonly MeasuredResult[]): string {
  return renderText(figuresReport({ situation, of: "mx1", results }), {
    columns: 120,
    style: plain,
  });
}

test("beside a measured value stand its mail and its day, and below the run with its phases", () => {
  const text = textOf([restored()]);
  assert.match(text, /^Today: backup to deduplicated disk .* 12 \(244 MB, 2026-11-25\) ᵐ$/m);
  assert.match(
    text.replace(/\s+/g, " "),
    /What was measured .*RTO, logs lost: restore of 244 MB \(1a2b3c4d, .*\); find 600 ms, restore and verify 11 min 59/,
  );
});

test("a value that stands for both cases is told once below the figures", () => {
  const text = textOf([restored(), restored({ case: "logs survive" })]);
  assert.equal(text.split("restore of 244 MB").length - 1, 1);
  assert.equal(text.split("12 (244 MB, 2026-11-25)").length - 1, 2);
});

test("figures without a measured value have no such section, and their times in one table", () => {
  const text = textOf([]);
  assert.doesNotMatch(text, /What was measured/);
  assert.match(text, /RPO in hours, RTO in minutes/);
});

test("what a copy takes and the time to recall stand in their one cell, whatever the case", () => {
  const storage = restored({
    quantity: "storage",
    case: "logs lost",
    measured: { low: 0.4, high: 0.4, unit: "× data", origin: "measured", basis: "copy" },
  });
  const cells = figureCellsJson({ situation, results: [storage] });
  assert.deepEqual(
    cells.filter(({ measured }) => measured !== null).map(({ quantity }) => quantity),
    ["storage"],
  );
});

test("a measured cell of JSON has its mail, its time and its phases; the others have none of them", () => {
  const cells = figureCellsJson({ situation, results: [restored()] });
  const measured = cells.filter((cell) => cell.measured !== null);
  assert.equal(measured.length, 1);
  assert.deepEqual(
    [measured[0]?.measuredBytes, measured[0]?.measuredAt, measured[0]?.measuredPhases?.length],
    [244_000_000, "2026-11-25T10:00:00Z", 2],
  );
  for (const cell of cells)
    if (cell.measured === null)
      assert.ok(!Object.keys(cell).some((key) => /^measured./.test(key)), cell.row);
});
