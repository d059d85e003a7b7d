/** `restante figures` as a person and as a program sees it: what runs measured, in the paper's figures. */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rowsOfMethods } from "#planner";
import { directoryStorage } from "#storage";
import { readResults, resultsPath } from "../results.ts";
import { message, writeSmallStore } from "../story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";

let folder = "";
let mail = "";
let inbox = "";
const repositories = new LentRepositories((location) => directoryStorage(location));
const hourNs = 3_600_000_000_000n;
const startNs = 1_780_000_000_000_000_000n;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-figures-"));
  mail = join(folder, "mail");
  inbox = await writeSmallStore(mail);
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function run(argv: readonly string[], hours: number = 0): Promise<TestRun> {
  return await runForTest(argv, {
    environment: {
      RESTANTE_PASSWORD: "correct horse",
      XDG_CACHE_HOME: join(folder, "cache"),
      XDG_STATE_HOME: join(folder, "state"),
    },
    workingFolder: folder,
    openRepository: repositories.open,
    now: () => startNs + BigInt(hours) * hourNs,
  });
}

type Cell = {
  readonly figure: number;
  readonly row: string;
  readonly quantity: string;
  readonly case: string;
  readonly paper: unknown;
  readonly computed: unknown;
  readonly measured: number | null;
  readonly measuredBytes?: number;
  readonly measuredAt?: string;
  readonly measuredPhases?: readonly { readonly name: string; readonly ms: number }[];
};

async function cellsOf(argv: readonly string[], hours: number = 0): Promise<readonly Cell[]> {
  const { exitCode, output, messages } = await run(["figures", "--json", ...argv], hours);
  assert.equal(exitCode, 0, messages);
  return JSON.parse(output) as readonly Cell[];
}

const measuredOf = (cells: readonly Cell[]): readonly Cell[] =>
  cells.filter(({ measured }) => measured !== null);

test("before anything was measured there are the paper's numbers and computed ones, and it is said", async () => {
  const { exitCode, output, messages } = await run(["figures"]);
  assert.equal(exitCode, 0, messages);
  assert.match(messages, /Nothing was measured yet/);
  assert.match(output, /computed for this installation/);
  assert.doesNotMatch(output, /What was measured/);
  const cells = await cellsOf([]);
  assert.equal(measuredOf(cells).length, 0);
  const clone = cells.find(({ row, quantity }) => row === "Clone" && quantity === "storage");
  assert.equal(clone?.paper, 1);
});

test("a capture measures the storage, a restore the RTO by phase, the moments the RPO", async () => {
  const copy = ["--copy", join(folder, "copy")];
  assert.equal((await run(["init", ...copy])).exitCode, 0);
  assert.equal((await run(["capture", mail, ...copy])).exitCode, 0);
  await writeFile(join(inbox, "new/1800000001.M1.mx1"), message("later"));
  const second = await run(["capture", mail, ...copy], 5);
  assert.equal(second.exitCode, 0, second.messages);
  const restored = await run(["restore", mail, ...copy, "--to", join(folder, "back")], 6);
  assert.equal(restored.exitCode, 0, restored.messages);

  const cells = await cellsOf(copy, 7);
  const measured = measuredOf(cells);
  assert.ok(measured.every(({ row }) => row === rowsOfMethods["disk-deduplicated"]));
  // Maildir has no logs to roll forward: what was measured stands for both cases.
  assert.deepEqual(
    measured.map(({ quantity, case: logs }) => `${quantity}, ${logs}`),
    ["RPO, logs survive", "RPO, logs lost", "RTO, logs survive", "RTO, logs lost"].concat(
      "storage, logs survive",
    ),
  );
  const [rpo, , rto, , storage] = measured;
  assert.equal(rpo?.measured, 5);
  assert.deepEqual(
    rto?.measuredPhases?.map(({ name }) => name),
    ["find", "open", "compare", "restore and verify"],
  );
  const phasesMs = rto?.measuredPhases?.reduce((total, { ms }) => total + ms, 0) ?? NaN;
  assert.equal(rto?.measured, phasesMs / 60_000);
  assert.equal(
    rto?.measuredAt,
    new Date(Number(startNs / 1_000_000n) + 6 * 3.6e6).toISOString().replace(".000Z", "Z"),
  );
  assert.ok((rto?.measuredBytes ?? 0) > 3000);
  assert.ok((storage?.measured ?? 0) > 0);
  assert.equal(storage?.measuredBytes, rpo?.measuredBytes);
});

test("the mail of the copy's moments is what the figures are computed for", async () => {
  const copy = ["--copy", join(folder, "copy")];
  const rto = (cells: readonly Cell[]): unknown =>
    cells.find(({ row, quantity }) => row.startsWith("Backup copy from Tape") && quantity === "RTO")
      ?.computed;
  // 60 GB take an hour from tape, three thousand bytes nothing but loading it.
  assert.notDeepEqual(rto(await cellsOf(copy, 7)), rto(await cellsOf([], 7)));
});

test("beside each measured value stand the mail and the day that it was measured with", async () => {
  const { output } = await run(["figures", "--copy", join(folder, "copy")], 7);
  const text = output.replace(/\s+/g, " ");
  assert.match(text, /What was measured/);
  assert.match(text, /restore of [\d.]+ kB, 34 files, each verified \([0-9a-f]{8}, 2026-/);
  assert.match(text, /find \d+ ms, open \d+ ms, compare \d+ ms, restore and verify \d+ ms/);
  assert.match(output, /kB, 2026-/);
});

test("--no-measured shows neither results nor moments", async () => {
  const cells = await cellsOf(["--copy", join(folder, "copy"), "--no-measured"], 7);
  assert.equal(measuredOf(cells).length, 0);
});

test("a restore that brings nothing back leaves the result of the one that did", async () => {
  const copy = ["--copy", join(folder, "copy")];
  const again = await run(["restore", mail, ...copy, "--to", join(folder, "back")], 8);
  assert.equal(again.exitCode, 0, again.messages);
  const { results } = await readResults(join(folder, "state/restante"));
  assert.equal(results.filter(({ quantity }) => quantity === "RTO").length, 1);
});

test("requirements give the sizes and the name, and a server with logs has two cases", async () => {
  await writeFile(
    join(folder, "site.yaml"),
    `version: 1
currency: EUR
server: { name: mx9, kind: exchange-2003, mail: 40 GB, mailboxes: 20, new_per_day: 200 MB }
lines_of_business:
  everyone:
    mailboxes: ["*"]
    payroll: 500 EUR per hour
    productivity_lost_without_mail: 30%
    operational: { lose_at_most: 1 day, back_within: 4 hours, reach_back: 30 days }
    disaster: accepted
`,
  );
  const { output, messages } = await run(["figures", "site.yaml"], 8);
  assert.match(output, /computed for mx9/, messages);
  const rto = measuredOf(await cellsOf(["site.yaml"], 8)).filter(
    ({ quantity }) => quantity === "RTO",
  );
  assert.deepEqual(
    rto.map(({ case: logs }) => logs),
    ["logs lost"],
  );
});

test("a torn results file is told, and what is whole in it is shown", async () => {
  const path = resultsPath(join(folder, "state/restante"));
  const whole = await readFile(path, "utf8");
  await appendFile(path, whole.slice(0, 60));
  const { exitCode, messages, output } = await run(["figures"], 9);
  assert.equal(exitCode, 0);
  assert.match(messages, /warning: Line 4 of results\.ndjson was skipped: .*cut off/);
  assert.match(output, /What was measured/);
});
