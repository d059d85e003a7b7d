/** `restante plan` as a person and as a program sees it. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { documents, keys } from "../story.fixture.ts";
import { runForTest, type TestRun } from "../surroundings.fixture.ts";

let folder = "";

const requirements = `version: 1
currency: EUR
server: { name: mx1, kind: dovecot-maildir, mail: 40 GB, mailboxes: 20, new_per_day: 200 MB }
site: { has: [disk for copies] }
lines_of_business:
  everyone:
    mailboxes: ["*"]
    payroll: 500 EUR per hour
    productivity_lost_without_mail: 30%
    operational: { lose_at_most: 1 hour, back_within: 4 hours, reach_back: 30 days }
    disaster: { lose_at_most: 1 day, back_within: 2 days, reach_back: 90 days }
`;
const accepted = requirements.replace(/disaster: .*/, "disaster: accepted");
/** Object storage is none of this version's. */
const elsewhere = requirements.replace(
  "lines_of_business:",
  "consider: { only: { disaster: [duplicate-object-storage] } }\nlines_of_business:",
);
const impossible = requirements
  .replace("lose_at_most: 1 hour", "lose_at_most: 0")
  .replace("lines_of_business:", "consider: { only: { operational: [tape] } }\nlines_of_business:");

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-plan-"));
  await writeFile(join(folder, "plan.yaml"), requirements);
  await writeFile(join(folder, "accepted.yaml"), accepted);
  await writeFile(join(folder, "impossible.yaml"), impossible);
  await writeFile(join(folder, "elsewhere.yaml"), elsewhere);
});

after(async () => await rm(folder, { recursive: true, force: true }));

async function run(argv: readonly string[], answers?: readonly string[]): Promise<TestRun> {
  return await runForTest(argv, {
    workingFolder: folder,
    environment: { HOME: folder, XDG_STATE_HOME: join(folder, "state") },
    ...(answers === undefined ? {} : { answers }),
  });
}

type Cell = {
  readonly figure: number;
  readonly row: string;
  readonly quantity: string;
  readonly case: string;
  readonly unit: string;
  readonly paper: number | readonly number[] | string | null;
  readonly computed: number | readonly number[];
  readonly measured: unknown;
};

test("plan figures --json is an array of cells: the paper's numbers beside the computed ones", async () => {
  const { exitCode, output } = await run(["plan", "figures", "--json"]);
  assert.equal(exitCode, 0);
  const cells = JSON.parse(output) as readonly Cell[];
  assert.ok(Array.isArray(cells));
  for (const cell of cells)
    for (const key of ["figure", "row", "case", "unit", "paper", "computed", "measured"])
      assert.ok(Object.hasOwn(cell, key), key);
  const clone = cells.find(
    ({ row, quantity, case: logs }) =>
      row === "Clone" && quantity === "RTO" && logs === "logs survive",
  );
  assert.deepEqual([clone?.paper, clone?.computed, clone?.unit], [25, 25, "minutes"]);
});

test("plan figures of a site computes with its own numbers", async () => {
  const { output } = await run(["plan", "figures", "plan.yaml"]);
  assert.match(output, /computed for mx1/);
  assert.match(output, /Figure 7: disaster recovery/);
});

test("plan names the combination, its cost and why the others were rejected; JSON has the same", async () => {
  const text = await run(["plan", "plan.yaml"]);
  assert.equal(text.exitCode, 0, text.messages);
  assert.match(text.output, /Recovery plan for mx1/);
  assert.match(text.output, /Why the others were rejected/);
  assert.match(text.output, /No lapse: every age up to 90 days is covered/);
  const [document] = documents(await run(["plan", "plan.yaml", "--json"])) as [
    { readonly linesOfBusiness: readonly Record<string, unknown>[] },
  ];
  assert.deepEqual(keys(document), [
    "currency",
    "linesOfBusiness",
    "parameters",
    "recoveryOrder",
    "server",
    "totals",
    "type",
    "version",
    "warnings",
  ]);
  const [line] = document.linesOfBusiness;
  const chosen = line?.["chosen"] as { readonly id: string };
  assert.ok(text.output.replace(/\s/g, "").includes(chosen.id), chosen.id);
});

test("plan says what would have to change when nothing meets the requirements: exit code 22", async () => {
  const { exitCode, output } = await run(["plan", "impossible.yaml"]);
  assert.equal(exitCode, 22);
  assert.match(output, /Nothing meets the requirements/);
  assert.match(output, /allow continuous data protection/);
});

test("plan --write writes a configuration that plan check accepts", async () => {
  const written = await run(["plan", "accepted.yaml", "--runs-here", "--write", "restante.yaml"]);
  assert.equal(written.exitCode, 0, written.messages);
  const again = await run(["plan", "accepted.yaml", "--runs-here", "--write", "restante.yaml"]);
  assert.equal(again.exitCode, 2);
  assert.match(again.messages, /it is there already/);
  assert.equal((await run(["config", "validate", "--config", "restante.yaml"])).exitCode, 0);
  const check = await run(["plan", "check", "restante.yaml", "--requirements", "accepted.yaml"]);
  assert.equal(check.exitCode, 0, check.output);
  assert.match(check.output, /It meets its objectives/);
  const strict = await run(["plan", "check", "restante.yaml", "--requirements", "plan.yaml"]);
  assert.equal(strict.exitCode, 1);
  assert.match(strict.output, /nothing recovers from this: the site gone/);
});

