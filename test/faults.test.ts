/** Storage that fails, fills up or lies: it is said clearly, nothing that was there is lost, and the next run succeeds. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { isRecoveryError } from "#errors";
import type { CaptureResult, Repository } from "#repository";
import { directoryStorage, type FaultRule, faultyStorage } from "#storage";
import { assertSound } from "./support/assert-sound.ts";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import { captureStore, filesIn, Site, withoutRestic } from "./support/recovery-site.ts";

const isRoot = process.getuid?.() === 0;

/** A site with one moment, after which mail has come. */
async function siteWithMoment(
  messages = 24,
): Promise<{ site: Site; first: CaptureResult; [Symbol.dispose]: () => void }> {
  const site = new Site();
  makeMaildir(site.store, messages);
  await site.init();
  const first = await site.capture();
  deliver(site.store, 300);
  deliver(site.store, 301);
  return { site, first, [Symbol.dispose]: () => site[Symbol.dispose]() };
}

async function assertCaptured(
  site: Site,
  { snapshot }: CaptureResult,
  store = site.store,
): Promise<void> {
  await using repository = await site.open();
  assert.deepEqual(
    await contentsOfImage(await repository.image(snapshot)),
    contentsOfFolder(store),
  );
}

test("oracle: restic checks what these tests leave", { skip: withoutRestic }, async () => {
  using made = await siteWithMoment();
  assertSound(made.site, "a plain capture");
});

/** Each operation of a capture fails once, or from then on; what comes of it. */
async function failEverywhere(fault: (at: number) => readonly FaultRule[]): Promise<number> {
  using made = await siteWithMoment();
  const { site, first } = made;
  const before = await (async () => {
    await using repository = await site.open();
    return await contentsOfImage(await repository.image(first.snapshot));
  })();
  for (let at = 1; ; at++) {
    using branch = site.branch(`at-${at}`);
    let failed: unknown;
    const storage = faultyStorage(directoryStorage(branch.repository), { rules: fault(at) });
    try {
      await branch.capture({ storage, store: site.store });
    } catch (error) {
      failed = error;
    }
    const last = storage.operations.at(at - 1);
    const name = `operation ${at} (${last?.action} ${last?.type})`;
    if (failed !== undefined) {
      assert.ok(isRecoveryError(failed), `${name}: ${inspect(failed)} is no error of ours`);
      assert.equal(failed.code, "storage.failed", name);
    }
    // The same process goes on, as a daemon does: nothing of its failed run may stand in its way.
    await using repository = await branch.open();
    const next = await captureStore(repository, site.store);
    assert.deepEqual(
      await contentsOfImage(await repository.image(next.snapshot)),
      contentsOfFolder(site.store),
      name,
    );
    assert.deepEqual(await contentsOfImage(await repository.image(first.snapshot)), before, name);
    assertSound(branch, name, "--no-lock");
    if (failed === undefined && last === undefined) return at;
  }
}

test("a capture whose storage fails once, anywhere, says so, and the next one succeeds", async () => {
  const operations = await failEverywhere((at) => [
    { kind: "fail", at, when: "before", retryable: true },
  ]);
  assert.ok(operations > 15);
});

test("a capture whose storage answers are lost once, anywhere, harms nothing", async () => {
  await failEverywhere((at) => [{ kind: "fail", at, when: "after" }]);
});

test("a capture whose storage goes away for good, anywhere, says so in our own words", async () => {
  const fromThere = (at: number): readonly FaultRule[] =>
    Array.from({ length: 60 }, (_, later) => ({ kind: "fail", at: at + later, when: "before" }));
  await failEverywhere(fromThere);
});

test("a lock whose answer was lost does not shut out the process that wrote it", async () => {
  using made = await siteWithMoment();
  const storage = faultyStorage(directoryStorage(made.site.repository), {
    rules: [{ kind: "fail", action: "save", type: "lock", at: 1, when: "after" }],
  });
  await using repository = await made.site.open(storage);
  await assert.rejects(captureStore(repository, made.site.store), { code: "storage.failed" });
  await repository.replaceTags(made.first.snapshot, [...made.first.snapshot.tags, "seen"]);
  assert.deepEqual(filesIn(made.site, "locks"), []);
});

test("a capture that cannot list the moments leaves no lock behind", async () => {
  using made = await siteWithMoment();
  const storage = faultyStorage(directoryStorage(made.site.repository), {
    rules: [{ kind: "fail", action: "list", type: "snapshot", when: "after" }],
  });
  await using repository = await made.site.open(storage);
  await assert.rejects(captureStore(repository, made.site.store), { code: "storage.failed" });
  assert.deepEqual(filesIn(made.site, "locks"), []);
});

