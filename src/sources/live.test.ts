import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { rawPathFromText, writeMemoryNodes } from "#image";
import { liveSource } from "./live.ts";
import { memorySource } from "./memory-source.ts";
import { sourceContract } from "./source.contract.ts";

const base = await realpath(await mkdtemp(join(tmpdir(), "restante-source-")));
after(() => rm(base, { recursive: true, force: true }));

sourceContract("the live source", async (nodes, { clock }) => {
  const folder = rawPathFromText(await mkdtemp(join(base, "store-")));
  await writeMemoryNodes(folder, nodes);
  return { source: liveSource({ clock }), folder };
});

sourceContract("the memory source", async (nodes, { clock }) => ({
  source: memorySource(nodes, { clock }),
  folder: rawPathFromText("/var/mail"),
}));
