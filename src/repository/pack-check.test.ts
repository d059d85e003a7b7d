import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openCompressor } from "./compression.ts";
import { openSealer } from "./crypto.ts";
import { captureNodes, coreOfRepository, duplicateScene, messages } from "./duplicate.fixture.ts";
import { loadIndex } from "./load-index.ts";
import { checkPack, isSoundPack, type PackCheckTask, packCheckTask } from "./pack-check.ts";
import { packLayouts } from "./pack-layout.ts";

test("checkPack() finds the same whether it compares the header as a whole or entry by entry", async () => {
  const { from } = await duplicateScene();
  await captureNodes(from, messages(20));
  const core = coreOfRepository(from);
  const { index } = await loadIndex({ context: core.context, cache: core.cache });
  const opener = { sealer: openSealer(core.masterKey), compressor: openCompressor() };
  const layouts = [...packLayouts(index).values()];
  const packs = await Promise.all(
    layouts.map(async ({ packId, blobs }) => {
      const bytes = await core.context.storage.load({ type: "data", name: packId });
      return { packId, blobs, bytes };
    }),
  );
  for (const pack of packs) {
    const check = checkPack(packCheckTask(index, pack), opener);
    assert.ok(isSoundPack(check));
    assert.deepEqual([check.badBlobs, check.wrongInIndex, check.notInIndex], [[], 0, 0]);
  }
  const columns = ["offsets", "lengths", "rawLengths", "types", "ids"] as const;
  const damage = fc.record({
    pack: fc.nat(packs.length - 1),
    column: fc.constantFrom(...columns, "bytes" as const, "none" as const),
    at: fc.nat(),
    dropped: fc.boolean(),
  });
  fc.assert(
    fc.property(damage, ({ pack, column, at, dropped }) => {
      const { bytes, blobs, ...named } = packs[pack] as (typeof packs)[number];
      const kept = dropped ? blobs.slice(1) : blobs;
      const inOrder = packCheckTask(index, { ...named, blobs: kept, bytes: Buffer.from(bytes) });
      if (column !== "none") {
        const values = inOrder[column];
        values[at % values.length]! ^= 1;
      }
      const { badBlobs, ...found } = checkPack(inOrder, opener);
      // Another order than the header's: never compared as a whole.
      const other = checkPack(reversed(inOrder), opener);
      const last = inOrder.offsets.length - 1;
      const badOfOther = other.badBlobs.map((one) => last - one).toSorted((a, b) => a - b);
      assert.deepEqual({ ...other, badBlobs: badOfOther }, { ...found, badBlobs });
      const isWhole = column === "none" || inOrder.offsets.length === 0;
      if (isWhole) assert.equal(found.notInIndex, dropped ? 1 : 0);
      else assert.ok(!found.isNamedRight || found.wrongInIndex === 1);
    }),
    { numRuns: 200 },
  );
});

function reversed(task: PackCheckTask): PackCheckTask {
  const { offsets, lengths, rawLengths, types } = task;
  const ids = Array.from(offsets, (_, at) => task.ids.slice(at * 32, at * 32 + 32));
  return {
    ...task,
    ids: Buffer.concat(ids.toReversed()),
    offsets: offsets.toReversed(),
    lengths: lengths.toReversed(),
    rawLengths: rawLengths.toReversed(),
    types: types.toReversed(),
  };
}
