import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { rowsOfMethods } from "#planner";
import { measuredResults } from "./result-cells.ts";
import { type Result, resultQuantities, resultUnits } from "./result.ts";
import { readResultLine, resultLine } from "./result-line.ts";
import { readResults, recordResult, resultsPath } from "./results.ts";

let top = "";
before(async () => {
  top = await mkdtemp(join(tmpdir(), "restante-results-"));
});
after(() => rm(top, { recursive: true, force: true }));

const fresh = async (name: string): Promise<string> => {
  const folder = join(top, name);
  await mkdir(folder);
  return folder;
};

function restored(minutes: number, more: Partial<Result> = {}): Result {
  return {
    row: rowsOfMethods["disk-deduplicated"],
    quantity: "RTO",
    case: "logs lost",
    low: minutes,
    high: minutes,
    unit: "minutes",
    at: "2026-11-25T10:00:00.5Z",
    phases: [
      { name: "find", ms: 500 },
      { name: "restore and verify", ms: minutes * 60_000 },
    ],
    bytes: 1000,
    id: "1a2b3c4d5e",
    about: `restore number ${minutes}`,
    ...more,
  };
}

test("a folder without results has none, and no problem", async () => {
  assert.deepEqual(await readResults(join(top, "nowhere")), { results: [], problems: [] });
});

test("what was recorded is read in its order, and only its owner may read it", async () => {
  const folder = await fresh("order");
  const { phases: _phases, ...bare } = restored(2, { quantity: "storage", unit: "× data" });
  await recordResult(folder, restored(1));
  await recordResult(folder, bare);
  assert.deepEqual(await readResults(folder), { results: [restored(1), bare], problems: [] });
  assert.equal((await stat(resultsPath(folder))).mode & 0o777, 0o600);
});

test("a torn results file keeps its whole lines, says what was lost, and tears nothing after it", async () => {
  const folder = await fresh("torn");
  await recordResult(folder, restored(1));
  await recordResult(folder, restored(2));
  const bytes = await readFile(resultsPath(folder));
  const firstEnd = bytes.indexOf(0x0a) + 1;
  for (let end = firstEnd + 1; end < bytes.length - 1; end++) {
    await writeFile(resultsPath(folder), bytes.subarray(0, end));
    const torn = await readResults(folder);
    assert.deepEqual(torn.results, [restored(1)], `cut at ${end}`);
    assert.match(torn.problems.join(), /^Line 2 of results\.ndjson was skipped: .*cut off/);
  }
  await recordResult(folder, restored(3));
  const { results, problems } = await readResults(folder);
  assert.deepEqual(results, [restored(1), restored(3)]);
  assert.equal(problems.length, 1);
});

test("lines that are no results are skipped, each with its reason", async () => {
  const folder = await fresh("foreign");
  const good = restored(7);
  const wrong: readonly [object | string, RegExp][] = [
    ["{", /no JSON/],
    [{ ...good, row: "Carbon copies" }, /no row of the figures/],
    [{ ...good, quantity: "recall" }, /quantity is unknown/],
    [{ ...good, case: "perhaps" }, /whether the logs survive/],
    [{ ...good, low: 9, high: 8 }, /no interval/],
    [{ ...good, unit: "hours" }, /unit is not minutes/],
    [{ ...good, at: "yesterday" }, /no RFC 3339/],
    [{ ...good, phases: [{ name: "find" }] }, /phases are no times/],
    [{ ...good, phases: Array(21).fill({ name: "find", ms: 1 }) }, /phases are no times/],
    [{ ...good, bytes: "5" }, /bytes are no number/],
    [{ ...good, id: 5 }, /id is no text/],
    [{ ...good, about: "" }, /what was measured/],
    [{ ...good, about: "x".repeat(5000) }, /too long/],
  ];
  const lines = wrong.map(([value]) => (typeof value === "string" ? value : JSON.stringify(value)));
  await writeFile(resultsPath(folder), [...lines, JSON.stringify(good), ""].join("\n"));
  const { results, problems } = await readResults(folder);
  assert.deepEqual(results, [good]);
  assert.equal(problems.length, wrong.length);
  for (const [index, [, reason]] of wrong.entries()) assert.match(problems[index] ?? "", reason);
});

test("any result comes back from its line, and no line of any text throws", () => {
  const amount = fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0);
  const phase = fc.record({ name: fc.string({ minLength: 1, maxLength: 30 }), ms: amount });
  const result = fc
    .record({
      row: fc.constantFrom(...Object.values(rowsOfMethods)),
      quantity: fc.constantFrom(...resultQuantities),
      logs: fc.constantFrom("logs survive" as const, "logs lost" as const),
      ends: fc.tuple(amount, amount),
      phases: fc.array(phase, { maxLength: 8 }),
      bytes: amount,
      id: fc.string({ minLength: 1, maxLength: 64 }),
      about: fc.string({ unit: "binary", minLength: 1, maxLength: 200 }),
    })
    .map(({ ends: [one, other], logs, ...rest }): Result => ({
      ...rest,
      case: logs,
      unit: resultUnits[rest.quantity],
      low: Math.min(one, other),
      high: Math.max(one, other),
      at: "2026-11-25T10:00:00Z",
    }));
  fc.assert(
    fc.property(result, (one) => {
      const line = resultLine(one);
      assert.equal(line.indexOf("\n"), line.length - 1);
      // fast-check makes records without a prototype.
      assert.deepEqual(readResultLine(line), JSON.parse(JSON.stringify(one)));
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      assert.equal(typeof readResultLine(line), "string");
    }),
  );
});

test("a file that grows too large loses its oldest lines, and never the newest of a cell", async () => {
  const folder = await fresh("bounded");
  const largestBytes = 4000;
  await recordResult(folder, restored(0, { row: rowsOfMethods.clones }));
  for (let number = 1; number <= 60; number++)
    await recordResult(folder, restored(number), { largestBytes });
  const { results, problems } = await readResults(folder);
  assert.deepEqual(problems, []);
  assert.equal(results[0]?.row, rowsOfMethods.clones);
  assert.deepEqual(results.at(-1), restored(60));
  assert.ok((await stat(resultsPath(folder))).size <= largestBytes);
  assert.deepEqual(await readdir(folder), ["results.ndjson"]);
});

test("a link in the file's place is not followed, neither to read nor to write", async () => {
  const folder = await fresh("link");
  const elsewhere = join(folder, "elsewhere");
  await writeFile(elsewhere, resultLine(restored(1)));
  await symlink(elsewhere, resultsPath(folder));
  const { results, problems } = await readResults(folder);
  assert.deepEqual([results.length, problems.length], [0, 1]);
  await assert.rejects(recordResult(folder, restored(2)), {
    code: "cli.not-recorded",
    message: /^Cannot record results in /,
  });
  assert.equal(await readFile(elsewhere, "utf8"), resultLine(restored(1)));
});

test("the recovery time of one message does not stand for that of the server, however new it is", () => {
  const [cell, ...others] = measuredResults([
    restored(90, { bytes: 100_000 }),
    restored(60, { bytes: 80_000 }),
    restored(0.01, { bytes: 4 }),
  ]);
  assert.equal(others.length, 0);
  assert.deepEqual([cell?.measured.high, cell?.bytes], [60, 80_000]);
  assert.match(cell?.measured.basis ?? "", /^restore number 60 \(1a2b3c4d, 2026-11-25/);
});

test("of results the last that was recorded counts, though the clock was set back since", () => {
  const late = restored(5, { at: "2036-01-01T00:00:00Z" });
  const [cell] = measuredResults([late, restored(6)]);
  assert.equal(cell?.measured.high, 6);
});
