import type { Entry } from "./entry.ts";
import type { Image, ImageProblem } from "./image.ts";
import { isImageError } from "./image-error.ts";
import type { Listing } from "./listing.ts";
import { joinRawPath, type RawPath } from "./raw-path.ts";

export type WalkOptions = {
  readonly signal?: AbortSignal;
  /**
   * Told of folders that cannot be listed and names that cannot be described; the walk goes on.
   * Without it a folder that cannot be listed ends the walk with its error.
   */
  readonly onProblem?: (problem: ImageProblem) => void;
};

export type Walked = { readonly path: RawPath; readonly entry: Entry };

type Open = { readonly path: RawPath; readonly listing: Listing; next: number };

/** Every entry below a folder, a folder before what it holds, names ascending. Symbolic links are not followed. */
export async function* walkImage(
  image: Image,
  path: RawPath,
  options: WalkOptions = {},
): AsyncGenerator<Walked, void, undefined> {
  const { signal } = options;
  const top = await openFolder(image, path, options);
  const stack: Open[] = top === undefined ? [] : [top];
  for (let open = stack.at(-1); open !== undefined; open = stack.at(-1)) {
    signal?.throwIfAborted();
    if (open.next === open.listing.length) {
      stack.pop();
      continue;
    }
    const entry = open.listing.entry(open.next++);
    const entryPath = joinRawPath(open.path, entry.name);
    yield { path: entryPath, entry };
    if (entry.type !== "directory") continue;
    const below = await openFolder(image, entryPath, options);
    if (below !== undefined) stack.push(below);
  }
}

async function openFolder(
  image: Image,
  path: RawPath,
  options: WalkOptions,
): Promise<Open | undefined> {
  const { signal, onProblem } = options;
  try {
    const listing = await image.list(path, signal);
    if (onProblem !== undefined) for (const problem of listing.problems) onProblem(problem);
    return { path, listing, next: 0 };
  } catch (error) {
    if (onProblem === undefined || !isImageError(error) || error.code === "image.closed")
      throw error;
    onProblem({
      path,
      code: error.code === "image.unlistable" ? "unlistable" : "vanished",
      message: `${error.message}.`,
    });
    return undefined;
  }
}
