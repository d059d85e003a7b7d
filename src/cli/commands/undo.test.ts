import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryStorage } from "#storage";
import { documents, hashes, writeSmallStore } from "../story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";

let folder = "";
let mail = "";
let inbox = "";
const repositories = new LentRepositories((location) => directoryStorage(location));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-undo-"));
  mail = join(folder, "mail");
  inbox = await writeSmallStore(mail);
  assert.equal((await run("init")).exitCode, 0);
  assert.equal((await run("capture", mail)).exitCode, 0);
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = async (...argv: readonly string[]): Promise<TestRun> =>
  await runForTest(argv, {
    environment: {
      RESTANTE_PASSWORD: "correct horse",
      RESTANTE_REPOSITORY: join(folder, "copy"),
      RESTANTE_IMAP_PASSWORD: "wrong",
      XDG_CACHE_HOME: join(folder, "cache"),
      XDG_STATE_HOME: join(folder, "state"),
    },
    workingFolder: folder,
    openRepository: repositories.open,
  });

for (const mode of ["--missing", "--exact"]) {
  test(`a restore of files onto the living store is taken back: ${mode}`, async () => {
    await rm(join(inbox, "cur/1700000001.M1.mx1:2,S"), { force: true });
    await writeFile(join(inbox, "cur/1900000000.M1.mx1:2,"), "Subject: later\n\nlater\n");
    const before_ = await hashes(mail);
    const restored = await run("restore", mail, "--at", "latest", mode, "--yes", "--json");
    assert.equal(restored.exitCode, 0, restored.messages);
    const [job] = (documents(restored).at(-1)?.["jobs"] ?? []) as readonly string[];
    assert.notDeepEqual(await hashes(mail), before_);

    const [listed] = documents(await run("undo", "--list", "--json"));
    const jobs = listed?.["jobs"] as readonly Record<string, unknown>[];
    assert.deepEqual([jobs.at(-1)?.["id"], jobs.at(-1)?.["state"]], [job, "done"]);

    const looked = await run("undo", job ?? "", "--dry-run");
    assert.match(looked.output, /removed 1 {3}flags back 0 {3}put back [01]/);
    const refused = await run("undo", job ?? "");
    assert.equal(refused.exitCode, 23, "nobody is there to ask");
    const undone = await run("undo", job?.slice(-8) ?? "", "--yes");
    assert.equal(undone.exitCode, 0, undone.messages);
    assert.deepEqual(await hashes(mail), before_);

    assert.equal((await run("undo", job ?? "", "--yes")).exitCode, 2, "undone already");
    const forgotten = await run("undo", job ?? "", "--forget", "--yes");
    assert.equal(forgotten.exitCode, 0, forgotten.messages);
    assert.equal((await run("undo", job ?? "", "--yes")).exitCode, 22);
  });
}

test("a restore to a new place is no job, and undo without a name says what there is", async () => {
  const restored = await run(
    "restore",
    mail,
    "--at",
    "latest",
    "--to",
    join(folder, "new"),
    "--json",
  );
  assert.deepEqual(documents(restored).at(-1)?.["jobs"], []);
  assert.match((await run("undo", "--list")).output, /There are no jobs/);
  assert.equal((await run("undo")).exitCode, 2);
});

test("options for a running server are refused where none is named, and servers that are none", async () => {
  const restore = ["restore", mail, "--at", "latest", "--yes"];
  for (const more of [
    ["--imap-master", "admin"],
    ["--flags", "past"],
    ["--even-moved", "--to", join(folder, "other")],
    ["--to", "imap"],
    ["--to", "imap://mx1:0"],
    ["--to", "imap://localhost:1", "--flags", "none"],
    ["--to", "imap://localhost:1"],
    ["--to", "imaps://localhost:1", "--imap-master", "a", "--imap-authority", "/nowhere"],
  ]) {
    const { exitCode, messages } = await run(...restore, ...more);
    assert.equal(exitCode, 2, `${more.join(" ")}: ${messages}`);
    assert.doesNotMatch(messages, /wrong/);
  }
  const alone = ["restore", inbox, "--at", "latest", "--yes", "--to", "imap://localhost:1"];
  const { exitCode, messages } = await run(...alone);
  assert.equal(exitCode, 1);
  assert.match(messages, /Cannot reach "imap:\/\/localhost:1\/support@example.org"/);
});
