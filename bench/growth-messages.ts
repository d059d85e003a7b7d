import { join } from "node:path";
import { type GrowthOptions, GrowthSite } from "./growth-site.ts";
import type { GrowthSpec } from "./growth-table.ts";
import { layOutGrown } from "./lay-out-small.ts";
import { walkFiles, type Store } from "./store.ts";

/** Of messages. The first stands for n → 0. */
const SIZES = [10, 10_000, 30_000, 100_000, 300_000, 1_000_000];
/** layOutGrown() at scale 1. */
const FULL_STORE = 100_000;

const series = "messages";
export const messageSpecs: readonly GrowthSpec[] = [
  { series, figure: "first capture", quantity: "wall", duty: "all" },
  { series, figure: "first capture", quantity: "cpu", duty: "all" },
  { series, figure: "first capture", quantity: "memory", duty: "all" },
  { series, figure: "nothing changed", quantity: "wall", duty: "all" },
  { series, figure: "nothing changed", quantity: "cpu", duty: "all" },
  { series, figure: "nothing changed", quantity: "memory", duty: "all" },
  { series, figure: "one message", quantity: "wall", duty: "few" },
  { series, figure: "one message", quantity: "cpu", duty: "few" },
  { series, figure: "one message", quantity: "memory", duty: "few" },
  { series, figure: "moments", quantity: "wall", duty: "few" },
  { series, figure: "moments", quantity: "cpu", duty: "few" },
  { series, figure: "verify, structure", quantity: "wall", duty: "all" },
  { series, figure: "verify, structure", quantity: "cpu", duty: "all" },
  { series, figure: "verify, structure", quantity: "memory", duty: "all" },
  { series, figure: "prune, nothing to do", quantity: "wall", duty: "all" },
  { series, figure: "prune, nothing to do", quantity: "cpu", duty: "all" },
  { series, figure: "prune, nothing to do", quantity: "memory", duty: "all" },
];

/** Real files, each a small message of its own, on a server that gets as many more mailboxes. */
export async function measureMessages(options: GrowthOptions): Promise<void> {
  for (const full of SIZES) {
    const wanted = full === SIZES[0] ? full : Math.max(20, Math.round(full * options.scale));
    const store = layOutGrown({ work: options.work, scale: wanted / FULL_STORE });
    const size = store.messages;
    using site = await GrowthSite.create(options, series);
    const capture = site.command("capture", store.path);
    await site.measure(capture, { series, figure: "first capture", size }, { once: true });
    await site.measure(capture, { series, figure: "nothing changed", size });
    const show = site.command("show", messageOf(store), "--at", "latest");
    await site.measure(show, { series, figure: "one message", size });
    await site.measure(site.command("moments"), { series, figure: "moments", size });
    await site.measure(site.command("verify"), { series, figure: "verify, structure", size });
    // It joins the small packs that captures left; what is measured is the run that finds nothing.
    await site.measure(
      site.command("prune"),
      { series, figure: "prune, at first", size },
      { once: true },
    );
    await site.measure(site.command("prune"), { series, figure: "prune, nothing to do", size });
  }
}

/** One in the middle of the store. */
export function messageOf(store: Store): string {
  const messages = [...walkFiles(store.path)].filter(({ folder }) => /[/](cur|new)$/.test(folder));
  const chosen = messages[Math.floor(messages.length / 2)];
  if (chosen === undefined) throw new Error("the store is empty");
  return join(chosen.folder, chosen.name);
}
