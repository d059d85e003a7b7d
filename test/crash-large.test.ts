/** SIGKILL at storage operations that a seed chooses, of each command, on a repository of many packs. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { seededNumbers } from "#storage";
import { systemClock } from "#time";
import { assertSound } from "./support/assert-sound.ts";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import { filesIn, Site, withoutRestic } from "./support/recovery-site.ts";
import type { ChildRequest } from "./support/repository-child.ts";
import { runChild } from "./support/start-child.ts";

const seed = Number(process.env["RESTANTE_TEST_SEED"] ?? 20261126);
const killsEach = 3;

/** Four moments of some two thousand messages; a part of what each brought is gone from the next. */
const template = new Site();
const vault = new Site();
after(() => template[Symbol.dispose]());
after(() => vault[Symbol.dispose]());
makeMaildir(template.store, 1200);
await template.init();
await vault.init();
const contents = new Map<string, Map<string, string>>();
const moments: string[] = [];
for (let moment = 0; moment < 4; moment++) {
  const from = 10_000 * (moment + 1);
  const brought = Array.from({ length: 500 }, (_, n) => deliver(template.store, from + n));
  const { snapshot } = await template.capture({ workers: 2 });
  moments.push(snapshot.id);
  contents.set(snapshot.id, contentsOfFolder(template.store));
  for (const path of brought.slice(200)) rmSync(join(template.store, path));
}
const [first, second, third, last] = moments as [string, string, string, string];

type Case = {
  readonly request: Pick<ChildRequest, "action"> & Partial<ChildRequest>;
  /** What must be there afterwards, wherever it was killed. */
  readonly promised: readonly string[];
  /** Done to the copy before. */
  readonly prepare?: (site: Site) => Promise<void>;
};

const forgetSome = async (site: Site): Promise<void> => {
  await using repository = await site.open();
  await repository.removeSnapshots([first, third]);
};

const cases: readonly Case[] = [
  { request: { action: "capture", store: template.store, workers: 2 }, promised: moments },
  { request: { action: "remove", snapshots: [first, second] }, promised: [third, last] },
  { request: { action: "retag", snapshots: [second] }, promised: [first, third, last] },
  { request: { action: "prune" }, promised: [second, last], prepare: forgetSome },
  { request: { action: "duplicate", from: vault.repository }, promised: moments },
  { request: { action: "repair" }, promised: moments, prepare: loseAnIndex },
  { request: { action: "verify" }, promised: moments },
];

async function loseAnIndex(site: Site): Promise<void> {
  rmSync(join(site.repository, "index", filesIn(site, "index")[0] as string));
}

test("oracle: restic checks the large repository", { skip: withoutRestic }, async () => {
  assertSound(template, "the template");
  await vault.capture({ store: template.store, workers: 2 });
});

for (const [number, { request, promised, prepare }] of cases.entries()) {
  test(`${request.action} of a large repository, killed at ${killsEach} storage operations that a seed chooses, loses nothing`, async (t) => {
    if (request.action === "duplicate" && filesIn(vault, "snapshots").length === 0)
      await vault.capture({ store: template.store, workers: 2 });
    const random = seededNumbers(seed + number);
    using whole = template.branch(`whole-${number}`);
    await prepare?.(whole);
    const { operations, outcome } = await runChild(whole, request);
    assert.notEqual(outcome.done, undefined, JSON.stringify(outcome));
    const chosen: number[] = [];
    for (let kill = 0; kill < killsEach; kill++) {
      const at = 1 + Math.floor(random() * operations.length);
      const when = random() < 0.5 ? "before" : "after";
      chosen.push(at);
      const name = `seed ${seed}: ${request.action} killed ${when} operation ${at} of ${operations.length}`;
      using site = template.branch(`kill-${number}-${kill}`);
      await prepare?.(site);
      await runChild(site, { ...request, rules: [{ kind: "kill", at, when }] });
      if (request.action !== "repair") await assertMoments(site, promised, name);
      const again = await runChild(site, request);
      // What the killed run had done already, a removal or a change of a tag, need not be done again.
      const isGone =
        ["remove", "retag"].includes(request.action) && again.outcome.done === undefined;
      assert.ok(
        isGone || again.outcome.done !== undefined,
        `${name}: ${JSON.stringify(again.outcome)}`,
      );
      await assertMoments(site, promised, `${name}, then again`);
      await using repository = await site.open();
      await repository.prune({ now: systemClock() });
      await assertMoments(site, promised, `${name}, then pruned`);
      assert.deepEqual(filesIn(site, "locks"), [], name);
      assertSound(site, name);
    }
    t.diagnostic(`${operations.length} operations; killed at ${chosen.join(", ")}`);
  });
}

async function assertMoments(site: Site, wanted: readonly string[], name: string): Promise<void> {
  await using repository = await site.open();
  const snapshots = await repository.snapshots();
  for (const id of wanted) {
    const found = snapshots.find((snapshot) => snapshot.id === id || snapshot.original === id);
    assert.ok(found !== undefined, `${name}: moment ${id} is lost`);
  }
  // Every byte of one of them; that all blobs of all are there is for the verification.
  const one = wanted.at(-1) as string;
  const snapshot = snapshots.find(({ id, original }) => id === one || original === one);
  assert.ok(snapshot !== undefined);
  assert.deepEqual(
    await contentsOfImage(await repository.image(snapshot)),
    contents.get(one),
    name,
  );
  const { findings } = await repository.verify();
  assert.deepEqual(
    findings.filter(({ severity }) => severity === "error"),
    [],
    name,
  );
}
