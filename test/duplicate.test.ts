/** Duplicates beside the real restic, and SIGKILL at every storage operation of the far side. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openDirectoryImage, rawPathFromText } from "#image";
import { openRepository, type Repository } from "#repository";
import { directoryStorage } from "#storage";
import { systemClock } from "#time";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import { makeNastyFolder } from "./support/nasty-folder.ts";
import { filesIn, Site, withoutRestic } from "./support/recovery-site.ts";
import {
  describeImage,
  restic,
  resticBackup,
  resticJson,
  resticPassword,
  temporaryFolder,
} from "./support/restic.ts";
import { runChild } from "./support/start-child.ts";

const now = systemClock();

describe("beside restic", { skip: withoutRestic }, () => {
  const temporary = temporaryFolder();
  after(() => temporary[Symbol.dispose]());
  const at = (name: string): string => join(temporary.path, name);
  const source = at("srv/mail");
  const open = (name: string): Promise<Repository> =>
    openRepository(directoryStorage(at(name)), { password: resticPassword });

  test("what restic wrote is duplicated into what restic made; restic checks and restores it byte for byte", async () => {
    makeMaildir(source, 40);
    makeNastyFolder(join(source, "nasty"));
    for (const name of ["restic", "vault"]) restic(at(name), ["init"]);
    resticBackup(at("restic"), ["--tag", "nightly", source]);
    deliver(source, 100);
    resticBackup(at("restic"), [source]);
    await using from = await open("restic");
    await using to = await open("vault");
    const snapshots = await from.snapshots();
    const { copied, refused } = await from.duplicateTo(to, { snapshots, now, verify: "data" });
    assert.deepEqual([copied.length, refused], [2, []]);
    assert.match(String(restic(at("vault"), ["check", "--read-data"]).stdout), /no errors/);
    restic(at("vault"), ["restore", "latest", "--target", at("restored")]);
    await using expected = await openDirectoryImage(rawPathFromText(source));
    await using restored = await openDirectoryImage(rawPathFromText(join(at("restored"), source)));
    const [wanted, found] = [await describeImage(expected), await describeImage(restored)];
    assert.deepEqual(found, wanted);
    const [first] = resticJson<readonly { tags: string[]; original: string }[]>(at("vault"), [
      "snapshots",
    ]);
    assert.deepEqual(first?.tags, ["nightly", `from:${from.id.slice(0, 8)}`]);
    assert.equal(first?.original, snapshots[0]?.id);
  });

  test("what restic copy has brought is not sent again", async () => {
    restic(at("other"), ["init"]);
    const { RESTIC_FROM_PASSWORD } = { RESTIC_FROM_PASSWORD: resticPassword };
    restic(at("other"), ["copy", "--from-repo", at("restic")], { env: { RESTIC_FROM_PASSWORD } });
    await using from = await open("restic");
    await using to = await open("other");
    const { copied, skipped } = await from.duplicateTo(to, {
      snapshots: await from.snapshots(),
      now,
    });
    assert.deepEqual([copied.length, skipped.length], [0, 2]);
  });

  test("what we captured is duplicated into what restic made, and restic goes on from there", async () => {
    using site = new Site();
    makeMaildir(site.store, 60);
    await site.init();
    const { snapshot } = await site.capture();
    await using from = await site.open();
    await using to = await open("vault");
    const before = (await to.snapshots()).length;
    const { copied } = await from.duplicateTo(to, { snapshots: [snapshot], now });
    assert.equal(copied.length, 1);
    assert.equal((await to.snapshots()).length, before + 1);
    restic(at("vault"), ["forget", "--prune", "--tag", "nightly", "--keep-last", "1"]);
    assert.match(String(restic(at("vault"), ["check", "--read-data"]).stdout), /no errors/);
    const id = copied[0]?.to.id ?? "";
    restic(at("vault"), ["restore", id, "--target", at("ours")]);
    assert.deepEqual(contentsOfFolder(join(at("ours"), site.store)), contentsOfFolder(site.store));
  });

  test("a pack that is lost there is sent again once the index there no longer names it", async () => {
    const folder = join(at("vault"), "data");
    const packs = readdirSync(folder, { recursive: true, withFileTypes: true });
    for (const pack of packs.filter((entry) => entry.isFile()))
      rmSync(join(pack.parentPath, pack.name));
    restic(at("vault"), ["rebuild-index"]);
    await using from = await open("restic");
    await using to = await open("vault");
    const [, snapshot] = await from.snapshots();
    assert.ok(snapshot !== undefined);
    const options = { snapshots: [snapshot], now, verify: "data" } as const;
    const { blobsCopied, refused } = await from.duplicateTo(to, options);
    assert.ok(blobsCopied > 40);
    assert.deepEqual(refused, []);
    const ours = (await to.snapshots()).filter(({ original }) => original !== snapshot.id);
    await to.removeSnapshots(ours.map(({ id }) => id));
    assert.match(String(restic(at("vault"), ["check", "--read-data"]).stdout), /no errors/);
  });
});

describe("killed", () => {
  const here = new Site();
  after(() => here[Symbol.dispose]());

  test("a duplicate killed at any storage operation of the far side goes on where it was", async (t) => {
    makeMaildir(here.store, 30);
    await here.init();
    await here.capture();
    deliver(here.store, 100);
    deliver(here.store, 101);
    await here.capture();
    const empty = new Site(join(here.folder, "vault"));
    await empty.init();
    const expected = await contentsOf(await here.open());
    assert.equal(expected.length, 2);
    const whole = empty.branch("whole");
    const { operations, outcome } = await runChild(whole, {
      action: "duplicate",
      from: here.repository,
    });
    assert.equal(outcome.done, "2 copied");
    const kills = operations.flatMap(({ number: at, action, type }) => {
      // What changes nothing leaves afterwards what it found.
      const whens = ["save", "remove"].includes(action)
        ? (["before", "after"] as const)
        : (["before"] as const);
      return whens.map((when) => ({ at, when, name: `killed ${when} ${at} (${action} ${type})` }));
    });
    const lane = async (): Promise<void> => {
      for (let kill = kills.shift(); kill !== undefined; kill = kills.shift()) {
        const { at, when, name } = kill;
        using vault = empty.branch(`${when}-${at}`);
        const rules = [{ kind: "kill", at, when }] as const;
        const end = await runChild(vault, { action: "duplicate", from: here.repository, rules });
        assert.ok(end.wasKilled, `${name}: ${JSON.stringify(end.outcome)} ${end.messages}`);
        await assertGoesOn(vault, { expected, name });
      }
    };
    const total = kills.length;
    await Promise.all([lane(), lane()]);
    t.diagnostic(`killed ${total} times`);
    assert.ok(total > 20, `only ${total} kills`);
  });

  type Expected = { readonly expected: readonly Map<string, string>[]; readonly name: string };

  /** What was promised there is whole, and the next run needs nobody's help. */
  async function assertGoesOn(vault: Site, { expected, name }: Expected): Promise<void> {
    if (withoutRestic === false) {
      const { status, output } = vault.restic("check", "--read-data", "--no-lock");
      assert.equal(status, 0, `${name}: ${output}`);
    }
    const there = filesIn(vault, "snapshots").length;
    const again = await runChild(vault, { action: "duplicate", from: here.repository });
    assert.equal(
      again.outcome.done,
      `${2 - there} copied`,
      `${name}: ${JSON.stringify(again.outcome)}`,
    );
    assert.deepEqual(await contentsOf(await vault.open()), expected, name);
    await using repository = await vault.open();
    const [snapshot] = await repository.snapshots();
    assert.ok(snapshot !== undefined);
    // Needs the repository for itself: no lock of the dead is in its way.
    await repository.replaceTags(snapshot, [...snapshot.tags, "looked-at"]);
    assert.deepEqual(filesIn(vault, "locks"), [], `${name}: a dead lock is left`);
  }

  async function contentsOf(repository: Repository): Promise<Map<string, string>[]> {
    await using open = repository;
    const all: Map<string, string>[] = [];
    for (const snapshot of await open.snapshots())
      all.push(await contentsOfImage(await open.image(snapshot)));
    return all;
  }
});

