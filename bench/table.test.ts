import assert from "node:assert/strict";
import { test } from "node:test";
import { median, type Sample } from "./samples.ts";
import { tabulate, toMarkdown } from "./table.ts";

function sample(program: string, fields: Partial<Sample>): Sample {
  return {
    program,
    step: "unchanged",
    store: "small",
    round: 0,
    wallMs: 0,
    peakMemoryKiB: 0,
    ...fields,
  };
}

test("median() of an even number of values is the mean of the two in the middle", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 2, 4, 100]), 3);
  assert.equal(median([]), undefined);
});

test("tabulate() takes the median of the rounds' own ratios, not the ratio of medians", () => {
  const walls = [
    [1000, 100],
    [2000, 400],
    [8000, 2400],
  ];
  const samples = walls.flatMap(([restic = 0, restante = 0], round) => [
    sample("restic", { round, wallMs: restic }),
    sample("restante", { round, wallMs: restante }),
  ]);
  const row = tabulate(samples).find(({ what }) => what === "nothing changed");
  assert.deepEqual([row?.restic, row?.restante, row?.ratio], [2, 0.4, 0.2]);
});

test("tabulate() takes each program's own key derivation off its own whole process", () => {
  const samples = [
    ...[300, 900, 310].map((wallMs) => sample("restante", { step: "key", wallMs })),
    ...[10, 10, 10].map((wallMs) => sample("restante", { step: "start", wallMs })),
    sample("restic", { step: "key", wallMs: 520 }),
    sample("restic", { step: "start", wallMs: 20 }),
    sample("restante", { wallMs: 400 }),
    sample("restic", { wallMs: 1500 }),
  ];
  const row = tabulate(samples).find(({ what }) => what.startsWith("nothing changed, beyond"));
  const shown = [row?.restic, row?.restante, row?.ratio].map((value) => value?.toFixed(2));
  assert.deepEqual(shown, ["1.00", "0.10", "0.10"]);
});

test("toMarkdown() says whether a goal is met and leaves out what was not measured", () => {
  const samples = [
    sample("restic", { wallMs: 1000 }),
    sample("restante", { wallMs: 240 }),
    sample("tar | zstd -3", { wallMs: 120 }),
  ];
  assert.equal(
    toMarkdown(tabulate(samples)),
    "| what | restic | Restante | ratio | goal | others |\n|---|---|---|---|---|---|\n" +
      "| nothing changed | 1.00 s | 0.24 s | 0.24 ✓ | ≤ 0.25 | tar \\| zstd -3 0.12 s |\n",
  );
});