test("a removal and a change of tags that fail with storage gone throw an error of ours", async () => {
  using made = await siteWithMoment();
  for (let at = 6; at < 14; at++) {
    const rules = Array.from({ length: 40 }, (_, later): FaultRule => ({
      kind: "fail",
      at: at + later,
      when: "before",
    }));
    for (const work of [
      (repository: Repository) => repository.removeSnapshots([made.first.snapshot.id]),
      (repository: Repository) => repository.replaceTags(made.first.snapshot, ["x"]),
      (repository: Repository) => repository.verify(),
    ]) {
      using branch = made.site.branch(`at-${at}`);
      await using repository = await branch.open(
        faultyStorage(directoryStorage(branch.repository), { rules }),
      );
      const error: unknown = await work(repository).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) assert.ok(isRecoveryError(error), inspect(error));
      rmSync(branch.folder, { recursive: true });
    }
  }
});

for (const type of ["snapshot", "lock", "index"] as const) {
  for (const when of ["before", "after"] as const) {
    test(`a listing of ${type} files that fails ${when === "before" ? "at once" : "at its end"} never counts as empty`, async () => {
      using made = await siteWithMoment();
      const storage = faultyStorage(directoryStorage(made.site.repository), {
        rules: [{ kind: "fail", action: "list", type, when }],
      });
      await using repository = await made.site.open(storage);
      await assert.rejects(captureStore(repository, made.site.store), { code: "storage.failed" });
      if (type !== "index")
        await assert.rejects(
          type === "lock"
            ? repository.removeSnapshots([made.first.snapshot.id])
            : repository.snapshots(),
          { code: "storage.failed" },
        );
      assert.deepEqual(filesIn(made.site, "snapshots"), [made.first.snapshot.id]);
    });
  }
}

for (const [type, code] of [
  ["data", "pack-damaged"],
  ["index", "index-damaged"],
  ["snapshot", "snapshot-damaged"],
] as const) {
  test(`a ${type} file that storage cut short while reporting success is found by the next verification`, async () => {
    using made = await siteWithMoment();
    const storage = faultyStorage(directoryStorage(made.site.repository), {
      rules: [{ kind: "truncate", action: "save", type, at: 1, keepBytes: 100, report: "success" }],
    });
    await made.site.capture({ storage });
    await using repository = await made.site.open();
    const { findings } = await repository.verify({});
    assert.ok(
      findings.some((finding) => finding.code === code && finding.severity === "error"),
      JSON.stringify(findings),
    );
    // The moment before is not affected.
    const whole = await contentsOfImage(await repository.image(made.first.snapshot));
    assert.equal(
      [...whole.values()].filter((kind) => kind.includes(" ")).length,
      made.first.filesTotal,
    );
  });
}

test("a damaged snapshot file does not keep the next capture from being taken", async () => {
  using made = await siteWithMoment();
  const storage = faultyStorage(directoryStorage(made.site.repository), {
    rules: [
      {
        kind: "truncate",
        action: "save",
        type: "snapshot",
        at: 1,
        keepBytes: 100,
        report: "success",
      },
    ],
  });
  await made.site.capture({ storage });
  const next = await made.site.capture();
  await using repository = await made.site.open();
  assert.deepEqual(
    await contentsOfImage(await repository.image(next.snapshot)),
    contentsOfFolder(made.site.store),
  );
});

test("a power cut that takes all writes of a capture leaves what was before, and the next one stores everything again", async () => {
  using made = await siteWithMoment();
  const storage = faultyStorage(directoryStorage(made.site.repository), {
    rules: [{ kind: "unsynced" }],
  });
  await made.site.capture({ storage });
  await storage.crash();
  assertSound(made.site, "after the power cut", "--no-lock");
  await assertCaptured(made.site, await made.site.capture());
  assertSound(made.site, "after the next capture", "--no-lock");
});

test("an index that a power cut took is noticed by the next capture, which stores again what it named", async () => {
  using made = await siteWithMoment();
  const storage = faultyStorage(directoryStorage(made.site.repository), {
    rules: [{ kind: "unsynced", action: "save", type: "index" }],
  });
  const lost = await made.site.capture({ storage });
  await storage.crash();
  await using repository = await made.site.open();
  assert.ok((await repository.verify()).findings.some(({ code }) => code === "blob-missing"));
  const next = await made.site.capture();
  await assertCaptured(made.site, next);
  assert.ok(next.bytesRead > 0);
  // What is stored again heals the moment that had lost it.
  assert.deepEqual(
    (await repository.verify({ readData: true })).findings.filter(
      ({ severity, file }) => severity === "error" && file !== lost.snapshot.id,
    ),
    [],
  );
});

