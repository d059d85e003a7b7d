/** From a store in use, through a hot split, to rotations of deltas and clones, and back: the copies are read, never written. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chooseCopy, listCandidates, type RecoveryPoint } from "#copies";
import {
  type Image,
  openDirectoryImage,
  openLiveImage,
  rawPathFromText,
  readAll,
  rootPath,
  walkImage,
} from "#image";
import { clones, deltas, initClones, initDeltas, type ReplicaMethod } from "#methods";
import { applyRestore, diffImages, planRestore } from "#recovery";
import { storeValidator } from "#servers";
import { hotSplitSource } from "#sources";
import { detectProviders, plainCopies, type SnapshotProvider } from "#snapshots";
import { removeAll } from "../src/methods/replicas/replicas.fixture.ts";
import {
  type LoopKind,
  loopFilesystem,
  loopSkip,
} from "../src/snapshots/loop-filesystem.fixture.ts";
import { contentsOfFolder, deliver, makeMaildir } from "./support/mail-store.ts";

type Site = AsyncDisposable & {
  readonly store: string;
  readonly folder: string;
  readonly work: string;
  readonly method: (kind: "clones" | "deltas", parent?: string) => Promise<ReplicaMethod>;
  readonly split: (provider?: SnapshotProvider) => Promise<Image>;
};

/** A small store on a filesystem, and folders for what is made of it. */
function siteIn(parent: string): Site {
  const folder = mkdtempSync(join(parent, "restante-site-"));
  const [store, work] = [join(folder, "store"), join(folder, "work")];
  mkdirSync(work);
  makeMaildir(store);
  return {
    store,
    folder,
    work,
    method: async (kind, elsewhere = folder) => {
      const at = rawPathFromText(join(elsewhere, kind));
      await (kind === "clones" ? initClones : initDeltas)(at);
      const make = kind === "clones" ? clones : deltas;
      return make({ folder: at, name: kind, path: store, hostname: "mx1" });
    },
    split: async (given) => {
      const place = rawPathFromText(join(work, "probe"));
      const [best] = await detectProviders(rawPathFromText(store), place);
      const provider = given ?? best?.provider ?? plainCopies();
      const validators = [storeValidator()];
      const workFolder = rawPathFromText(work);
      const source = hotSplitSource({ provider, workFolder, validators });
      return await source.stableImage({ folder: rawPathFromText(store) });
    },
    [Symbol.asyncDispose]: async () => removeAll(folder),
  };
}

async function contentsOfImage(image: Image): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  for await (const { path, entry } of walkImage(image, rootPath))
    if (entry.type === "file")
      contents.set(path, Buffer.from(await readAll(image, path)).toString("latin1"));
  return contents;
}

async function contentsNow(store: string): Promise<ReadonlyMap<string, string>> {
  await using image = await openDirectoryImage(rawPathFromText(store));
  return await contentsOfImage(image);
}

const places: readonly (readonly [LoopKind | "any", string | false])[] = [
  ["btrfs", loopSkip("btrfs")],
  ["xfs", loopSkip("xfs")],
  ["any", false],
];

for (const [kind, skip] of places) {
  test(
    `on ${kind} filesystem a hot split is handed over to a rotation, with its evidence, and nothing is copied again`,
    { skip },
    async () => {
      using filesystem = kind === "any" ? undefined : loopFilesystem(kind, 400);
      await using site = siteIn(filesystem?.folder ?? realpathSync(tmpdir()));
      const method = await site.method("deltas");
      const before = await contentsNow(site.store);
      let point: RecoveryPoint;
      {
        await using image = await site.split();
        const result = await method.take(image, { group: "mx1/all" });
        point = result.point;
        assert.equal(result.bytesRead, 0);
        assert.equal(result.provider, image.evidence?.provider);
        assert.equal(result.shared, image.evidence?.kind === "delta");
        assert.equal(/full copy/.test(result.notes.join()), !result.shared);
        assert.deepEqual(point.validatedBy, ["mail reader"]);
        assert.deepEqual(await contentsOfImage(image), before, "the Image is still the caller's");
      }
      assert.deepEqual(readdirSync(site.work), []);
      deliver(site.store, 100);
      await using kept = await method.copy.open(point);
      assert.deepEqual(await contentsOfImage(kept), before);
      assert.equal(kept.evidence?.validations[0]?.messages, 24);
      const { damage, bytesHashed } = await method.copy.verify(point);
      assert.deepEqual(damage, []);
      assert.equal(bytesHashed > 0, kept.evidence?.kind === "clone");
    },
  );
}

