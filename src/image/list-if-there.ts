import type { Image } from "./image.ts";
import { isImageError } from "./image-error.ts";
import type { Listing } from "./listing.ts";
import type { RawPath } from "./raw-path.ts";

/** Undefined where there is no such folder. Throws ImageError where it cannot be listed. */
export async function listIfThere(
  image: Image,
  path: RawPath,
  signal?: AbortSignal,
): Promise<Listing | undefined> {
  try {
    return await image.list(path, signal);
  } catch (error) {
    if (isImageError(error, "image.not-found") || isImageError(error, "image.not-a-folder"))
      return undefined;
    throw error;
  }
}
