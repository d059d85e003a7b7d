import { type ClockNs, type Image, openDirectoryImage, systemClockNs } from "#image";
import {
  type Command,
  defaultHoldTimeoutMs,
  holdServer,
  type RecoveredHold,
  recoverInterruptedHolds,
} from "#servers";
import { openFolders } from "./open-folders.ts";
import { OfflineImage } from "./offline-image.ts";
import { sourceErrorOf } from "./source-error.ts";
import type { Source, StableImageRequest } from "./source.ts";

export type OfflineSourceOptions = {
  /** Stops the mail server and returns when it has stopped. */
  readonly stop: Command;
  /** Starts it again. Must do no harm to a server that runs. */
  readonly start: Command;
  /** Time limits. Default two minutes each. */
  readonly stopTimeoutMs?: number;
  readonly startTimeoutMs?: number;
  /** Where the note stands that the server is stopped; belongs to us alone. */
  readonly stateFolder: string;
  readonly clock?: ClockNs;
};

/**
 * Offline (paper §2.1: "the easiest to implement, but not very amenable to today's 24x7 world"):
 * the mail server is stopped while the Image is open. Once stopping was tried, the start command
 * runs again whatever happens: when stopping fails, when the capture fails, when this process is
 * told to end, and at the next run when it was killed.
 */
export function offlineSource(options: OfflineSourceOptions): Source {
  return {
    name: "Offline",
    consistency: "offline",
    stableImage: async (request) => {
      try {
        return await stopAndOpen(options, request);
      } catch (error) {
        throw sourceErrorOf(error);
      }
    },
  };
}

async function stopAndOpen(
  options: OfflineSourceOptions,
  request: StableImageRequest,
): Promise<Image> {
  const { folder, beside = [], signal, volumes: _volumes, ...moment } = request;
  const { stop, start, stateFolder, clock = systemClockNs } = options;
  const { stopTimeoutMs = defaultHoldTimeoutMs, startTimeoutMs = defaultHoldTimeoutMs } = options;
  const hold = await holdServer(
    {
      hold: { command: stop, timeoutMs: stopTimeoutMs },
      undo: { command: start, timeoutMs: startTimeoutMs },
      action: "start",
    },
    { folder, stateFolder, clock, signal },
  );
  try {
    const image = await openFolders([folder, ...beside], {
      ...request,
      open: async (one, volumes) =>
        await openDirectoryImage(one, { ...moment, ...volumes, consistency: "offline", clock }),
    });
    return new OfflineImage(image, hold);
  } catch (error) {
    await hold.release(error);
    throw error;
  }
}

export type RecoveredOffline = RecoveredHold;

/**
 * Starts every mail server that a run which was killed left stopped, and resumes every one that it
 * left quiesced. To be called before anything else is done with the state folder. Returns what was
 * started; servers that a living process holds are left alone, unless it is the one of `folder`: then
 * `source.already-offline` is thrown.
 */
export async function recoverInterruptedOffline(
  stateFolder: string,
  options: { readonly folder?: string; readonly signal?: AbortSignal } = {},
): Promise<readonly RecoveredOffline[]> {
  try {
    return await recoverInterruptedHolds(stateFolder, options);
  } catch (error) {
    throw sourceErrorOf(error);
  }
}
