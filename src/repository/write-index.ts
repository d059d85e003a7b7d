/** Index files as they are written (restic design: Indexing). */
import { keepIndex } from "./load-index.ts";
import { encodeIndex, type IndexedPack, type ParsedIndex, parseIndex } from "./parsed-index.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { loadUnpacked, saveUnpacked } from "./unpacked-file.ts";

/** restic design: an index file is full at 50,000 blobs. */
export const indexFullBlobs = 50_000;

/** All blobs of a pack in one file, so that each file but the last is full. */
export function* inFullIndexFiles(
  packs: readonly IndexedPack[],
): Generator<readonly IndexedPack[]> {
  let file: IndexedPack[] = [];
  let blobs = 0;
  for (const pack of packs) {
    file.push(pack);
    blobs += pack.blobs.length;
    if (blobs < indexFullBlobs) continue;
    yield file;
    [file, blobs] = [[], 0];
  }
  if (file.length > 0) yield file;
}

/** Saves an index file that takes the place of others: as it reads back, since the others go because of it. */
export async function replaceIndex(
  { context, cache }: RepositoryCore,
  packs: readonly IndexedPack[],
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly columns: ParsedIndex }> {
  const id = await saveUnpacked(context, "index", { json: encodeIndex(packs), signal });
  const columns = parseIndex(await loadUnpacked(context, "index", { name: id, signal }), id);
  await keepIndex(cache, id, columns);
  return { id, columns };
}
