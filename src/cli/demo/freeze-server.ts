import { type Image, rawPathFromText } from "#image";
import type { SnapshotProvider } from "#snapshots";
import { storeValidator } from "#servers";
import { hotSplitSource } from "#sources";
import type { Surroundings } from "../terminal.ts";
import type { DemoPlaces } from "./places.ts";
import type { SiteEvent } from "./site-event.ts";

export type KeepCopiesOptions = {
  readonly surroundings: Surroundings;
  readonly tell: (event: SiteEvent) => Promise<void>;
};

/** A frozen image of the server as it is now, found usable by our own reader. */
export async function freezeServer(
  provider: SnapshotProvider,
  { places, surroundings, tell }: KeepCopiesOptions & { readonly places: DemoPlaces },
): Promise<Image> {
  const { clockMs, signal, now: clock } = surroundings;
  const startedMs = clockMs();
  const workFolder = rawPathFromText(places.work);
  const validators = [storeValidator()];
  const source = hotSplitSource({ provider, workFolder, validators, clock });
  const folder = rawPathFromText(places.mail);
  const image = await source.stableImage({ folder, group: places.mail, signal });
  const { evidence } = image;
  if (evidence !== undefined)
    await tell({ kind: "frozen", evidence, elapsedMs: clockMs() - startedMs });
  return image;
}
