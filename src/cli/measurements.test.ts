import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { type Measurement, measurementKinds, type ParameterName, parameterNames } from "#planner";
import { measurementLine, readMeasurementLine } from "./measurement-line.ts";
import { addMeasurements, measurementsPath, readMeasurements } from "./measurements.ts";

let top = "";
before(async () => {
  top = await mkdtemp(join(tmpdir(), "restante-measurements-"));
});
after(() => rm(top, { recursive: true, force: true }));

const fresh = async (name: string): Promise<string> => {
  const folder = join(top, name);
  await mkdir(folder);
  return folder;
};

function measured(parameter: ParameterName, number: number): Measurement {
  return {
    parameter,
    low: number,
    high: number + 1,
    kind: "capture",
    at: "2026-11-25T10:00:00.5Z",
    id: `run ${number}`,
    bytes: 5,
    seconds: 0.5,
    about: `number ${number}`,
  };
}

test("a folder without measurements has none, and no problem", async () => {
  assert.deepEqual(await readMeasurements(join(top, "nowhere")), {
    measurements: [],
    problems: [],
  });
});

test("what was added is read in the order in which it was added, and only its owner may read it", async () => {
  const folder = await fresh("order");
  const list = [measured("capture_rate", 1), measured("dedup_rate", 2)];
  await addMeasurements(folder, list);
  const { id: _id, bytes: _bytes, seconds: _seconds, ...bare } = measured("capture_rate", 3);
  await addMeasurements(folder, [bare]);
  assert.deepEqual(await readMeasurements(folder), { measurements: [...list, bare], problems: [] });
  assert.equal((await stat(measurementsPath(folder))).mode & 0o777, 0o600);
});

test("a torn last line is skipped and told, and tears no line that is added after it", async () => {
  const folder = await fresh("torn");
  await addMeasurements(folder, [measured("capture_rate", 1), measured("capture_rate", 2)]);
  const bytes = await readFile(measurementsPath(folder));
  await writeFile(measurementsPath(folder), bytes.subarray(0, -20));
  const torn = await readMeasurements(folder);
  assert.deepEqual(torn.measurements, [measured("capture_rate", 1)]);
  assert.match(torn.problems.join(), /^Line 2 .*cut off/);
  await addMeasurements(folder, [measured("scan_rate", 3)]);
  assert.deepEqual((await readMeasurements(folder)).measurements, [
    measured("capture_rate", 1),
    measured("scan_rate", 3),
  ]);
});

test("lines that are no measurements are skipped, each with its reason", async () => {
  const folder = await fresh("foreign");
  const good = measured("mail", 7);
  const wrong: readonly [object | string | null, RegExp][] = [
    ["{", /no JSON/],
    [[good], /no JSON object/],
    [null, /no JSON object/],
    [{ ...good, parameter: "toString" }, /nothing that this version knows/],
    [{ ...good, low: 9, high: 8 }, /no interval/],
    [{ ...good, low: -1 }, /no interval/],
    [{ ...good, high: null }, /no interval/],
    [{ ...good, high: "8" }, /no interval/],
    [{ ...good, kind: "guess" }, /kind is unknown/],
    [{ ...good, at: "yesterday" }, /no RFC 3339/],
    [{ ...good, about: "" }, /what was measured/],
    [{ ...good, id: 5 }, /id is no text/],
    [{ ...good, bytes: "5" }, /bytes are no number/],
    [{ ...good, seconds: [] }, /seconds are no number/],
    [{ ...good, about: "x".repeat(5000) }, /too long/],
  ];
  const lines = wrong.map(([value]) => (typeof value === "string" ? value : JSON.stringify(value)));
  await writeFile(measurementsPath(folder), [...lines, JSON.stringify(good), ""].join("\n"));
  const { measurements, problems } = await readMeasurements(folder);
  assert.deepEqual(measurements, [good]);
  assert.equal(problems.length, wrong.length);
  for (const [index, [, reason]] of wrong.entries()) assert.match(problems[index] ?? "", reason);
});

