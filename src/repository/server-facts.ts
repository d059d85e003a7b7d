import {
  type Image,
  isImageError,
  parseServerFacts,
  readAll,
  type RawPath,
  type ServerFacts,
} from "#image";
import { tagOf, tagPrefixes } from "./manifest.ts";
import type { Snapshot } from "./repository.ts";
import { manifestFolder, manifestName } from "./snapshot-tree.ts";

const limitBytes = 16 * 1024 * 1024;

/** Whether a snapshot says where its server kept things; it costs a read only then. */
export function hasServerFacts({ tags }: Pick<Snapshot, "tags">): boolean {
  return tagOf(tags, tagPrefixes.server) !== undefined;
}

/** What the manifest of a snapshot says of its server. `image` shows all of the snapshot's tree. */
export async function readServerFacts(
  image: Image,
  signal?: AbortSignal,
): Promise<ServerFacts | undefined> {
  const path = `${manifestFolder}/${manifestName}` as RawPath;
  const options = { limitBytes, ...(signal === undefined ? {} : { signal }) };
  try {
    const text = Buffer.from(await readAll(image, path, options)).toString("utf8");
    const manifest = JSON.parse(text) as { readonly server?: unknown };
    return parseServerFacts(manifest.server);
  } catch (error) {
    // Another program may have left it out, and kept the tag.
    if (isImageError(error, "image.not-found") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
