import { type LiveImageOptions, openLiveImage } from "#image";
import { openFolders } from "./open-folders.ts";
import type { Source } from "./source.ts";

export type LiveSourceOptions = Pick<LiveImageOptions, "clock" | "passLimit" | "onListed">;

/**
 * Live Application: the mail server goes on while its store is walked. Nothing has to be set up
 * and nobody waits; the label says honestly that such an Image is "fuzzy", less than what a power
 * cut leaves behind.
 */
export function liveSource(options: LiveSourceOptions = {}): Source {
  return {
    name: "Live Application",
    consistency: "fuzzy",
    stableImage: async ({ folder, beside = [], ...request }) =>
      await openFolders([folder, ...beside], {
        ...request,
        open: async (one, volumes) =>
          await openLiveImage(one, { ...request, ...volumes, ...options }),
      }),
  };
}
