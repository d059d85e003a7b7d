/** SIGKILL at every storage operation: whatever was recoverable before still is, and the next run needs no repair. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { initRepository } from "#repository";
import { directoryStorage } from "#storage";
import { assertSound } from "./support/assert-sound.ts";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import { filesIn, password, Site, withoutRestic } from "./support/recovery-site.ts";
import { killEverywhere } from "./support/kill-everywhere.ts";
import { runChild } from "./support/start-child.ts";

/** Three moments; the store has changed since the last. */
const template = new Site();
after(() => template[Symbol.dispose]());
makeMaildir(template.store);
await template.init();
const contents = new Map<string, Map<string, string>>();
for (let moment = 0; moment < 3; moment++) {
  deliver(template.store, 100 + moment);
  const { snapshot } = await template.capture();
  contents.set(snapshot.id, contentsOfFolder(template.store));
}
const moments = [...contents.keys()];
const branch = (name: string): Site => template.branch(name);
for (let number = 200; number < 206; number++) deliver(template.store, number);

/** Each of these moments is there and reads back as the store was. */
async function assertMoments(site: Site, wanted: readonly string[], name: string): Promise<void> {
  await using repository = await site.open();
  const snapshots = await repository.snapshots();
  for (const id of wanted) {
    const found = snapshots.find((snapshot) => snapshot.id === id || snapshot.original === id);
    assert.ok(found !== undefined, `${name}: moment ${id} is lost`);
    assert.deepEqual(await contentsOfImage(await repository.image(found)), contents.get(id), name);
  }
}

/** A capture and an operation that wants the repository for itself, without anybody's help. */
async function assertGoesOn(
  site: Site,
  name: string,
  store: string = template.store,
): Promise<void> {
  const { snapshot, partial } = await site.capture({ store });
  assert.equal(partial, false, name);
  await using repository = await site.open();
  const expected = contentsOfFolder(store);
  assert.deepEqual(await contentsOfImage(await repository.image(snapshot)), expected, name);
  await repository.replaceTags(snapshot, [...snapshot.tags, "looked-at"]);
  assert.deepEqual(filesIn(site, "locks"), [], `${name}: a dead lock is left`);
  assertSound(site, name);
}

test("oracle: restic checks every repository of these tests", { skip: withoutRestic }, () => {
  assertSound(template, "the template");
});

test("a capture killed at any storage operation loses no moment, and the next one succeeds", async (t) => {
  const kills = await killEverywhere(
    { action: "capture", store: template.store },
    async ({ name, site }) => {
      // A lock of the dead is still there; restic, unlike us, waits for a person to remove it.
      assertSound(site, name, "--no-lock");
      await assertMoments(site, moments, name);
      await assertGoesOn(site, name);
    },
    { selections: [{}], branch },
  );
  t.diagnostic(`killed ${kills} times`);
  assert.ok(kills > 15, `only ${kills} kills`);
});

test("a capture with threads killed at its writes loses no moment", async () => {
  for (const [type, when] of [
    ["data", "before"],
    ["data", "after"],
    ["index", "before"],
    ["snapshot", "before"],
  ] as const) {
    const name = `killed ${when} save ${type}`;
    using site = new Site();
    makeMaildir(site.store, 400);
    await site.init();
    const rules = [{ kind: "kill", action: "save", type, when } as const];
    const end = await runChild(site, { action: "capture", workers: 2, rules });
    assert.ok(end.wasKilled, `${name}: ${JSON.stringify(end.outcome)} ${end.messages}`);
    assertSound(site, name, "--no-lock");
    await assertGoesOn(site, name, site.store);
  }
});

test("a removal killed at any storage operation removes no other moment, and can be done again", async () => {
  const [first, second, kept] = moments as [string, string, string];
  const kills = await killEverywhere(
    { action: "remove", snapshots: [first, second] },
    async ({ name, site }) => {
      assertSound(site, name, "--no-lock");
      await assertMoments(site, [kept], name);
      await using repository = await site.open();
      await repository.removeSnapshots(filesIn(site, "snapshots").filter((id) => id !== kept));
      assert.deepEqual(filesIn(site, "snapshots"), [kept], name);
      await assertGoesOn(site, name);
    },
    { branch },
  );
  assert.ok(kills >= 6, `only ${kills} kills`);
});

test("a change of tags killed at any storage operation leaves the moment once or twice, never not at all", async () => {
  const tagged = moments[1] as string;
  const kills = await killEverywhere(
    { action: "retag", snapshots: [tagged] },
    async ({ name, site }) => {
      assertSound(site, name, "--no-lock");
      await assertMoments(site, moments, name);
      assert.ok(filesIn(site, "snapshots").length <= moments.length + 1, name);
      await assertGoesOn(site, name);
    },
    { branch },
  );
  assert.ok(kills >= 6, `only ${kills} kills`);
});

test("a creation killed at any storage operation is finished by the next one", async () => {
  const empty = (name: string): Site => new Site(`${template.folder}/${name}`);
  const kills = await killEverywhere(
    { action: "init" },
    async ({ name, site, end }) => {
      const again = initRepository(directoryStorage(site.repository), { password });
      if (existsSync(join(site.repository, "config")) || end.outcome.done !== undefined)
        await assert.rejects(again, { code: "repository.exists" }, name);
      else await again;
      assert.equal(
        filesIn(site, "keys").length,
        1,
        `${name}: a second key would open it with another master key`,
      );
      await assertGoesOn(site, name);
    },
    { selections: [{ action: "create" }, { action: "save" }], branch: empty },
  );
  assert.ok(kills >= 6, `only ${kills} kills`);
});

test("creations at the same time agree on one repository that the password opens", async () => {
  using site = new Site();
  const ends = await Promise.all([1, 2, 3].map(() => runChild(site, { action: "init" })));
  const done = ends.filter(({ outcome }) => outcome.done !== undefined);
  assert.equal(done.length, 1, JSON.stringify(ends.map(({ outcome }) => outcome)));
  for (const { outcome } of ends) {
    if (outcome.done === undefined) assert.equal(outcome.error?.code, "repository.exists");
  }
  await using repository = await site.open();
  assert.equal(repository.id, done[0]?.outcome.done);
  assert.equal(filesIn(site, "keys").length, 1);
});
