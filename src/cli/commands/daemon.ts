import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { type DaemonStatus, runDaemon, serviceManager } from "#daemon";
import { rawPathFromText, resolveFolder } from "#image";
import { audited } from "../audit.ts";
import type { CommandContext } from "../command.ts";
import { openCopyAt } from "../copy-access.ts";
import { acceptedPlaces } from "../daemon/accepted-places.ts";
import { continuousGroup } from "../daemon/continuous-group.ts";
import { type ContinuousPlan, planContinuous } from "../daemon/continuous-plan.ts";
import { daemonText } from "../daemon/daemon-text.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { ownFolder } from "../folders.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { openSite } from "../site.ts";
import { safeText } from "../text.ts";

/** Continuous data protection in the foreground, until somebody tells it to end. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { surroundings, output } = context;
  const site = await openSite(context);
  const plans = planContinuous(context, site);
  if (context.arguments.positionals.length > 0) await refuseUnusable(plans, context);
  const stateFolder = await ownFolder(stateFolderOf(context));
  const say = ({ group, text, isBad = false }: Note): void => {
    if (output.json) void output.document({ type: "note", group, text, isBad });
    else if (isBad) output.warning(`${safeText(group)}: ${safeText(text)}`);
    else output.note(`${safeText(group)}: ${safeText(text)}`);
  };
  const accepted = acceptedPlaces(context, plans);
  const groups = plans.map((plan) => {
    const group = plan.base.shown;
    return continuousGroup(plan, {
      context,
      site,
      onNote: (text) => say({ group, text }),
      accepted: accepted.filter(({ folder }) => folder === plan.base.folder),
    });
  });
  const { environment, now, signal } = surroundings;
  const status = await runDaemon({
    groups,
    stateFolder,
    clock: { now, sleep, random: Math.random },
    manager: serviceManager({
      socket: environment["NOTIFY_SOCKET"],
      watchdogMicroseconds: environment["WATCHDOG_USEC"],
      runHelper: async ([program = "", ...words]) => {
        await promisify(execFile)(program, words, { timeout: 5000 });
      },
    }),
    audit: async (verb, planned) => {
      const repository = { id: "records", location: stateFolder };
      await audited({ context, verb, repository, planned }, async () => undefined);
    },
    onNote: say,
    onReady: (first) => void tell(first, context, site.zone),
    signal,
  });
  await output.document({ type: "summary", verb: "daemon", alarms: alarmsOf(status) });
  await output.text("Stopped in order.\n");
  return exitCodes.done;
}

/** What was typed is looked at by who typed it: a service waits for what is away, a person wants to be told. */
async function refuseUnusable(
  plans: readonly ContinuousPlan[],
  context: CommandContext,
): Promise<void> {
  for (const { base } of plans) {
    await resolveFolder(rawPathFromText(base.folder));
    for (const { place } of base.groups) {
      await using _opened = await openCopyAt(place, context);
    }
  }
}

type Note = { readonly group: string; readonly text: string; readonly isBad?: boolean };

async function tell(status: DaemonStatus, context: CommandContext, zone: string): Promise<void> {
  const { output, surroundings } = context;
  await output.document({ type: "ready", groups: status.groups.map(({ group }) => group) });
  await output.text(daemonText(status, { zone, now: surroundings.now(), output }));
}

function alarmsOf({ groups }: DaemonStatus): readonly string[] {
  return groups.flatMap(({ alarms }) => alarms);
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined);
}
