import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { alarmsIn } from "#records";
import { directoryStorage } from "#storage";
import { documents, hashes, writeSmallStore } from "../story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";

const folder = await mkdtemp(join(tmpdir(), "restante-rewind-"));
const repositories = new LentRepositories((location) => directoryStorage(location));
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
const environment = {
  RESTANTE_PASSWORD: "correct horse",
  RESTANTE_REPOSITORY: join(folder, "copy"),
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_STATE_HOME: join(folder, "state"),
};
const run = (argv: readonly string[]): Promise<TestRun> =>
  runForTest(argv, { environment, workingFolder: folder, openRepository: repositories.open });

test("rewind brings mail back to just before an alarm, and before:ALARM is a moment of every verb", async () => {
  const mail = join(folder, "mail");
  const inbox = await writeSmallStore(mail);
  assert.equal((await run(["init"])).exitCode, 0);
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  const whole = await hashes(mail);
  const atNs = BigInt(Date.now()) * 1_000_000n;
  const facts = { kind: "mass-removal", paths: [""], journal: "j1", count: 32, of: 33 };
  await alarmsIn(join(folder, "state", "restante")).add({
    ...facts,
    group: mail,
    before: { sequence: 7, atNs },
    atNs: atNs + 5n,
    unit: "messages",
    message: "32 of 33 messages disappeared",
  });
  for (const name of await readdir(join(inbox, "cur"))) await rm(join(inbox, "cur", name));
  await writeFile(join(inbox, "new/1900000000.M9.mx1"), "Subject: after the attack\n\n");
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  const preview = await run(["rewind", "--before", "alarm-1", "--dry-run", "--json"]);
  assert.equal(preview.exitCode, 0, preview.messages);
  const counts = documents(preview).map((document) => document["counts"]);
  assert.equal((counts.find(Boolean) as { created: number } | undefined)?.created, 30);
  const done = await run(["rewind", "mail", "--before", "alarm-1", "--exact", "--yes"]);
  assert.equal(done.exitCode, 0, done.messages);
  assert.match(done.messages, /^alarm-1: 32 of 33 messages disappeared$/m);
  assert.deepEqual(await hashes(mail), whole);
  const listed = await run(["ls", "mail", "--at", "before:alarm-1", "--json"]);
  assert.equal(listed.exitCode, 0, listed.messages);
  for (const [argv, exitCode] of [
    [["rewind", "mail"], 2],
    [["rewind", "--before", "-2h"], 2],
    [["rewind", "mail", "--before", "alarm-9", "--dry-run"], 22],
    [["ls", "mail", "--at", "before:alarm-9"], 22],
    [["ls", "mail", "--at", "before:drill-1"], 2],
  ] as const)
    assert.equal((await run(argv)).exitCode, exitCode, argv.join(" "));
});
