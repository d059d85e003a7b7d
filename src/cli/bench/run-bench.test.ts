import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openRepository } from "#repository";
import { writeSmallStore } from "../story.fixture.ts";
import type { Surroundings } from "../terminal.ts";
import { figuresOf } from "./bench-figures.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { type BenchResult, runBench } from "./run-bench.ts";

const hour = 3_600_000;
let top = "";
let work = "";
before(async () => {
  top = await mkdtemp(join(tmpdir(), "restante-run-bench-"));
  work = join(top, "work");
  await mkdir(work);
  await writeSmallStore(join(top, "mail"));
});
after(() => rm(top, { recursive: true, force: true }));

/** A benchmark of one hour, which is over as soon as a phase of this label says that it goes on. */
async function benchUntil(label: string): Promise<BenchResult> {
  let ms = 0;
  const plan: BenchPlan = {
    store: join(top, "mail"),
    sampleBytes: 1e6,
    totalMs: hour,
    runs: 2,
    workParent: work,
    fileBytes: 9 * 1024 ** 2,
    isRecorded: false,
  };
  const surroundings = {
    clockMs: () => ++ms,
    now: () => BigInt(Date.now()) * 1_000_000n,
    signal: new AbortController().signal,
    openRepository,
  } as unknown as Surroundings;
  return await runBench(plan, {
    surroundings,
    onProgress: (state) => {
      if (state.label === label) ms = Math.max(ms, hour);
    },
  });
}

const names = (result: BenchResult): readonly string[] => figuresOf(result).map(({ name }) => name);

test("what the time does not suffice for is cut off and told, and what was measured stands", async () => {
  const early = await benchUntil("read the sample");
  assert.equal(early.sample.files.size, 1);
  assert.deepEqual(early.cut, [
    "reading the sample: it is smaller than asked for",
    "the disk: no time was left",
    "capture and restore: no time was left",
  ]);
  assert.ok(names(early).includes("sample-read"));
  const late = await benchUntil("capture");
  assert.equal(late.sample.files.size, 33);
  assert.deepEqual(late.cut, ["capture and restore"]);
  assert.ok(names(late).includes("disk-write"));
  assert.ok(!names(late).includes("restore"));
  assert.deepEqual([early.failed, late.failed], [[], []]);
  assert.deepEqual(await readdir(work), []);
});

test("of a few messages nothing but the opening of a copy is planned with", async () => {
  const result = await benchUntil("nothing");
  assert.equal(result.rounds.capture.length, 2);
  assert.deepEqual([result.cut, result.rounds.differing], [[], []]);
  const ofMail = figuresOf(result).filter(({ name }) =>
    ["capture", "stored", "scan", "restore"].includes(name),
  );
  assert.ok(ofMail.length >= 3);
  for (const { parameter, note } of ofMail)
    assert.deepEqual([parameter, note], [undefined, "too little mail to plan with"]);
});
