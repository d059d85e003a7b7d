import { resolveFolder, systemClockNs, type Volume, volumeIdentity } from "#image";
import { Capture } from "./capture.ts";
import type { ContinuousCapture, ContinuousCaptureOptions } from "./capture-port.ts";
import { openObservedState } from "./state/open-observed-state.ts";
import { VolumeGuard } from "./volume-guard.ts";

/**
 * Follows a mail store in use and writes every change into the journal (paper §3.5). Resolves when
 * changes are noticed; the first comparison of the whole goes on behind `ready`. Throws ImageError
 * where the folder is not there, SourceError `source.observed-failed`.
 */
export async function captureContinuously(
  options: ContinuousCaptureOptions,
): Promise<ContinuousCapture> {
  const { folder, journal, stateFolder, openBase } = options;
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const root = await resolveFolder(folder);
  const opened = await openObservedState({
    folder: stateFolder,
    journal,
    signal,
    ...(openBase === undefined ? {} : { openBase }),
  });
  try {
    const capture = new Capture({
      ...options,
      root,
      signal,
      opened,
      clock: options.clock ?? systemClockNs,
      volumes: options.volumes ?? [await wholeOf(root)],
      guard: new VolumeGuard(root),
    });
    await capture.start();
    return capture;
  } catch (error) {
    opened.state[Symbol.dispose]();
    throw error;
  }
}

async function wholeOf(root: Volume["root"]): Promise<Volume> {
  return { id: await volumeIdentity(root), role: "mixed", root: "" as Volume["root"] };
}
