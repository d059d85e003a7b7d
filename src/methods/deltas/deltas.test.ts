import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { memoryImage, openLiveImage, rawPathFromText } from "#image";
import { copyContract } from "../../copies/copy.contract.ts";
import {
  type LoopFilesystem,
  type LoopKind,
  loopFilesystem,
  loopSkip,
} from "../../snapshots/loop-filesystem.fixture.ts";
import { replicaGround, replicaLosses, stage } from "../replicas/replicas.fixture.ts";
import { deltas, initDeltas } from "./deltas.ts";

copyContract("rotation of delta snapshots, as a full copy where nothing shares blocks", {
  make: () => replicaGround(deltas, { init: initDeltas }),
  losses: replicaLosses,
});

const mounted = new Map<LoopKind, LoopFilesystem>();
/** One filesystem for all tests of a kind; it goes with the process. */
function filesystem(kind: LoopKind): string {
  let found = mounted.get(kind);
  if (found === undefined) mounted.set(kind, (found = loopFilesystem(kind, 400)));
  return found.folder;
}

for (const kind of ["btrfs", "xfs"] as const) {
  const skip = loopSkip(kind);
  copyContract(`rotation of delta snapshots on ${kind}`, {
    make: () => replicaGround(deltas, { init: initDeltas, parent: filesystem(kind), staged: true }),
    losses: replicaLosses,
    skip,
  });

  test(
    `on ${kind} a delta shares the store's blocks, says so, and does not outlive its volume`,
    { skip },
    async () => {
      await using ground = await replicaGround(deltas, {
        init: initDeltas,
        parent: filesystem(kind),
      });
      const large = { "cur/1": Buffer.alloc(4 * 1024 * 1024, "mail"), new: {} };
      const folder = join(mkdtempSync(join(filesystem(kind), "source-")), "store");
      await using image = await stage(memoryImage(large), folder);
      const { method } = ground;
      const result = await method.take(image, { group: "g" });
      assert.equal(result.provider, kind === "btrfs" ? "btrfs snapshot" : "reflink copy");
      assert.deepEqual([result.shared, result.notes], [true, []]);
      assert.deepEqual(result.point.survives, ["user-error", "corruption"]);
      assert.ok(result.space.ownBytes < 1024 * 1024, `${result.space.ownBytes}`);
      assert.equal(result.bytesTotal, 4 * 1024 * 1024);
      const { moments, freeBytes, totalBytes } = await method.space("g");
      assert.deepEqual(
        moments.map(({ id }) => id),
        [result.point.id],
      );
      assert.ok(freeBytes > 0 && freeBytes < totalBytes);
    },
  );

  test(`on ${kind} files of a store in use share their blocks one by one`, { skip }, async () => {
    await using ground = await replicaGround(deltas, {
      init: initDeltas,
      parent: filesystem(kind),
    });
    const folder = join(mkdtempSync(join(filesystem(kind), "source-")), "store");
    await using _still = await stage(memoryImage({ "cur/1": "From: a\n\nb\n", new: {} }), folder);
    await using live = await openLiveImage(rawPathFromText(folder));
    const result = await ground.method.take(live, { group: "g" });
    assert.deepEqual([result.shared, result.point.consistency], [true, "fuzzy"]);
    assert.deepEqual((await ground.method.copy.verify(result.point)).damage, []);
  });
}

test("a delta that had to become a full copy says so", async () => {
  await using ground = await replicaGround(deltas, { init: initDeltas });
  const { notes, shared } = await ground.method.take(memoryImage({ "cur/1": "x", new: {} }), {
    group: "g",
  });
  assert.equal(shared, false);
  assert.match(notes.join(), /full copy/);
});
