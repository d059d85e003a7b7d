import { type ClockNs, displayPath, type RawPath, systemClockNs } from "#image";
import { ServerError } from "../server-error.ts";
import {
  isOwnerAlive,
  readIntents,
  removeIntent,
  type UndoingAction,
  writeIntent,
} from "./hold-intent.ts";
import { type HoldCommands, runUndo, ServerHold } from "./server-hold.ts";

export const defaultHoldTimeoutMs: number = 120_000;

export type HoldServerOptions = {
  /** The mail store that is to stand still: an absolute path. */
  readonly folder: RawPath;
  /** Where the note stands that the server stands still; belongs to us alone. */
  readonly stateFolder: string;
  readonly clock?: ClockNs;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Stops or quiesces a mail server of this machine. Once that was tried, the command that undoes it
 * runs whatever happens: when it fails, when the hold is released, when this process is told to end,
 * and at the next run when it was killed. Throws `server.command-failed`, `server.release-failed`,
 * `server.already-held`, `server.interrupted`, `server.state-failed`, `server.state-untrusted`.
 */
export async function holdServer(
  commands: HoldCommands,
  options: HoldServerOptions,
): Promise<ServerHold> {
  const { stateFolder, clock = systemClockNs, signal } = options;
  const folder = displayPath(options.folder);
  signal?.throwIfAborted();
  await recoverInterruptedHolds(stateFolder, { folder });
  signal?.throwIfAborted();
  const file = await writeIntent(stateFolder, {
    folder,
    action: commands.action,
    start: commands.undo.command,
    startTimeoutMs: commands.undo.timeoutMs,
    stoppedAt: new Date(Number(clock() / 1_000_000n)).toISOString(),
  });
  const hold = new ServerHold(commands, file);
  try {
    await hold.take(signal);
    return hold;
  } catch (error) {
    await hold.release(error);
    throw error;
  }
}

export type RecoveredHold = {
  /** The mail store, as text. */
  readonly folder: string;
  /** ISO 8601. */
  readonly stoppedAt: string;
  /** What was done now: a server that was stopped was started, one that was quiesced resumed. */
  readonly action: UndoingAction;
};

/**
 * Lets every mail server go that a run which was killed left stopped or quiesced. To be called before
 * anything else is done with the state folder. Returns what was let go; servers that a living process
 * holds are left alone, unless it is the one of `folder`: then `server.already-held` is thrown.
 */
export async function recoverInterruptedHolds(
  stateFolder: string,
  options: { readonly folder?: string; readonly signal?: AbortSignal } = {},
): Promise<readonly RecoveredHold[]> {
  const recovered: RecoveredHold[] = [];
  for (const { file, intent } of await readIntents(stateFolder)) {
    const { folder, stoppedAt, start, startTimeoutMs, action = "start" } = intent;
    if (await isOwnerAlive(intent)) {
      if (folder !== options.folder) continue;
      const verb = action === "start" ? "stop" : "quiesce";
      throw new ServerError(
        "server.already-held",
        `Cannot ${verb} the mail server of "${folder}": process ${intent.process} has held it ${action === "start" ? "stopped" : "still"} since ${stoppedAt}`,
        { hint: "Wait for that run to end.", retryable: true },
      );
    }
    await runUndo(start, { timeoutMs: startTimeoutMs, action, signal: options.signal });
    await removeIntent(file);
    recovered.push({ folder, stoppedAt, action });
  }
  return recovered;
}
