import { type BlobIndex } from "./blob-index.ts";
import type { IndexedPackLayout } from "./pack-layout.ts";
import { blobIdKey, type VerifyRun } from "./verify-run.ts";

export type PackSizes = ReadonlyMap<string, number>;

export async function listPacks(run: VerifyRun): Promise<PackSizes> {
  const sizes = new Map<string, number>();
  for await (const { name, sizeBytes } of run.core.context.storage.list("data", run.signal))
    sizes.set(name, sizeBytes);
  return sizes;
}

/** What the index says of packs that are not there, or are there otherwise, is a finding. */
export function comparePacks(
  run: VerifyRun,
  {
    index,
    layouts,
    sizes,
  }: {
    readonly index: BlobIndex;
    readonly layouts: ReadonlyMap<string, IndexedPackLayout>;
    readonly sizes: PackSizes;
  },
): void {
  for (const layout of layouts.values()) compareSize(run, layout, sizes.get(layout.packId));
  for (const packId of sizes.keys()) {
    if (layouts.has(packId)) continue;
    run.find({
      code: "pack-unreferenced",
      severity: "warning",
      file: packId,
      message: `Pack ${packId.slice(0, 8)} is in no index: left by an interrupted run, unless an index is missing`,
    });
  }
  for (const { packId, blobs } of layouts.values()) {
    const size = sizes.get(packId) ?? 0;
    for (const blob of blobs) {
      if (size < index.offsetOf(blob) + index.lengthOf(blob))
        run.badBlobs.add(blobIdKey(index.idOf(blob)));
    }
  }
}

function compareSize(
  run: VerifyRun,
  { packId, endBytes, sizeBytes }: IndexedPackLayout,
  size: number | undefined,
): void {
  const name = packId.slice(0, 8);
  const where = { severity: "error", file: packId } as const;
  if (size === undefined) {
    const message = `Pack ${name} is missing from storage`;
    run.find({ ...where, code: "pack-missing", message });
  } else if (size < endBytes) {
    const message = `Pack ${name} has ${size} bytes and should have more than ${endBytes}`;
    run.find({ ...where, code: "pack-damaged", message });
  } else if (sizeBytes !== undefined && size < sizeBytes) {
    const message = `Pack ${name} has ${size} bytes and should have ${sizeBytes}`;
    run.find({ ...where, code: "pack-damaged", message });
  } else if (size !== sizeBytes) {
    // Bytes were added to it, or an index is wrong, or names only a part of it.
    run.suspectPacks.add(packId);
  }
}
