import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readMeasurements } from "./measurements.ts";
import { Output } from "./output.ts";
import {
  captureMeasurements,
  type CaptureRun,
  recordMeasurements,
  restoreMeasurements,
  type RestoreRun,
} from "./run-measurements.ts";
import type { Surroundings, Terminal } from "./terminal.ts";

const MB = 1024 ** 2;
const capture: CaptureRun = {
  momentId: "ab",
  bytesRead: 100 * MB,
  bytesTotal: 100 * MB,
  filesTotal: 7,
  partial: false,
  elapsedMs: 4000,
};
const restore: RestoreRun = {
  momentId: "ab",
  bytes: 30 * MB,
  files: 9,
  skipped: 0,
  failed: 0,
  elapsedMs: 2000,
};

const captured = (some: Partial<CaptureRun>) =>
  captureMeasurements({ ...capture, ...some }, 0n).map(({ parameter, low, high }) => ({
    parameter,
    low,
    high,
  }));
const restored = (some: Partial<RestoreRun>) =>
  restoreMeasurements({ ...restore, ...some }, 0n).map(({ parameter, low, high }) => ({
    parameter,
    low,
    high,
  }));

test("a capture that read the store measures how fast it is read", () => {
  const rate = { low: 25 * MB, high: 25 * MB };
  assert.deepEqual(captured({}), [{ parameter: "capture_rate", ...rate }]);
  const [measurement] = captureMeasurements(capture, 0n);
  assert.deepEqual(
    [measurement?.kind, measurement?.id, measurement?.at, measurement?.about],
    ["capture", "ab", "1970-01-01T00:00:00Z", "capture of 105 MB of a store of 105 MB, 7 files"],
  );
});

test("a capture that found hardly anything new measures how fast a store is looked over", () => {
  assert.deepEqual(captured({ bytesRead: MB, elapsedMs: 500 }), [
    { parameter: "scan_rate", low: 200 * MB, high: 200 * MB },
  ]);
});

test("a capture that says nothing of either records nothing", () => {
  assert.deepEqual(captured({ bytesRead: 15 * MB, bytesTotal: 15 * MB }), []);
  assert.deepEqual(captured({ elapsedMs: 999 }), []);
  assert.deepEqual(captured({ elapsedMs: 0 }), []);
  assert.deepEqual(captured({ partial: true }), []);
  // Most of its time went into looking over what was not read.
  assert.deepEqual(captured({ bytesRead: 20 * MB }), []);
  assert.deepEqual(captured({ bytesRead: 0, bytesTotal: 63 * MB }), []);
});

test("a restore measures how fast mail comes back, unless it was small, failed or mostly compared", () => {
  assert.deepEqual(restored({}), [{ parameter: "dedup_rate", low: 15 * MB, high: 15 * MB }]);
  assert.deepEqual(restored({ bytes: 15 * MB }), []);
  assert.deepEqual(restored({ elapsedMs: 900 }), []);
  assert.deepEqual(restored({ failed: 1 }), []);
  assert.deepEqual(restored({ skipped: 10 }), []);
});

test("what cannot be recorded is a warning and not the end of a capture", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-record-"));
  try {
    let said = "";
    const terminal = { say: (text: string) => void (said += text) } as Terminal;
    const output = new Output(terminal, { json: false, quiet: false });
    const record = (state: string) =>
      recordMeasurements(
        {
          output,
          surroundings: { environment: { XDG_STATE_HOME: state } } as unknown as Surroundings,
        },
        captureMeasurements(capture, 0n),
      );
    assert.equal(
      await record(folder),
      join(folder, "restante", "measurements.ndjson"),
      "first where it can",
    );
    assert.equal((await readMeasurements(join(folder, "restante"))).measurements.length, 1);
    assert.equal(said, "");
    await writeFile(join(folder, "file"), "");
    assert.equal(await record(join(folder, "file")), undefined);
    assert.match(said, /^warning: what was measured is not recorded: /);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
