/** SIGKILL at every storage operation of a repair: what came out before still does, and the next repair ends it. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, test } from "node:test";
import { type RawPath, readAll, walkImage } from "#image";
import { assertSound } from "./support/assert-sound.ts";
import { flip, packOf, pathsIn } from "./support/damaged-site.ts";
import { killEverywhere } from "./support/kill-everywhere.ts";
import {
  contentsOfFolder,
  contentsOfImage,
  deliver,
  digestOf,
  makeMaildir,
} from "./support/mail-store.ts";
import { filesIn, Site } from "./support/recovery-site.ts";

/** Three moments. */
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

async function damagedCopy(name: string, damage: (site: Site) => Promise<void>): Promise<Site> {
  const site = template.branch(name);
  await damage(site);
  return site;
}

/** "moment path digest" of all that can be read. */
async function whatComesOut(site: Site): Promise<Set<string>> {
  await using repository = await site.open();
  const found = new Set<string>();
  for (const snapshot of await repository.snapshots()) {
    const moment = snapshot.original ?? snapshot.id;
    await using image = await repository.image(snapshot);
    const onProblem = (): void => undefined;
    for await (const { path, entry } of walkImage(image, "" as RawPath, { onProblem })) {
      if (entry.type !== "file") continue;
      const bytes = await readAll(image, path).catch(() => undefined);
      if (bytes !== undefined) found.add(`${moment} ${path} ${digestOf(bytes)}`);
    }
  }
  return found;
}

test("a repair of packs and indexes killed at any storage operation loses nothing, and the next one ends it", async (t) => {
  const damaged = await damagedCopy("headers-and-indexes", async (site) => {
    const { path, indexName } = await packOf(site, "data");
    // All blobs of this pack can be read, though not its header.
    flip(path, (length) => length - 40);
    // Another index is gone, so that its packs have to be found.
    const other = pathsIn(site, "index").find((one) => !one.endsWith(indexName));
    rmSync(other as string);
  });
  const before = await whatComesOut(damaged);
  const kills = await killEverywhere(
    { action: "repair" },
    async ({ name, site }) => {
      assert.deepEqual(before.difference(await whatComesOut(site)), new Set(), name);
      await using repository = await site.open();
      await repository.repair({ readData: true, approve: async () => true });
      assert.deepEqual(
        (await repository.verify({ readData: true })).findings.filter(
          ({ severity }) => severity === "error",
        ),
        [],
        name,
      );
      for (const snapshot of await repository.snapshots()) {
        const read = await contentsOfImage(await repository.image(snapshot));
        assert.deepEqual(read, contents.get(snapshot.id), name);
      }
      assert.deepEqual(filesIn(site, "locks"), [], `${name}: a dead lock is left`);
      assertSound(site, name);
    },
    { branch: (name) => damaged.branch(name) },
  );
  t.diagnostic(`killed ${kills} times`);
  assert.ok(kills >= 10, `only ${kills} kills`);
});

test("a repair that also drops what is lost, killed at any storage operation, loses nothing more", async (t) => {
  const damaged = await damagedCopy("lost-blob", async (site) => {
    flip((await packOf(site, "data")).path, (length) => length >> 1);
  });
  const before = await whatComesOut(damaged);
  const kills = await killEverywhere(
    { action: "repair", dropLost: true },
    async ({ name, site }) => {
      assert.deepEqual(before.difference(await whatComesOut(site)), new Set(), name);
      await using repository = await site.open();
      await repository.repair({ readData: true, dropLost: true, approve: async () => true });
      assert.deepEqual(before.difference(await whatComesOut(site)), new Set(), name);
      const snapshots = await repository.snapshots();
      const repaired = snapshots.filter(({ tags }) => tags.includes("restante:repaired"));
      assert.deepEqual(
        new Set(repaired.map(({ original }) => original)),
        new Set(contents.keys()),
        name,
      );
      assert.equal(repaired.length, contents.size, `${name}: one was written twice`);
      await repository.removeSnapshots([...contents.keys()]);
      assertSound(site, name);
    },
    { branch: (name) => damaged.branch(name) },
  );
  t.diagnostic(`killed ${kills} times`);
  assert.ok(kills >= 10, `only ${kills} kills`);
});
