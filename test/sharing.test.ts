/** Several programs at one repository: who may go on does, who may not is told who stands in the way. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, watch } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { isRecoveryError } from "#errors";
import { type Image, openDirectoryImage, rawPathFromText } from "#image";
import { directoryStorage, faultyStorage } from "#storage";
import { systemClock } from "#time";
import { assertSound } from "./support/assert-sound.ts";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import {
  captureStore,
  filesIn,
  group,
  hostname,
  Site,
  withoutRestic,
} from "./support/recovery-site.ts";
import { runChild } from "./support/start-child.ts";

async function newSite(messages = 24): Promise<Site> {
  const site = new Site();
  makeMaildir(site.store, messages);
  await site.init();
  return site;
}

/** Something that a test opens when it wants to. */
function gate(): {
  readonly reached: Promise<void>;
  readonly pass: () => void;
  readonly wait: () => Promise<void>;
} {
  const reached = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    pass: () => open.resolve(),
    wait: () => {
      reached.resolve();
      return open.promise;
    },
  };
}

test("captures by several processes at the same time all succeed", async () => {
  using site = await newSite(300);
  for (let round = 0; round < 3; round++) {
    deliver(site.store, 1000 + round);
    const ends = await Promise.all([
      runChild(site, { action: "capture" }),
      runChild(site, { action: "capture", workers: 2 }),
      runChild(site, { action: "capture", group: "other" }),
    ]);
    for (const { outcome, messages } of ends)
      assert.ok(outcome.done !== undefined, `${JSON.stringify(outcome)} ${messages}`);
    await using repository = await site.open();
    const snapshots = await repository.snapshots();
    assert.equal(snapshots.length, 3 * (round + 1));
    const expected = contentsOfFolder(site.store);
    for (const { outcome } of ends) {
      const snapshot = snapshots.find(({ id }) => id === outcome.done);
      assert.ok(snapshot !== undefined);
      assert.deepEqual(await contentsOfImage(await repository.image(snapshot)), expected);
    }
    assert.deepEqual(filesIn(site, "locks"), []);
    assertSound(site);
  }
});

test(
  "a capture shares the repository with `restic backup` and keeps `restic check` waiting",
  { skip: withoutRestic },
  async () => {
    using site = await newSite();
    await site.capture();
    deliver(site.store, 50);
    const { reached, pass, wait } = gate();
    const storage = faultyStorage(directoryStorage(site.repository), {
      rules: [{ kind: "delay", action: "save", type: "index", until: wait }],
    });
    const capturing = site.capture({ storage });
    await reached;
    const backup = site.restic("backup", "--host", "other", site.store);
    assert.equal(backup.status, 0, backup.output);
    const check = site.restic("check");
    assert.notEqual(check.status, 0);
    assert.match(check.output, /already locked by PID/);
    assert.equal(site.restic("check", "--no-lock", "--read-data").status, 0);
    pass();
    const { snapshot } = await capturing;
    assertSound(site);
    await using repository = await site.open();
    assert.deepEqual(
      await contentsOfImage(await repository.image(snapshot)),
      contentsOfFolder(site.store),
    );
  },
);

test(
  "while `restic check` holds the repository a capture is refused and told by whom",
  { skip: withoutRestic },
  async () => {
    using site = await newSite();
    await site.capture();
    const watcher = watch(join(site.repository, "locks"));
    const named = once(watcher, "change");
    const check: ChildProcess = site.startRestic("check", "--read-data");
    const ended = once(check, "exit");
    try {
      await named;
      while (filesIn(site, "locks").length === 0) await setImmediate();
      check.kill("SIGSTOP");
      await assert.rejects(site.capture(), (error: unknown) => {
        assert.ok(isRecoveryError(error) && error.code === "repository.locked", String(error));
        assert.match(
          error.message,
          new RegExp(`process ${check.pid}, user .*exclusive lock since \\d{4}-`),
        );
        assert.match(error.hint ?? "", /Wait for that run.*restante unlock/);
        assert.equal(error.retryable, true);
        return true;
      });
    } finally {
      watcher.close();
      check.kill("SIGCONT");
    }
    assert.deepEqual(await ended, [0, null]);
    await site.capture();
    assertSound(site);
  },
);

test("a removal under way refuses captures, also one that finds nothing to store", async () => {
  using site = await newSite();
  const [one, two] = [await site.capture(), await site.capture()];
  const { reached, pass, wait } = gate();
  const storage = faultyStorage(directoryStorage(site.repository), {
    rules: [{ kind: "delay", action: "remove", type: "snapshot", until: wait }],
  });
  await using repository = await site.open(storage);
  const removing = repository.removeSnapshots([one.snapshot.id]);
  await reached;
  await using image = await openDirectoryImage(rawPathFromText(site.store));
  const slow = new Proxy(image, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== "list")
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      return async (...call: Parameters<Image["list"]>) => {
        // The refusal comes while the walk goes on and has not asked for the lock.
        for (let turn = 0; turn < 200; turn++) await setImmediate();
        return await target.list(...call);
      };
    },
  });
  await using other = await site.open();
  const options = {
    path: rawPathFromText(site.store),
    group,
    hostname,
    now: systemClock(),
    workers: 0,
  };
  await assert.rejects(other.capture(slow, options), { code: "repository.locked" });
  await assert.rejects(other.verify(), { code: "repository.locked" });
  pass();
  await removing;
  await captureStore(other, site.store);
  assert.ok(existsSync(join(site.repository, "snapshots", two.snapshot.id)));
  assertSound(site);
});

test("a removal is refused while a capture runs, and leaves its moments alone", async () => {
  using site = await newSite();
  const { snapshot } = await site.capture();
  deliver(site.store, 51);
  const { reached, pass, wait } = gate();
  const storage = faultyStorage(directoryStorage(site.repository), {
    rules: [{ kind: "delay", action: "save", type: "snapshot", until: wait }],
  });
  const capturing = site.capture({ storage });
  await reached;
  await using repository = await site.open();
  await assert.rejects(repository.removeSnapshots([snapshot.id]), { code: "repository.locked" });
  await assert.rejects(repository.replaceTags(snapshot, []), { code: "repository.locked" });
  pass();
  await capturing;
  assert.equal((await repository.snapshots()).length, 2);
  assert.deepEqual(filesIn(site, "locks"), []);
});
