import { systemClockNs, type Volume, volumeIdentity } from "#image";
import { Capture } from "./capture.ts";
import type { ContinuousCapture, ContinuousCaptureOptions } from "./capture-port.ts";
import { openObservedState } from "./state/open-observed-state.ts";
import { StorePlaces } from "./store-places.ts";
import { VolumeGuard } from "./volume-guard.ts";

/**
 * Follows a mail store in use and writes every change into the journal (paper §3.5). Resolves when
 * changes are noticed; the first comparison of the whole goes on behind `ready`. Throws ImageError
 * where the folder is not there, SourceError `source.observed-failed`.
 */
export async function captureContinuously(
  options: ContinuousCaptureOptions,
): Promise<ContinuousCapture> {
  const { folder, beside, journal, stateFolder, openBase } = options;
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const places = await StorePlaces.open(folder, beside);
  const opened = await openObservedState({
    folder: stateFolder,
    journal,
    layout: places.layout,
    signal,
    ...(openBase === undefined ? {} : { openBase }),
  });
  try {
    const capture = new Capture({
      ...options,
      places,
      signal,
      opened,
      clock: options.clock ?? systemClockNs,
      volumes: options.volumes ?? (await volumesOf(places)),
      guard: new VolumeGuard(places),
    });
    await capture.start();
    return capture;
  } catch (error) {
    opened.state[Symbol.dispose]();
    throw error;
  }
}

/** What is away has none. */
async function volumesOf({ all }: StorePlaces): Promise<readonly Volume[]> {
  const volumes = all.map(async ({ path, folder }): Promise<Volume | undefined> => {
    const id = await volumeIdentity(folder).catch(() => undefined);
    return id === undefined ? undefined : { id, role: "mixed", root: path };
  });
  return (await Promise.all(volumes)).filter((volume) => volume !== undefined);
}