test("plan --write writes both layers, and plan check accepts them", async () => {
  const written = await run(["plan", "plan.yaml", "--runs-here", "--write", "both.yaml"]);
  assert.equal(written.exitCode, 0, written.messages);
  assert.match(
    await readFile(join(folder, "both.yaml"), "utf8"),
    /method: duplicate backup copies offsite/,
  );
  const check = await run(["plan", "check", "both.yaml", "--requirements", "plan.yaml", "--json"]);
  assert.equal(check.exitCode, 0, check.output);
  const { lines } = JSON.parse(check.output) as {
    readonly lines: readonly { readonly combinations: readonly string[] }[];
  };
  assert.match(lines[0]?.combinations[0] ?? "", /\/protected-cdp-/);
});

test("plan --write leaves out what this version does not do, says so, and exits with 3", async () => {
  const { exitCode, messages } = await run(["plan", "elsewhere.yaml", "--write", "partial.yaml"]);
  assert.equal(exitCode, 3, messages);
  assert.match(messages, /not in force in that file/);
  assert.match(await readFile(join(folder, "partial.yaml"), "utf8"), /# disaster:/);
});

for (const [topic, expected] of [
  ["tape_rate", /behind a disk spool/],
  ["deltas", /only provide recovery from logical corruption/],
  ["deltas → ship-tapes", /significant reads from production disk/],
  ["hot-split clones", /typically performed using a hot split/],
  ["exchange-2003", /Microsoft Exchange 2003/],
  ["Clone", /replica_setup/],
  ["live-object/disk-deduplicated-1h-90d/none", /nothing recovers from this: the site gone/],
] as const) {
  test(`plan why answers: ${topic}`, async () => {
    const { exitCode, output, messages } = await run(["plan", "why", topic]);
    assert.equal(exitCode, 0, messages);
    assert.match(output.replace(/\s+/g, " "), expected);
  });
}

test("plan why names what was probably meant, and refuses the rest", async () => {
  const { exitCode, messages } = await run(["plan", "why", "tape_raet"]);
  assert.equal(exitCode, 2);
  assert.match(messages, /Did you mean: tape_rate/);
  assert.equal((await run(["plan", "why", "\u001b[2J"])).exitCode, 2);
});

test("a report is written as its file's ending says, and HTML needs nothing else", async () => {
  for (const [name, begins] of [
    ["report.html", /^<!doctype html>/i],
    ["report.md", /^# Recovery plan/],
    ["report.txt", /^Recovery plan/],
  ] as const) {
    assert.equal((await run(["plan", "plan.yaml", "--output", name])).exitCode, 0);
    assert.match(await readFile(join(folder, name), "utf8"), begins);
  }
  assert.equal((await run(["plan", "plan.yaml", "--format", "pdf"])).exitCode, 2);
});

test("requirements with errors are refused with line and column, and nothing is planned", async () => {
  await writeFile(join(folder, "wrong.yaml"), requirements.replace("40 GB", "fourty"));
  const { exitCode, messages, output } = await run(["plan", "wrong.yaml"]);
  assert.equal(exitCode, 2);
  assert.match(messages, /wrong\.yaml:3:\d+/);
  assert.equal(output, "");
});

test("without a file and without a terminal, plan says how to give one", async () => {
  const { exitCode, messages } = await run(["plan"]);
  assert.equal(exitCode, 2);
  assert.match(messages, /requirements\.example\.yaml|requirements\.yaml/);
});

test("an id that is no combination, and a word that is no action, are explained", async () => {
  const wrong = await run(["plan", "plan.yaml", "--choose", "tape"]);
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.messages, /no such way through Figure 1/);
  const word = await run(["plan", "figrues", "plan.yaml"]);
  assert.match(word.messages, /restante plan figures/);
});

test("a chosen combination that does not meet the requirements is shown with what it fails", async () => {
  const { exitCode, output } = await run([
    "plan",
    "plan.yaml",
    "--choose",
    "everyone=live-object/disk-deduplicated-24h-30d/none",
  ]);
  assert.equal(exitCode, 0);
  assert.match(output.replace(/\s+/g, " "), /does not meet the requirements/);
});

test("what was measured on this machine takes the place of what is assumed, and the old value stays beside it", async () => {
  const { addMeasurements } = await import("../measurements.ts");
  const { mkdir } = await import("node:fs/promises");
  const state = join(folder, "state", "restante");
  await mkdir(state, { recursive: true });
  await addMeasurements(state, [
    {
      parameter: "dedup_rate",
      low: 80e6,
      high: 90e6,
      kind: "restore",
      at: "2026-11-23T10:00:00Z",
      about: "restore of 244 MB",
    },
  ]);
  const measured = await run(["plan", "why", "dedup_rate", "plan.yaml"]);
  assert.match(measured.output, /80 MB\/s – 90 MB\/s/);
  assert.match(measured.output, /instead of/);
  const without = await run(["plan", "why", "dedup_rate", "plan.yaml", "--no-measured"]);
  assert.doesNotMatch(without.output, /80 MB\/s/);
});
