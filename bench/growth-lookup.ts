/**
 * Opens a repository's index and looks up a million blobs, half of them absent:
 *   node growth-lookup.ts REPOSITORY CACHE
 * Prints what it took as JSON.
 */
import { join } from "node:path";
import { openRepository } from "#repository";
import { directoryStorage } from "#storage";
import { loadIndex } from "../src/repository/load-index.ts";
import { coreOf, type HasCore } from "../src/repository/repository-core.ts";
import { password } from "../test/support/recovery-site.ts";

export type IndexFigures = {
  readonly blobs: number;
  readonly openMs: number;
  readonly lookupNs: number;
};

const LOOKUPS = 1_000_000;

async function main(repositoryFolder: string, cacheFolder: string): Promise<IndexFigures> {
  await using repository = await openRepository(directoryStorage(repositoryFolder), {
    password,
    cacheFolder: join(cacheFolder, "restante"),
  });
  const { context, cache } = (repository as unknown as HasCore)[coreOf]();
  const openStart = performance.now();
  const { index } = await loadIndex({ context, cache });
  // The first lookups only run through the IDs; then the table is made, once.
  for (let warm = 0; warm < 32; warm += 1) index.find(index.idOf(0), "data");
  const openMs = performance.now() - openStart;
  const absent = Buffer.alloc(32);
  let found = 0;
  const start = performance.now();
  for (let lookup = 0; lookup < LOOKUPS; lookup += 1) {
    const number = Math.imul(lookup, 0x9e3779b1) >>> 0;
    if (lookup % 2 === 0) {
      absent.writeUInt32LE(number);
      if (index.has(absent, "data")) found += 1;
    } else if (index.has(index.idOf(number % index.length), "data")) found += 1;
  }
  const lookupNs = ((performance.now() - start) * 1e6) / LOOKUPS;
  if (found === 0) throw new Error("nothing was found in the index");
  return { blobs: index.length, openMs, lookupNs };
}

const [, , repositoryFolder = "", cacheFolder = ""] = process.argv;
process.stdout.write(JSON.stringify(await main(repositoryFolder, cacheFolder)));