test("a lock that somebody removed ends the capture before an index names packs that a prune may have taken", async () => {
  using made = await siteWithMoment();
  const { site } = made;
  const pruned = async (): Promise<void> => {
    // `restic unlock --remove-all`, then `restic prune`, while the packs are on their way.
    for (const name of filesIn(site, "locks")) unlinkSync(join(site.repository, "locks", name));
    for (const folder of readdirSync(join(site.repository, "data"))) {
      for (const name of readdirSync(join(site.repository, "data", folder))) {
        if (!old.has(name)) unlinkSync(join(site.repository, "data", folder, name));
      }
    }
  };
  const old = new Set(packsOf(site));
  const storage = faultyStorage(directoryStorage(site.repository), {
    rules: [
      { kind: "delay", action: "save", type: "index", until: pruned },
      { kind: "delay", action: "stat", type: "lock", at: 1, until: pruned },
    ],
  });
  await assert.rejects(site.capture({ storage }), {
    code: "repository.lock-lost",
    retryable: true,
  });
  assertSound(site, "after the lost lock");
  await assertCaptured(site, await site.capture());
  assertSound(site, "after the next capture");
});

function packsOf(site: Site): string[] {
  const data = join(site.repository, "data");
  return readdirSync(data).flatMap((folder) => readdirSync(join(data, folder)));
}

test("a full storage says so, keeps what there was, and goes on when there is room again", async () => {
  using made = await siteWithMoment();
  for (const capacityBytes of [0, 300, 2_000, 6_000]) {
    using branch = made.site.branch(`room-${capacityBytes}`);
    const storage = faultyStorage(directoryStorage(branch.repository), { capacityBytes });
    await assert.rejects(
      branch.capture({ storage, store: made.site.store }),
      { code: "storage.full" },
      `${capacityBytes}`,
    );
    assertSound(branch, `full at ${capacityBytes}`);
    await assertCaptured(branch, await branch.capture({ store: made.site.store }), made.site.store);
    assertSound(branch, `after ${capacityBytes}`);
  }
});

test(
  "a full disk says so, keeps what there was, and goes on when there is room again",
  { skip: tmpfsMissing() },
  async (t) => {
    const site = new Site();
    makeMaildir(site.store, 24);
    mkdirSync(site.repository);
    mount(t, site.repository, "size=2m");
    t.after(() => site[Symbol.dispose]());
    await site.init();
    const first = await site.capture();
    const ballast = join(site.folder, "repository", "ballast");
    // Not compressible, and more than there is room for.
    for (let number = 400; number < 900; number++) deliver(site.store, number);
    const freeBytes =
      2 * 1024 * 1024 -
      Number(spawnSync("du", ["-sB1", site.repository]).stdout.toString().split("\t")[0]);
    writeFileSync(ballast, Buffer.alloc(freeBytes - 400 * 1024));
    for (const workers of [0, 2]) {
      await assert.rejects(site.capture({ workers }), (error: unknown) => {
        assert.ok(isRecoveryError(error) && error.code === "storage.full", String(error));
        assert.match(error.hint ?? "", /space/);
        return true;
      });
      assert.deepEqual(filesIn(site, "locks"), []);
      assertSound(site, "on the full disk", "--no-lock");
    }
    await using repository = await site.open();
    assert.deepEqual(
      (await repository.verify({ readData: true })).findings.filter(
        ({ severity }) => severity === "error",
      ),
      [],
    );
    assert.equal((await contentsOfImage(await repository.image(first.snapshot))).size > 24, true);
    rmSync(ballast);
    spawnSync("mount", ["-o", "remount,size=32m", site.repository]);
    await assertCaptured(site, await site.capture());
    assertSound(site, "with room again");
  },
);

function tmpfsMissing(): string | false {
  if (!isRoot) return "mounting a small filesystem needs root";
  using site = new Site();
  const mounted =
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", site.folder]).status === 0;
  if (mounted) spawnSync("umount", [site.folder]);
  return mounted ? false : "no filesystem can be mounted here";
}

function mount(t: TestContext, folder: string, options: string): void {
  assert.equal(
    spawnSync("mount", ["-t", "tmpfs", "-o", `${options},mode=700`, "none", folder]).status,
    0,
  );
  t.after(() => spawnSync("umount", ["-l", folder]));
}
