import { type Image, joinImages, openLiveImage, type RawPath, rawPathFromText } from "#image";
import type { MomentView } from "./moment-view.ts";
import { withServerFacts } from "./server-places.ts";

/**
 * The store on this machine as it is now, to be compared with a moment: the folders that it was captured
 * from, and the places of that moment. A store that is not there is no empty store: this throws.
 */
export async function openLivingStore(
  { root, chosen, image }: Pick<MomentView, "root" | "chosen" | "image">,
  signal: AbortSignal,
): Promise<Image> {
  const facts = await image.serverFacts?.(signal);
  const { paths } = chosen.point;
  if (paths.length < 2) return withServerFacts(await openLiveImage(root, { signal }), facts);
  await using opened = new AsyncDisposableStack();
  const parts: { readonly folder: RawPath; readonly image: Image }[] = [];
  for (const path of outermost(paths)) {
    const folder = rawPathFromText(path);
    parts.push({ folder, image: opened.use(await openLiveImage(folder, { signal })) });
  }
  const joined = joinImages(parts);
  opened.move();
  return withServerFacts(joined, facts);
}

function outermost(paths: readonly string[]): readonly string[] {
  return paths.filter((one) => !paths.some((other) => one.startsWith(`${other}/`)));
}
