import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryStorage } from "#storage";
import { documents, keys, writeSmallStore } from "../story.fixture.ts";
import {
  LentRepositories,
  runForTest,
  type TestRun,
  type TestRunOptions,
} from "../surroundings.fixture.ts";

/* One story in order: read in parts, damage, verify, look, refuse, repair, capture again. */
const folder = await mkdtemp(join(tmpdir(), "restante-repair-"));
const repositories = new LentRepositories((location) => directoryStorage(location));
const copy = join(folder, "copy");
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
const environment = {
  RESTANTE_PASSWORD: "correct horse",
  RESTANTE_REPOSITORY: copy,
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_STATE_HOME: join(folder, "state"),
};
const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment,
    workingFolder: folder,
    openRepository: repositories.open,
    ...options,
  });

async function packs(): Promise<string[]> {
  const names = await readdir(join(copy, "data"), { recursive: true });
  const paths = names.filter((name) => /[0-9a-f]{64}$/.test(name));
  const sized = await Promise.all(
    paths.map(async (name) => ({ name, size: (await stat(join(copy, "data", name))).size })),
  );
  return sized.toSorted((a, b) => b.size - a.size).map(({ name }) => join(copy, "data", name));
}

before(async () => {
  await writeSmallStore(join(folder, "mail"));
  assert.equal((await run(["init"])).exitCode, 0);
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
});

const rolling = ["verify", "--within", "30 days"];

test("verify --within reads what is due, remembers it, and says how old the oldest reading is", async () => {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const first = await run(rolling, { now: () => nowNs });
  assert.equal(first.exitCode, 0, first.messages);
  assert.match(first.output, /^whole /);
  assert.match(first.output, /Read 2 packs of 2; nothing is overdue \(30 d\)/);
  const later = { now: () => nowNs + 3_600_000_000_000n };
  const second = await run(rolling, later);
  assert.match(second.output, /Read 1 pack of 2; .* the oldest reading is 1 h old/);
  const [json] = documents(await run([...rolling, "--for", "1 hour", "--json"], later));
  assert.deepEqual(keys(json?.["rolling"] as object), [
    "bytesTotal",
    "endedByBudget",
    "neverReadPacks",
    "oldest",
    "overdueBytes",
    "overduePacks",
    "packsRead",
    "packsTotal",
  ]);
});

test("times that make no sense are refused", async () => {
  for (const wrong of [
    ["--for", "20 minutes"],
    ["--within", "30 days", "--read-data"],
    ["--within", "soon"],
    ["--within", "0 days"],
    ["--within", "30 days", "--for", "0 s"],
  ]) {
    assert.equal((await run(["verify", ...wrong])).exitCode, 2, wrong.join(" "));
  }
});

test("repair of a sound repository says so", async () => {
  const { exitCode, output } = await run(["repair"]);
  assert.equal(exitCode, 0);
  assert.equal(
    output,
    "There is nothing to repair; 2 packs of 2 were not read, --read-data reads them.\n",
  );
});

test("verify names the command that repairs, and repair knows what verify has found", async () => {
  const [largest] = await packs();
  const bytes = await readFile(largest as string);
  bytes[20]! ^= 1;
  await chmod(largest as string, 0o600);
  await writeFile(largest as string, bytes);
  const found = await run(["verify", "--read-data"]);
  assert.equal(found.exitCode, 1);
  assert.ok(
    found.output.endsWith(`See what can be saved: \`restante repair --copy ${copy} --dry-run\`\n`),
    found.output,
  );
  const look = await run(["repair", "--dry-run"]);
  assert.equal(look.exitCode, 3);
  assert.match(
    look.output,
    /its bytes do not match its name; \d+ saved, 1 lost; the file is removed/,
  );
  assert.match(
    look.output,
    /file \/.* of moment .*: a part of it is in no index; no other moment has it/,
  );
  assert.match(look.output, /Nothing was changed/);
  assert.ok((await packs()).includes(largest as string));
});

test("nothing is changed without a person's word", async () => {
  assert.equal((await run(["repair"])).exitCode, 23);
  const { exitCode, output } = await run(["repair"], { answers: ["n"] });
  assert.equal(exitCode, 23);
  assert.match(output, /Nothing was changed/);
});

test("repair saves the rest, and a capture heals what the store still has", async () => {
  const repaired = documents(await run(["repair", "--yes", "--json"]));
  assert.deepEqual(
    repaired.map((document) => document["type"]),
    ["plan", "summary"],
  );
  const [, summary] = repaired;
  assert.deepEqual(
    { ...summary, repairedSnapshots: undefined, audit: undefined },
    {
      version: 1,
      type: "summary",
      verb: "repair",
      ok: false,
      dryRun: false,
      done: true,
      newIndexes: 2,
      newPacks: 1,
      removedIndexes: 1,
      removedPacks: 1,
      lost: 1,
      incompleteMoments: 1,
      repairedSnapshots: undefined,
      audit: undefined,
    },
  );
  assert.match(String(summary?.["audit"]), /^[0-9a-f]{64}$/);
  const again = await run(["repair"]);
  assert.equal(again.exitCode, 3);
  assert.match(again.output, /There is nothing that a repair could mend/);
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  const verified = await run(["verify", "--read-data"]);
  assert.equal(verified.exitCode, 0, verified.output);
  assert.equal((await run(["repair"])).exitCode, 0);
});
