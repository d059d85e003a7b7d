/** SIGKILL at every storage operation of a prune: every moment stays whole, and the next prune ends the work. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { systemClock } from "#time";
import { assertSound } from "./support/assert-sound.ts";
import { killEverywhere } from "./support/kill-everywhere.ts";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import { filesIn, Site, withoutRestic } from "./support/recovery-site.ts";

/** Moments that share packs with forgotten ones, packs of forgotten ones alone, and a pack that no index names. */
const template = new Site();
after(() => template[Symbol.dispose]());
makeMaildir(template.store);
await template.init();
const contents = new Map<string, Map<string, string>>();
const forgotten: string[] = [];
for (let moment = 0; moment < 4; moment++) {
  const delivered = [0, 1, 2, 3, 4, 5].map((n) => deliver(template.store, 100 + moment * 10 + n));
  const { snapshot } = await template.capture();
  if (moment === 1 || moment === 3) contents.set(snapshot.id, contentsOfFolder(template.store));
  else forgotten.push(snapshot.id);
  // Each moment loses some of what the one before brought.
  for (const path of delivered.slice(3)) rmSync(join(template.store, path));
}
{
  await using repository = await template.open();
  await repository.removeSnapshots(forgotten);
}

async function assertMoments(site: Site, name: string): Promise<void> {
  await using repository = await site.open();
  const snapshots = await repository.snapshots();
  for (const [id, expected] of contents) {
    const found = snapshots.find((snapshot) => snapshot.id === id);
    assert.ok(found !== undefined, `${name}: moment ${id} is lost`);
    assert.deepEqual(await contentsOfImage(await repository.image(found)), expected, name);
  }
}

test("oracle: restic checks the repository before it is pruned", { skip: withoutRestic }, () => {
  assertSound(template, "the template");
});

test("a prune killed at any storage operation loses no moment, and the next one ends it", async (t) => {
  const kills = await killEverywhere(
    { action: "prune" },
    async ({ name, site }) => {
      assertSound(site, name, "--no-lock");
      await assertMoments(site, name);
      await using repository = await site.open();
      const rest = await repository.prune({ now: systemClock(), maxUnusedShare: 0 });
      assert.equal(rest.unusedBytesLeft, 0, name);
      const again = await repository.prune({ now: systemClock(), maxUnusedShare: 0 });
      assert.equal(again.unusedBytes, 0, name);
      await assertMoments(site, name);
      const next = await site.capture({ store: template.store });
      assert.deepEqual(
        await contentsOfImage(await repository.image(next.snapshot)),
        contentsOfFolder(template.store),
        name,
      );
      assert.deepEqual(filesIn(site, "locks"), [], `${name}: a dead lock is left`);
      assertSound(site, name);
    },
    { branch: (name) => template.branch(name) },
  );
  t.diagnostic(`killed ${kills} times`);
  assert.ok(kills >= 20, `only ${kills} kills`);
});
