import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// The room offers no way to write an index of packs that are not there, and rightly so.
import type { PackedBlob } from "../src/repository/pack-format.ts";
import { encodeIndex, type IndexedPack } from "../src/repository/parsed-index.ts";
import { coreOf, type HasCore } from "../src/repository/repository-core.ts";
import { sealUnpacked } from "../src/repository/unpacked-file.ts";
import { messageOf } from "./growth-messages.ts";
import { type GrowthOptions, GrowthSite } from "./growth-site.ts";
import type { GrowthSpec } from "./growth-table.ts";
import type { IndexFigures } from "./growth-lookup.ts";
import { layOutGrown } from "./lay-out-small.ts";
import { measure } from "./measure.ts";

/** Of blobs in the index. The first stands for n → 0. */
const SIZES = [0, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000];
const BLOBS_PER_FILE = 50_000;
const BLOBS_PER_PACK = 2500;
const STORE_SCALE = 0.001;

const series = "blobs";
export const blobSpecs: readonly GrowthSpec[] = [
  { series, figure: "open the index, no cache", quantity: "wall", duty: "all" },
  { series, figure: "open the index, no cache", quantity: "memory", duty: "all" },
  { series, figure: "open the index, cached", quantity: "wall", duty: "all" },
  { series, figure: "open the index, cached", quantity: "memory", duty: "all" },
  { series, figure: "one of a million lookups", quantity: "lookup", duty: "few" },
  { series, figure: "one message", quantity: "wall", duty: "few" },
  { series, figure: "one message", quantity: "cpu", duty: "few" },
  { series, figure: "one message", quantity: "memory", duty: "few" },
  { series, figure: "nothing changed", quantity: "wall", duty: "all" },
  { series, figure: "nothing changed", quantity: "cpu", duty: "all" },
  { series, figure: "nothing changed", quantity: "memory", duty: "all" },
  { series, figure: "moments", quantity: "wall", duty: "few" },
  { series, figure: "moments", quantity: "cpu", duty: "few" },
];

/**
 * A hundred messages that are really there, and index files that tell of packs that are not: written
 * by the room's own encoder, 50,000 blobs a file, 2,500 a pack. What must look at every blob, not at
 * every pack, does what it would do in a repository of that size.
 */
export async function measureBlobs(options: GrowthOptions): Promise<void> {
  const store = layOutGrown({ work: options.work, scale: STORE_SCALE });
  for (const full of SIZES) {
    const added = Math.round(full * options.scale);
    using site = await GrowthSite.create(options, series);
    await site.capture(store);
    await writeIndexes(site, added);
    const size = await countBlobs(options, site);
    const show = site.command("show", messageOf(store), "--at", "latest");
    await site.measure(show, { series, figure: "one message, no cache", size }, { once: true });
    await site.measure(show, { series, figure: "one message", size });
    const capture = site.command("capture", store.path);
    await site.measure(capture, { series, figure: "capture, no scan cache", size }, { once: true });
    await site.measure(capture, { series, figure: "nothing changed", size });
    await site.measure(site.command("moments"), { series, figure: "moments", size });
  }
}

async function writeIndexes(site: GrowthSite, blobs: number): Promise<void> {
  await using repository = await site.open();
  const { context } = (repository as unknown as HasCore)[coreOf]();
  for (let left = blobs; left > 0; left -= BLOBS_PER_FILE) {
    const packs: IndexedPack[] = [];
    for (let here = Math.min(left, BLOBS_PER_FILE); here > 0; here -= BLOBS_PER_PACK) {
      packs.push(inventPack(Math.min(here, BLOBS_PER_PACK)));
    }
    const { name, bytes } = sealUnpacked(context, "index", encodeIndex(packs));
    writeFileSync(join(site.repository, "index", name), bytes, { mode: 0o400 });
  }
}

function inventPack(count: number): IndexedPack {
  const ids = randomBytes(32 * (count + 1));
  const blobs = Array.from({ length: count }, (_, at): PackedBlob => {
    const id = ids.subarray(at * 32, at * 32 + 32);
    return { id, type: "data", offset: at * 3000, lengthBytes: 2900, rawLengthBytes: 5000 };
  });
  return { packId: ids.subarray(count * 32).toString("hex"), blobs };
}

/** Opens the index in a process of its own, without and with the cache, and counts what is in it. */
async function countBlobs(options: GrowthOptions, site: GrowthSite): Promise<number> {
  let size = 0;
  for (let round = 0; round < options.runs; round += 1) {
    const cache = site.emptyCache();
    for (const figure of ["open the index, no cache", "open the index, cached"]) {
      const outputPath = join(cache, "figures.json");
      const command = {
        program: process.execPath,
        arguments: [join(import.meta.dirname, "growth-lookup.ts"), site.repository, cache],
        outputPath,
      };
      const whole = await measure(command, cache);
      const { blobs, openMs, lookupNs } = JSON.parse(
        readFileSync(outputPath, "utf8"),
      ) as IndexFigures;
      size = blobs;
      // Beginning to run takes the same at every size: the time is the opening's own.
      options.add({ ...whole, series, figure, size, round, wallMs: openMs });
      options.add({ ...whole, series, figure: "one of a million lookups", size, round, lookupNs });
    }
  }
  return size;
}
