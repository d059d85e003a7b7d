import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawPath } from "#image";
import { benchMeasurements, figuresOf } from "./bench-figures.ts";
import type { Run } from "./figure.ts";
import type { BenchResult } from "./run-bench.ts";

const MB = 1024 ** 2;
const run = (rateBytes: number): Run => ({ bytes: rateBytes, ms: 1000 });

const measured: BenchResult = {
  facts: {
    bytes: 500 * MB,
    files: 3000,
    mailboxes: 7,
    newBytesPerDay: 2 * MB,
    busiestDayBytes: 9 * MB,
    newMessagesPerDay: 12,
    days: 30,
    complete: true,
    problems: [],
    problemCount: 0,
  },
  chosen: { files: 2, bytes: 20 * MB },
  sample: {
    folder: "/tmp/sample" as RawPath,
    files: new Map([["a" as RawPath, "1"]]),
    bytes: 20 * MB,
    missing: [],
    isCut: false,
    read: [run(5 * MB)],
    hash: [run(50 * MB)],
    compress: [run(40 * MB)],
    shareFromDisk: 0.5,
  },
  disk: {
    write: [run(80 * MB)],
    read: [run(90 * MB), run(110 * MB)],
    shareFromDisk: 1,
    isCut: false,
  },
  target: {
    write: [run(10 * MB), run(12 * MB)],
    read: [run(20 * MB)],
    shareFromDisk: 0.95,
    isCut: false,
  },
  isTargetHere: false,
  rounds: {
    capture: [run(30 * MB)],
    stored: [{ ...run(20 * MB), part: 5 * MB }],
    scan: [run(300 * MB)],
    open: [{ bytes: 20 * MB, ms: 600 }],
    restore: [run(15 * MB), run(16 * MB)],
    differing: [],
    remarks: new Set(),
  },
  cut: [],
  failed: [],
  elapsedMs: 5,
};

function planned(some: Partial<BenchResult>): Record<string, readonly [number, number]> {
  const result = { ...measured, ...some };
  const list = benchMeasurements(result, figuresOf(result), { id: "r", now: 0n });
  return Object.fromEntries(list.map(({ parameter, low, high }) => [parameter, [low, high]]));
}

test("each parameter is planned with once, from the least to the most that was measured", () => {
  assert.deepEqual(planned({}), {
    disk_rate: [90 * MB, 110 * MB],
    network_rate: [10 * MB, 20 * MB],
    capture_rate: [30 * MB, 30 * MB],
    dedup_share: [0.25, 0.25],
    scan_rate: [300 * MB, 300 * MB],
    dedup_rate: [15 * MB, 16 * MB],
    dedup_open: [0.01, 0.01],
    mail: [500 * MB, 500 * MB],
    mailboxes: [7, 7],
    logs_per_day: [2 * MB, 9 * MB],
  });
});

test("what came from memory, or may have, is no disk and no network", () => {
  const { disk, target } = measured;
  for (const shareFromDisk of [undefined, 0, 0.5]) {
    const some = planned({
      disk: { ...(disk as NonNullable<typeof disk>), shareFromDisk },
      target: { ...(target as NonNullable<typeof target>), shareFromDisk },
    });
    assert.equal(some["disk_rate"], undefined);
    assert.deepEqual(some["network_rate"], [10 * MB, 12 * MB], "what was written went there");
  }
});

test("a target on a device of this machine is no network", () => {
  assert.equal(planned({ isTargetHere: true })["network_rate"], undefined);
});

test("a restore that came back otherwise than it was has no rate", () => {
  const rounds = { ...measured.rounds, differing: ['"a" came back with other bytes.'] };
  assert.equal(planned({ rounds })["dedup_rate"], undefined);
});

test("of a store that was not seen whole nothing is planned with", () => {
  const some = planned({ facts: { ...measured.facts, complete: false } });
  for (const name of ["mail", "mailboxes", "logs_per_day"]) assert.equal(some[name], undefined);
});

test("of files that are no Maildirs only their size is known", () => {
  const facts = { ...measured.facts, mailboxes: 0, newBytesPerDay: undefined };
  const some = planned({ facts });
  assert.deepEqual(some["mail"], [500 * MB, 500 * MB]);
  assert.deepEqual([some["mailboxes"], some["logs_per_day"]], [undefined, undefined]);
});