test("any measurement comes back from its line, and no line of any text throws", () => {
  const amount = fc.double({ min: 0, max: 1e18, noNaN: true }).map((value) => value + 0);
  const measurement = fc
    .record(
      {
        parameter: fc.constantFrom(...parameterNames),
        kind: fc.constantFrom(...measurementKinds),
        ends: fc.tuple(amount, amount),
        about: fc.string({ unit: "binary", minLength: 1, maxLength: 200 }),
        id: fc.string({ minLength: 1, maxLength: 100 }),
        bytes: amount,
      },
      { requiredKeys: ["parameter", "kind", "ends", "about"] },
    )
    .map(({ ends: [one, other], ...rest }): Measurement => ({
      ...rest,
      low: Math.min(one, other),
      high: Math.max(one, other),
      at: "2026-11-25T10:00:00Z",
    }));
  fc.assert(
    fc.property(measurement, (one) => {
      const line = measurementLine(one);
      assert.equal(line.indexOf("\n"), line.length - 1);
      assert.deepEqual(readMeasurementLine(line), { ...one });
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      assert.equal(typeof readMeasurementLine(line), "string");
    }),
  );
});

test("a file that grows too large loses its oldest lines, and never the newest of a parameter", async () => {
  const folder = await fresh("bounded");
  const largestBytes = 4000;
  await addMeasurements(folder, [measured("tape_rate", 0)]);
  for (let number = 1; number <= 100; number++)
    await addMeasurements(folder, [measured("capture_rate", number)], { largestBytes });
  const { measurements, problems } = await readMeasurements(folder);
  assert.deepEqual(problems, []);
  assert.deepEqual(measurements[0], measured("tape_rate", 0));
  assert.deepEqual(measurements.at(-1), measured("capture_rate", 100));
  const rest = measurements.slice(1).map(({ low }) => low);
  assert.ok(rest.length >= 5 && rest.length < 40, `${rest.length} lines are left`);
  assert.deepEqual(
    rest,
    Array.from({ length: rest.length }, (_, n) => 101 - rest.length + n),
  );
  assert.ok((await stat(measurementsPath(folder))).size <= largestBytes);
  assert.deepEqual(await readdir(folder), ["measurements.ndjson"]);
});

const writer = join(import.meta.dirname, "measurement-writer.fixture.ts");
const writeIn = (folder: string, id: string, options: readonly string[]): Promise<unknown> =>
  promisify(execFile)(process.execPath, [writer, folder, id, ...options]);

test("two processes that record at the same time lose and mix no line", async () => {
  const folder = await fresh("two");
  const options = ["150", String(1024 ** 2)];
  await Promise.all([writeIn(folder, "a", options), writeIn(folder, "b", options)]);
  const { measurements, problems } = await readMeasurements(folder);
  assert.deepEqual(problems, []);
  for (const id of ["a", "b"])
    assert.deepEqual(
      measurements.filter((one) => one.id === id).map(({ low }) => low),
      Array.from({ length: 150 }, (_, number) => number),
    );
});

test("two processes that record while old lines are dropped keep their newest lines", async () => {
  const folder = await fresh("two-dropping");
  const options = ["120", "6000"];
  await Promise.all([writeIn(folder, "a", options), writeIn(folder, "b", options)]);
  // Whoever ended last wrote the newest line; nobody dropped lines after that but to make room.
  const { measurements, problems } = await readMeasurements(folder);
  assert.deepEqual(problems, []);
  assert.ok(measurements.some(({ low }) => low === 119));
  assert.ok((await stat(measurementsPath(folder))).size < 12_000);
});

test("a link in the file's place is not followed, neither to read nor to write", async () => {
  const folder = await fresh("link");
  const elsewhere = join(folder, "elsewhere");
  await writeFile(elsewhere, measurementLine(measured("mail", 1)));
  await symlink(elsewhere, measurementsPath(folder));
  const { measurements, problems } = await readMeasurements(folder);
  assert.deepEqual(measurements, []);
  assert.equal(problems.length, 1);
  await assert.rejects(addMeasurements(folder, [measured("mail", 2)]), {
    code: "cli.not-recorded",
  });
  assert.equal(await readFile(elsewhere, "utf8"), measurementLine(measured("mail", 1)));
});

test("a mark that a killed run left does not stop the recording, only the dropping", async () => {
  const folder = await fresh("mark");
  const mark = `${measurementsPath(folder)}.rewriting`;
  await appendFile(mark, "");
  for (let number = 0; number < 20; number++)
    await addMeasurements(folder, [measured("mail", number)], { largestBytes: 1000 });
  assert.equal((await readMeasurements(folder)).measurements.length, 20);
});
