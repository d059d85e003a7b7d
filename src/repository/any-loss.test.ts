import assert from "node:assert/strict";
import { test } from "node:test";
import { hasAnyLoss } from "./any-loss.ts";
import { captureNodes, coreOfRepository, duplicateScene, messages } from "./duplicate.fixture.ts";
import { loadIndex } from "./load-index.ts";
import type { ParsedIndex } from "./parsed-index.ts";
import { emptyColumns } from "./parsed-index.ts";
import { BlobIndex } from "./blob-index.ts";
import type { Loss } from "./walk-losses.ts";
import { walkLosses } from "./walk-losses.ts";

test("hasAnyLoss() sees every blob that walkLosses() misses, and nothing else", async () => {
  const { from } = await duplicateScene();
  await captureNodes(from, messages(12));
  await captureNodes(from, messages(6, 9), { second: 60 });
  const core = coreOfRepository(from);
  const snapshots = await from.snapshots();
  const { index: whole } = await loadIndex({ context: core.context, cache: core.cache });
  const never = (): boolean => false;
  assert.equal(await hasAnyLoss(core, { index: whole, snapshots, isBad: never }), false);
  let losses = 0;
  for (let lost = 0; lost < whole.length; lost++) {
    const index = without(whole, lost);
    const found: Loss[] = [];
    const onLoss = (loss: Loss): void => void found.push(loss);
    await walkLosses(core, { index, snapshots, isBad: never, onLoss });
    assert.equal(await hasAnyLoss(core, { index, snapshots, isBad: never }), found.length > 0);
    losses += found.length;
    const isData = whole.typeOf(lost) === "data";
    const isBad = (id: Uint8Array): boolean => Buffer.compare(id, whole.idOf(lost)) === 0;
    assert.equal(await hasAnyLoss(core, { index: whole, snapshots, isBad }), isData);
  }
  assert.ok(losses >= whole.length);
});

/** The index as if one blob had never been in it. */
function without(index: BlobIndex, lost: number): BlobIndex {
  const columns: ParsedIndex = emptyColumns(index.packs, [], index.length - 1);
  for (let blob = 0, at = 0; blob < index.length; blob++) {
    if (blob === lost) continue;
    columns.ids.set(index.idOf(blob), at * 32);
    columns.packs32[at] = index.packNumberOf(blob);
    columns.offsets[at] = index.offsetOf(blob);
    columns.lengths[at] = index.lengthOf(blob);
    columns.rawLengths[at] = index.rawLengthOf(blob);
    columns.types[at] = index.typeOf(blob) === "tree" ? 1 : 0;
    at++;
  }
  return new BlobIndex([columns]);
}
