import type { Entry } from "./entry.ts";
import type { Image } from "./image.ts";
import { listIfThere } from "./list-if-there.ts";
import { rawBaseName, type RawPath, rawParent } from "./raw-path.ts";

/** The entry of a path below the root; undefined when it, or a folder above it, is not there. Throws `image.unlistable`. */
export async function findEntry(
  image: Image,
  path: RawPath,
  signal?: AbortSignal,
): Promise<Entry | undefined> {
  if (image.entry !== undefined) return await image.entry(path, signal);
  const listing = await listIfThere(image, rawParent(path), signal);
  const index = listing?.indexOf(rawBaseName(path)) ?? -1;
  return index < 0 ? undefined : listing?.entry(index);
}