test("what a kill makes the next run send again is bounded: packs are indexed as they arrive", async () => {
  using site = new Site();
  makeMaildir(site.store, 4);
  // Does not compress, so that it fills packs: 17 of 8 MiB are more than one index takes.
  for (let file = 0; file < 18; file++)
    writeFileSync(join(site.store, `cur/large${file}`), randomBytes(10 * 1024 * 1024));
  await site.init();
  await site.capture();
  const vault = new Site(join(site.folder, "vault"));
  await vault.init();
  // Killed at the save of the snapshot's index: the second one.
  const rules = [{ kind: "kill", action: "save", type: "index", at: 2, when: "before" }] as const;
  const end = await runChild(vault, { action: "duplicate", from: site.repository, rules });
  assert.ok(end.wasKilled, JSON.stringify(end.outcome));
  assert.equal(filesIn(vault, "index").length, 1);
  const again = await runChild(vault, { action: "duplicate", from: site.repository });
  assert.equal(again.outcome.done, "1 copied");
  const sent = (operations: typeof end.operations): number =>
    operations
      .filter(({ action, type }) => action === "save" && type === "data")
      .reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  const repeated = sent(end.operations) + sent(again.operations) - sizeOfPacks(site);
  assert.ok(repeated < 128 * 1024 * 1024 + 60 * 1024 * 1024, `${repeated} bytes were sent twice`);
  assert.ok(sent(again.operations) < sent(end.operations) / 2);
  rmSync(vault.folder, { recursive: true });
});

function sizeOfPacks({ repository }: Site): number {
  const folder = join(repository, "data");
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + readFileSync(join(entry.parentPath, entry.name)).length, 0);
}