for (const [kind, skip] of places.slice(0, 2)) {
  test(
    `on ${kind} filesystem a clone is a copy of its own, though the split shares blocks, and outlives the volume that the delta goes with`,
    { skip },
    async () => {
      using filesystem = loopFilesystem(kind as LoopKind, 400);
      await using site = siteIn(filesystem.folder);
      const elsewhere = mkdtempSync(join(realpathSync(tmpdir()), "restante-elsewhere-"));
      try {
        const [delta, near, far] = [
          await site.method("deltas"),
          await site.method("clones"),
          await site.method("clones", elsewhere),
        ];
        const before = await contentsNow(site.store);
        await using image = await site.split();
        for (const method of [near, far]) {
          const { shared, bytesRead, provider, point } = await method.take(image, { group: "g" });
          assert.deepEqual([shared, provider], [false, "copy of the image"]);
          assert.ok(bytesRead > 0);
          assert.deepEqual((await method.copy.verify(point)).damage, []);
        }
        await delta.take(image, { group: "g" });
        const all = [delta.copy, { ...near.copy, name: "near" }, { ...far.copy, name: "far" }];
        const atNs = image.at.toNs;
        const anything = chooseCopy(await listCandidates(all), { atNs });
        assert.equal(anything.chosen?.lossMinutes, 0);
        const afterLoss = chooseCopy(await listCandidates(all), { atNs, lost: ["hardware"] });
        assert.deepEqual([afterLoss.chosen?.copy.name, afterLoss.alternatives], ["far", []]);
        assert.deepEqual(afterLoss.leftOut.map(({ copy }) => copy.name).toSorted(), [
          "deltas",
          "near",
        ]);
        filesystem.unmount();
        const candidates = await listCandidates(all);
        assert.match(candidates[0]?.unavailable ?? "", /replicas.*deltas.*no such folder/);
        const { chosen } = chooseCopy(candidates, { atNs });
        assert.equal(chosen?.copy.name, "far");
        await using kept = await far.copy.open(chosen.point);
        assert.deepEqual(await contentsOfImage(kept), before);
      } finally {
        removeAll(elsewhere);
      }
    },
  );
}

test("recovery of every kind reads from a clone and a delta and writes to neither", async () => {
  await using site = siteIn(realpathSync(tmpdir()));
  for (const kind of ["clones", "deltas"] as const) {
    const method = await site.method(kind);
    const before = await contentsNow(site.store);
    await using split = await site.split();
    const { point } = await method.take(split, { group: "g" });
    const folder = join(site.folder, kind);
    const frozen = contentsOfFolder(folder);
    deliver(site.store, 200);
    rmSync(join(site.store, ".Sent"), { recursive: true });
    await using image = await method.copy.open(point);
    let unique = 0;
    const run = { now: () => 1_700_000_000_000, unique: () => `M${++unique}` };
    for (const mode of ["additive", "exact"] as const) {
      const options = { scope: rootPath, target: rawPathFromText(site.store), mode, ...run };
      const plan = await planRestore(image, options);
      const { failures } = await applyRestore(image, plan, run);
      assert.deepEqual(failures, []);
    }
    const elsewhere = rawPathFromText(join(site.folder, `out-${kind}`));
    const plan = await planRestore(image, { scope: rootPath, target: elsewhere, ...run });
    await applyRestore(image, plan, run);
    assert.deepEqual(await contentsNow(join(site.folder, `out-${kind}`)), before);
    await using live = await openLiveImage(rawPathFromText(site.store));
    const { messagesCreated, messagesRemoved, warnings } = await diffImages(image, live, {
      scope: rootPath,
    });
    assert.deepEqual([messagesCreated, messagesRemoved, warnings], [0, 0, []]);
    await image[Symbol.asyncDispose]();
    assert.deepEqual(contentsOfFolder(folder), frozen);
    assert.deepEqual((await method.copy.verify(point)).damage, []);
  }
});
