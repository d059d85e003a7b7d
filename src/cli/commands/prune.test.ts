import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { directoryStorage } from "#storage";
import { documents, writeSmallStore } from "../story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";

const folder = await mkdtemp(join(tmpdir(), "restante-prune-"));
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

test("prune frees what expiry has left, says how much, and wants a share and sizes that it understands", async () => {
  const mail = join(folder, "mail");
  const inbox = await writeSmallStore(mail);
  assert.equal((await run(["init"])).exitCode, 0);
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  await rm(join(inbox, "new"), { recursive: true });
  assert.equal((await run(["capture", "mail", "--workers", "0"])).exitCode, 0);
  const expired = await run(["expire", "mail", "--keep", "last 1", "--yes"]);
  assert.equal(expired.exitCode, 0, expired.messages);
  const preview = await run(["prune", "--max-unused", "0%", "--dry-run", "--json"]);
  assert.equal(preview.exitCode, 0, preview.messages);
  const [planned] = documents(preview);
  assert.ok(Number(planned?.["unusedBytes"]) > 0 && planned?.["dryRun"] === true);
  const done = await run(["prune", "--max-unused", "0%"]);
  assert.equal(done.exitCode, 0, done.messages);
  assert.match(done.output, /freed: \d+ packs? removed whole/);
  const again = await run(["prune", "--max-unused", "0%", "--json"]);
  assert.equal(documents(again)[0]?.["unusedBytes"], 0);
  assert.equal((await run(["verify", "--read-data"])).exitCode, 0);
  for (const wrong of [
    ["--max-unused", "much"],
    ["--max-repack", "much"],
    ["--for", "long"],
  ]) {
    const refused = await run(["prune", ...wrong]);
    assert.equal(refused.exitCode, 2, wrong.join(" "));
    assert.match(refused.messages, /much|long/);
  }
});
