import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { manyMessages, messageCount } from "./many-messages.fixture.ts";
import { contentOf, filesOf, ground, lay, maildir, plan, restore } from "./recovery.fixture.ts";

const killed = (target: string, killAt: string): void => {
  const fixture = join(import.meta.dirname, "killed-restore.fixture.ts");
  const child = spawnSync(process.execPath, [fixture, target, killAt], { encoding: "utf8" });
  assert.equal(child.signal, "SIGKILL", child.stderr);
};

for (const moment of ["dress 3", "read 300", "dress 609", "progress 2", "finish"]) {
  test(`a restore to an empty folder that is killed at "${moment}" is complete after it is run again`, async () => {
    using place = ground();
    killed(place.target, moment);
    for (const [path, text] of Object.entries(filesOf(place.target))) {
      if (!path.includes(".restante-partial"))
        assert.match(text, /^Subject: .*\n\nText \d\n$|^3 V1/, path);
    }
    const result = await restore(manyMessages(), place.target);
    assert.equal(result.counts.failed + result.counts.conflict, 0);
    const content = contentOf(place.target);
    assert.equal(
      Object.keys(content).filter((path) => path.includes("/cur/") || path.startsWith("cur/"))
        .length,
      messageCount,
    );
    assert.equal(content["dovecot-uidlist"], `3 V1 N${messageCount}\n`);
    assert.equal(content[".Archive/dovecot-uidlist"], `3 V1 N${messageCount}\n`);
    for (const path of ["cur", ".Archive", ".Archive/cur"]) {
      const stats = statSync(join(place.target, path), { bigint: true });
      assert.equal(Number(stats.mode) & 0o777, path === ".Archive" ? 0o750 : 0o710, path);
      assert.equal(stats.mtimeNs, 1_700_000_000_000_000_001n, path);
    }
    assert.deepEqual(leftovers(place.target), []);
  });
}

test("a restore onto a living mailbox that is killed makes no duplicates when it is run again", async () => {
  using place = ground();
  await lay(
    place.target,
    maildir({ "cur/0.m.host:2,": "Subject: 0\n\nText 0\n", "dovecot-uidlist": "3 V1 N9999\n" }),
  );
  for (const moment of ["read 400", "progress 3", "progress 4"]) killed(place.target, moment);
  await restore(manyMessages(), place.target);
  const paths = Object.keys(filesOf(place.target));
  assert.equal(paths.filter((path) => /(?:^|\/)cur\//.test(path)).length, messageCount);
  assert.equal(filesOf(place.target)["dovecot-uidlist"], "3 V1 N9999\n");
  assert.equal((await plan(manyMessages(), place.target)).counts.created, 0);
  assert.deepEqual(leftovers(place.target), []);
});

function leftovers(target: string): string[] {
  return [target, join(target, "tmp")]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .filter((name) => name.startsWith(".restante"));
}
