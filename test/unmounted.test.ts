/** An unmounted mail store, captured again and again: what was captured before stays until a person has looked. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import { contentsOfFolder, contentsOfImage, makeMaildir } from "./support/mail-store.ts";
import { password, Site } from "./support/recovery-site.ts";

const hourNs = 3_600_000_000_000n;

/** The command line on a site, an hour later each time. */
function commandLine(site: Site): (...argv: readonly string[]) => Promise<TestRun> {
  const start = BigInt(Date.now()) * 1_000_000n;
  let hours = 0n;
  return async (...argv) => {
    hours += 1n;
    const now = start + hours * hourNs;
    return await runForTest([...argv, "--copy", site.repository, "--no-config"], {
      environment: {
        RESTANTE_PASSWORD: password,
        XDG_CACHE_HOME: site.cache,
        XDG_STATE_HOME: join(site.folder, "state"),
      },
      now: () => now,
      workingFolder: site.folder,
    });
  };
}

for (const [name, vanish] of [
  ["empty", (store: string) => mkdirSync(store)],
  ["nearly empty", (store: string) => makeMaildir(store, 1)],
] as const) {
  test(`a store that is suddenly ${name} keeps its history through any number of captures and expiries`, async () => {
    using site = new Site();
    makeMaildir(site.store, 60);
    await site.init();
    const restante = commandLine(site);
    const whole = contentsOfFolder(site.store);
    assert.equal((await restante("capture", site.store)).exitCode, 0);
    renameSync(site.store, `${site.store}-away`);
    vanish(site.store);
    await using repository = await site.open();
    const [mail] = await repository.snapshots();
    assert.ok(mail !== undefined);
    for (let round = 1; round <= 4; round++) {
      const captured = await restante("capture", site.store);
      assert.equal(captured.exitCode, 0, captured.messages);
      const expired = await restante("expire", site.store, "--keep", "last 1", "--yes");
      assert.equal(expired.exitCode, 23, expired.messages);
      assert.match(expired.messages, /the newest moment (is empty|has \d+% fewer)/);
      assert.match(expired.messages, /release/);
      assert.equal(
        (await repository.snapshots()).length,
        round + 1,
        "each empty capture is a moment of its own, and none goes",
      );
    }
    assert.deepEqual(await contentsOfImage(await repository.image(mail)), whole);
    const released = await restante("expire", site.store, "--release");
    assert.equal(released.exitCode, 0, released.messages);
    const expired = await restante("expire", site.store, "--keep", "last 1", "--yes");
    assert.equal(expired.exitCode, 0, expired.messages);
    assert.equal((await repository.snapshots()).length, 1);
  });
}

test("when an unmounted store comes back, expiry goes on by itself", async () => {
  using site = new Site();
  makeMaildir(site.store, 60);
  await site.init();
  const restante = commandLine(site);
  await restante("capture", site.store);
  renameSync(site.store, `${site.store}-away`);
  mkdirSync(site.store);
  await restante("capture", site.store);
  assert.equal((await restante("expire", site.store, "--keep", "last 1", "--yes")).exitCode, 23);
  renameSync(site.store, `${site.store}-empty`);
  renameSync(`${site.store}-away`, site.store);
  const back = await restante("capture", site.store, "--json");
  assert.equal(back.exitCode, 0, back.messages);
  const expired = await restante("expire", site.store, "--keep", "last 1", "--yes");
  assert.equal(expired.exitCode, 0, expired.messages);
  await using repository = await site.open();
  const snapshots = await repository.snapshots();
  assert.equal(snapshots.length, 1);
  assert.deepEqual(
    await contentsOfImage(await repository.image(snapshots[0] as never)),
    contentsOfFolder(site.store),
  );
});
