import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Catalog, fillCatalog, openCatalog } from "#catalog";
import { diskCopy } from "#methods";
import { initRepository, openRepository, type Repository } from "#repository";
import { directoryStorage } from "#storage";
import { captureStore, password, weakenKeys } from "../test/support/recovery-site.ts";
import { changeStore } from "./change-store.ts";
import type { Store } from "./store.ts";

/** One filling, measured in this process. */
export type FillSample = {
  readonly step: "first" | "unchanged" | "changed" | "rebuilt";
  readonly messages: number;
  readonly messagesRead: number;
  readonly wallMs: number;
  /** Of all threads. */
  readonly cpuMs: number;
  /** Of the thread that reads, alone. */
  readonly ownCpuMs: number;
  readonly catalogBytes: number;
};

/** A first filling, one of a moment in which nothing changed, and one of 1,000 flags and 100 messages. */
export async function measureFill(
  store: Store,
  { work, round }: { readonly work: string; readonly round: number },
): Promise<readonly FillSample[]> {
  const folder = join(work, "catalog-fill");
  rmSync(folder, { recursive: true, force: true });
  const place = join(folder, "repository");
  await initRepository(directoryStorage(place), { password });
  weakenKeys(place);
  await using repository = await openRepository(directoryStorage(place), {
    password,
    cacheFolder: join(folder, "cache"),
  });
  await captureStore(repository, store.path, { atRest: true });
  const samples: FillSample[] = [];
  const measured = async (step: FillSample["step"], catalog: Catalog): Promise<void> => {
    samples.push(await measure(step, catalog, repository));
  };
  {
    await using catalog = openCatalog({ folder: join(folder, "catalog") });
    await measured("first", catalog);
    await captureStore(repository, store.path, { atRest: true });
    await measured("unchanged", catalog);
    const changed = changeStore(store, round);
    try {
      await captureStore(repository, store.path, { atRest: true });
    } finally {
      changed.undo();
    }
    await measured("changed", catalog);
  }
  rmSync(folder, { recursive: true, force: true });
  return samples;
}

async function measure(
  step: FillSample["step"],
  catalog: Catalog,
  repository: Repository,
): Promise<FillSample> {
  const copy = diskCopy(repository, { name: "here", reach: "at-hand" });
  const points = await copy.moments();
  const byId = new Map(points.map((point) => [point.id, point]));
  const cpu = process.cpuUsage();
  const threadCpu = process.threadCpuUsage();
  const start = performance.now();
  const { messagesRead } = await fillCatalog(catalog, {
    moments: points,
    open: async ({ id }) => {
      const point = byId.get(id);
      if (point === undefined) throw new Error(`no moment ${id}`);
      return { image: await copy.open(point), missing: [] };
    },
  });
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const own = process.threadCpuUsage(threadCpu);
  const { messages, sizeBytes } = await catalog.status();
  return {
    step,
    messages,
    messagesRead,
    wallMs,
    cpuMs: (user + system) / 1000,
    ownCpuMs: (own.user + own.system) / 1000,
    catalogBytes: sizeBytes,
  };
}
