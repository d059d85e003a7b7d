/** One fixture per kind of damage: what is wrong is said, what is intact comes out, and repair brings back what can be. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { type ImageProblem, type RawPath, readAll, walkImage } from "#image";
import { openRepository, type Repository, type VerifyReport } from "#repository";
import { directoryStorage } from "#storage";
import type { Damage } from "./support/damage.ts";
import { packDamages } from "./support/damages-of-packs.ts";
import { damages } from "./support/damages.ts";
import {
  contentsOfFolder,
  contentsOfImage,
  deliver,
  digestOf,
  makeMaildir,
} from "./support/mail-store.ts";
import { password, Site, withoutRestic } from "./support/recovery-site.ts";

/** Two moments; the store is as at the second. */
const template = new Site();
after(() => template[Symbol.dispose]());
makeMaildir(template.store);
await template.init();
await template.capture();
for (let number = 100; number < 112; number++) deliver(template.store, number);
await template.capture();
const living = contentsOfFolder(template.store);

// Without a cache: what is read is what lies in the repository.
const open = (site: Site): Promise<Repository> =>
  openRepository(directoryStorage(site.repository), {
    password,
    onDamagedSnapshot: () => undefined,
  });

const whole = await filesThatComeOut(template);

async function codesOf(site: Site): Promise<readonly string[]> {
  await using repository = await open(site);
  const { findings }: VerifyReport = await repository.verify({ readData: true });
  for (const { message } of findings) assert.match(message, /^[A-Z]/);
  return [...new Set(findings.map(({ severity, code }) => `${severity} ${code}`))].toSorted();
}

/** Files of all moments that read back as the store had them. Whatever is wrong is told by the Image. */
async function filesThatComeOut(site: Site): Promise<Set<string>> {
  await using repository = await open(site);
  const found = new Set<string>();
  for (const snapshot of await repository.snapshots()) {
    await using image = await repository.image(snapshot);
    const onProblem = ({ message }: ImageProblem): void => assert.notEqual(message, "");
    for await (const { path, entry } of walkImage(image, "" as RawPath, { onProblem })) {
      if (entry.type !== "file") continue;
      try {
        const digest = digestOf(await readAll(image, path));
        if (living.get(path) === digest) found.add(`${snapshot.timeNs} ${path}`);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "image.unreadable", String(error));
      }
    }
  }
  return found;
}

async function assertRepaired(site: Site, { left = [] }: Damage): Promise<void> {
  await using repository = await open(site);
  const before = await filesThatComeOut(site);
  const dry = await repository.repair({
    readData: true,
    dryRun: true,
    approve: async () => assert.fail("a dry run asks nobody"),
  });
  const { plan, done } = await repository.repair({ readData: true, approve: async () => true });
  assert.deepEqual(plan, dry.plan, "a dry run says what is done");
  assert.equal(done, plan.isNeeded);
  const isLossTold =
    plan.lostCount + plan.damagedSnapshots.length + plan.unreadablePacks.length > 0;
  assert.equal(
    isLossTold,
    left.some((code) => code.startsWith("error")),
    inspect(plan),
  );
  assert.deepEqual(await codesOf(site), left);
  const after = await filesThatComeOut(site);
  assert.deepEqual(before.difference(after), new Set(), "nothing that came out is gone");
  const again = await repository.repair({ readData: true, approve: async () => true });
  assert.equal(again.done, false, "there is nothing left to do");
}

for (const one of [...damages, ...packDamages]) {
  const { name, damage, found = [], left = [], healed = [] } = one;
  test(name, async () => {
    using site = template.branch(name.replaceAll(/[^a-z]+/g, "-"));
    await damage(site);
    if (one.open !== undefined) {
      await assert.rejects(open(site), { code: one.open });
      return;
    }
    assert.deepEqual(await codesOf(site), found);
    await assertRepaired(site, one);
    const isWhole = left.every((code) => !code.startsWith("error"));
    if (isWhole && one.mailStaysLost !== true)
      assert.deepEqual(await filesThatComeOut(site), whole);
    if (one.restic !== false && withoutRestic === false) {
      const { status, output } = site.restic("check", "--read-data", "--no-lock");
      assert.equal(status === 0, isWhole, output);
    }
    // The caches of before the damage must not be believed.
    const { snapshot, partial } = await site.capture({ store: template.store });
    assert.equal(partial, false);
    const remains = await codesOf(site);
    if (one.mayHitManifest !== true || remains.length > 0) {
      assert.deepEqual(remains, one.mayHitManifest === true ? ["error blob-missing"] : healed);
    }
    const isHealed = whole.isSubsetOf(await filesThatComeOut(site));
    assert.equal(isHealed, one.mailStaysLost !== true, "mail of earlier moments is stored again");
    await using repository = await open(site);
    assert.deepEqual(await contentsOfImage(await repository.image(snapshot)), living);
  });
}

test(
  "oracle: restic finds nothing wrong with what these tests damage",
  { skip: withoutRestic },
  () => {
    const { status, output } = template.restic("check", "--read-data");
    assert.equal(status, 0, output);
  },
);
