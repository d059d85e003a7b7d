import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commandSite } from "../command-site.fixture.ts";
import { documents, writeSmallStore } from "../story.fixture.ts";

const { folder, run } = await commandSite("prune");

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
