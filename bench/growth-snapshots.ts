import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryStorage } from "#storage";
// The room offers no way to write a snapshot that nobody took, and rightly so.
import { coreOf, type HasCore } from "../src/repository/repository-core.ts";
import { saveSnapshot } from "../src/repository/snapshot-file.ts";
import { type GrowthOptions, GrowthSite } from "./growth-site.ts";
import type { GrowthSpec } from "./growth-table.ts";
import { messageOf } from "./growth-messages.ts";
import { layOutGrown } from "./lay-out-small.ts";

/** Of snapshots. The first stands for n → 0. */
const SIZES = [1, 10, 100, 1000, 10_000];
const HOUR_NS = 3_600_000_000_000n;
const STORE_SCALE = 0.01;

const series = "snapshots";
export const snapshotSpecs: readonly GrowthSpec[] = [
  { series, figure: "moments", quantity: "wall", duty: "all" },
  { series, figure: "moments", quantity: "cpu", duty: "all" },
  { series, figure: "moments", quantity: "memory", duty: "all" },
  { series, figure: "nothing changed", quantity: "wall", duty: "few" },
  { series, figure: "nothing changed", quantity: "cpu", duty: "few" },
  { series, figure: "expire --dry-run", quantity: "wall", duty: "all" },
  { series, figure: "expire --dry-run", quantity: "cpu", duty: "all" },
  { series, figure: "one message", quantity: "wall", duty: "few" },
  { series, figure: "one message", quantity: "cpu", duty: "few" },
  { series, figure: "verify, structure", quantity: "wall", duty: "all" },
  { series, figure: "verify, structure", quantity: "cpu", duty: "all" },
  { series, figure: "prune, nothing to do", quantity: "wall", duty: "all" },
  { series, figure: "prune, nothing to do", quantity: "cpu", duty: "all" },
];

/** One small store, and the same tree again and again under hourly times and sequence numbers. */
export async function measureSnapshots(options: GrowthOptions): Promise<void> {
  const store = layOutGrown({ work: options.work, scale: STORE_SCALE });
  for (const full of SIZES) {
    const size = full === SIZES[0] ? full : Math.max(2, Math.round(full * options.scale));
    using site = await GrowthSite.create(options, series);
    await site.measure(
      site.command("capture", store.path),
      { series, figure: "first capture", size },
      { once: true },
    );
    await repeatSnapshot(site, size - 1);
    await site.measure(site.command("moments"), { series, figure: "moments", size });
    const expire = site.command("expire", "--keep", "one per day for 100 years", "--dry-run");
    await site.measure(expire, { series, figure: "expire --dry-run", size });
    const show = site.command("show", messageOf(store), "--at", "latest");
    await site.measure(show, { series, figure: "one message", size });
    await site.measure(site.command("verify"), { series, figure: "verify, structure", size });
    await site.measure(site.command("prune"), { series, figure: "prune, nothing to do", size });
    await site.measure(site.command("capture", store.path), {
      series,
      figure: "nothing changed",
      size,
    });
  }
}

/** `count` more, each an hour older than the one before: made in memory, so that no disk is waited for. */
async function repeatSnapshot(site: GrowthSite, count: number): Promise<void> {
  await using repository = await site.open();
  const core = (repository as unknown as HasCore)[coreOf]();
  const [first] = await repository.snapshots();
  if (first === undefined) throw new Error("nothing was captured");
  const snapshot = await repository.replaceTags(first, withSequence(first.tags, count + 1));
  const storage = memoryStorage();
  await storage.create();
  const { id: _, ...fields } = snapshot;
  for (let back = 1; back <= count; back += 1) {
    const older = {
      ...fields,
      timeNs: fields.timeNs - BigInt(back) * HOUR_NS,
      tags: withSequence(snapshot.tags, count + 1 - back),
    };
    await saveSnapshot({ ...core.context, storage }, older);
  }
  for await (const { name } of storage.list("snapshot")) {
    const bytes = await storage.load({ type: "snapshot", name });
    writeFileSync(join(site.repository, "snapshots", name), bytes, { mode: 0o400 });
  }
}

function withSequence(tags: readonly string[], sequence: number): readonly string[] {
  return tags.map((tag) => (tag.startsWith("sequence:") ? `sequence:${sequence}` : tag));
}
