import { type ClockNs, displayPath, type Image, openDirectoryImage, systemClockNs } from "#image";
import type { Command } from "./command.ts";
import { defaultTimeoutMs, OfflineHold, runStart } from "./offline-hold.ts";
import { isOwnerAlive, readIntents, removeIntent, writeIntent } from "./offline-intent.ts";
import { OfflineImage } from "./offline-image.ts";
import { SourceError } from "./source-error.ts";
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
    stableImage: (request) => stopAndOpen(options, request),
  };
}

async function stopAndOpen(
  options: OfflineSourceOptions,
  request: StableImageRequest,
): Promise<Image> {
  const { signal } = request;
  signal?.throwIfAborted();
  await recoverInterruptedOffline(options.stateFolder, { folder: displayPath(request.folder) });
  signal?.throwIfAborted();
  const clock = options.clock ?? systemClockNs;
  const file = await writeIntent(options.stateFolder, {
    folder: displayPath(request.folder),
    start: options.start,
    startTimeoutMs: options.startTimeoutMs ?? defaultTimeoutMs,
    stoppedAt: new Date(Number(clock() / 1_000_000n)).toISOString(),
  });
  const hold = new OfflineHold(options, file);
  try {
    await hold.stop(signal);
    const image = await openDirectoryImage(request.folder, {
      ...request,
      consistency: "offline",
      clock,
    });
    return new OfflineImage(image, hold);
  } catch (error) {
    await hold.start(error);
    throw error;
  }
}

export type RecoveredOffline = {
  /** The mail store, as text. */
  readonly folder: string;
  /** ISO 8601. */
  readonly stoppedAt: string;
};

/**
 * Starts every mail server that a run which was killed left stopped. To be called before anything
 * else is done with the state folder. Returns what was started; servers that a living process
 * holds are left alone, unless it is the one of `folder`: then `source.already-offline` is thrown.
 */
export async function recoverInterruptedOffline(
  stateFolder: string,
  options: { readonly folder?: string; readonly signal?: AbortSignal } = {},
): Promise<readonly RecoveredOffline[]> {
  const recovered: RecoveredOffline[] = [];
  for (const { file, intent } of await readIntents(stateFolder)) {
    const { folder, stoppedAt, start, startTimeoutMs } = intent;
    if (await isOwnerAlive(intent)) {
      if (folder !== options.folder) continue;
      throw new SourceError(
        "source.already-offline",
        `Cannot stop the mail server of "${folder}": process ${intent.process} has held it stopped since ${stoppedAt}`,
        { hint: "Wait for that run to end.", retryable: true },
      );
    }
    await runStart(start, { timeoutMs: startTimeoutMs, signal: options.signal });
    await removeIntent(file);
    recovered.push({ folder, stoppedAt });
  }
  return recovered;
}
