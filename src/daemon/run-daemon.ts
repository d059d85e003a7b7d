import { quoted } from "#errors";
import { isRecordsError, Records } from "#records";
import { DaemonError } from "./daemon-error.ts";
import type { DaemonClock, DaemonGroup } from "./daemon-group.ts";
import { type DaemonRecords, recordsIn } from "./daemon-records.ts";
import { type DaemonStatus, writeDaemonStatus } from "./daemon-status.ts";
import { GroupRunner } from "./group-runner.ts";
import type { ServiceManager } from "./service-manager.ts";

export type { AuditFacts, DaemonRecords } from "./daemon-records.ts";

export type DaemonOptions = {
  readonly groups: readonly DaemonGroup[];
  /** One daemon at a time works in it. */
  readonly stateFolder: string;
  readonly clock: DaemonClock;
  readonly manager: ServiceManager;
  /** Writes a line of the audit. */
  readonly audit: Parameters<typeof recordsIn>[1];
  /** Something that people should hear of; `group` is for people, too. */
  readonly onNote: (note: {
    readonly group: string;
    readonly text: string;
    readonly isBad: boolean;
  }) => void;
  /** Called once, when every group has either begun to follow or failed to start. */
  readonly onReady?: (status: DaemonStatus) => void;
  /** Aborted: it stops in order. */
  readonly signal: AbortSignal;
};

const writeEveryMs = 5000;

/**
 * Protects every group until the signal is aborted, and returns what it left. One group that fails never
 * takes another down. Throws `daemon.running` where another daemon works in the state folder.
 */
export async function runDaemon(options: DaemonOptions): Promise<DaemonStatus> {
  const { groups, stateFolder, clock, manager, signal, onNote } = options;
  if (groups.length === 0)
    throw new DaemonError(
      "daemon.nothing-to-do",
      "Cannot run the daemon: nothing is to be protected",
      {
        hint: "Give a tier the method “continuous data protection”, or name a folder.",
      },
    );
  await using _lock = await onlyOne(stateFolder);
  const startedNs = clock.now();
  const records: DaemonRecords = recordsIn(stateFolder, options.audit);
  const stopped = new AbortController();
  let wake = new AbortController();
  const runners = groups.map(
    (group) =>
      new GroupRunner(group, {
        clock,
        records,
        onNote: (text, isBad) => onNote({ group: group.shown, text, isBad }),
        onChange: () => wake.abort(),
      }),
  );
  const statusNow = (state: DaemonStatus["state"]): DaemonStatus => ({
    state,
    pid: process.pid,
    startedNs,
    writtenNs: clock.now(),
    groups: runners.map(({ status }) => status),
  });
  const running = Promise.all(runners.map(async (runner) => await runner.run(signal)));
  const ended = running.finally(() => stopped.abort());
  const everyMs = Math.min(writeEveryMs, manager.aliveEveryMs ?? writeEveryMs);
  let isReady = false;
  while (!stopped.signal.aborted) {
    wake = new AbortController();
    const status = statusNow("running");
    if (signal.aborted) await manager.stopping();
    else if (manager.aliveEveryMs !== undefined) await manager.alive(lineOf(status));
    await writeStatus(stateFolder, status, onNote);
    if (!isReady && status.groups.every(hasStarted)) {
      isReady = true;
      await manager.ready(lineOf(status));
      options.onReady?.(status);
    }
    if (!stopped.signal.aborted)
      await clock.sleep(everyMs, AbortSignal.any([stopped.signal, wake.signal]));
  }
  await ended;
  const last = statusNow("stopped");
  await writeStatus(stateFolder, last, onNote);
  return last;
}

async function onlyOne(stateFolder: string): Promise<AsyncDisposable> {
  try {
    return await new Records(stateFolder).lock("daemon");
  } catch (cause) {
    if (!isRecordsError(cause, "records.busy")) throw cause;
    throw new DaemonError(
      "daemon.running",
      `Cannot run a daemon in ${quoted(stateFolder)}: another one is at work there`,
      { hint: cause.hint ?? "Stop that one first, or use another state folder.", cause },
    );
  }
}

/** A status that cannot be written is no reason to stop protecting mail. */
async function writeStatus(
  stateFolder: string,
  status: DaemonStatus,
  onNote: DaemonOptions["onNote"],
): Promise<void> {
  try {
    await writeDaemonStatus(stateFolder, status);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    onNote({ group: "daemon", text: `the status cannot be written: ${why}`, isBad: true });
  }
}

function hasStarted({ phase }: DaemonStatus["groups"][number]): boolean {
  return phase !== "starting" && phase !== "taking-base";
}

function lineOf({ groups }: DaemonStatus): string {
  const following = groups.filter(({ phase }) => phase === "following").length;
  const alarms = groups.flatMap((group) => group.alarms).length;
  return `following ${following} of ${groups.length} groups${alarms === 0 ? "" : `, ${alarms} alarms`}`;
}
