import { inOrder, type RecoveryPoint } from "#copies";
import type { DaemonStatus } from "#daemon";
import { parseBaseName } from "#journal";
import { shrinkAlarm } from "#policy";
import { formatDuration, formatInstant, toRfc3339Nano } from "#time";
import { ruledGroup } from "../also-protect.ts";
import type { CommandContext } from "../command.ts";
import { statusOfDaemon } from "../daemon/status-of-daemon.ts";
import { daemonJson, daemonText, exposedMs } from "../daemon/daemon-text.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import {
  type Disappeared,
  disappearedJson,
  disappearedText,
  findDisappeared,
} from "../lost-accounts.ts";
import {
  type AnyCopy,
  copiesJson,
  readCopies,
  type ReadCopies,
  tellUnavailable,
} from "../methods/index.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { recallDisappeared } from "../known-accounts.ts";
import { consistencyText } from "../moments.ts";
import { openSite, rulesOf, type Site, type SiteGroup } from "../site.ts";
import { nothingKnown, type StatusScope, statusScope } from "../status-scope.ts";
import { plural, safeText } from "../text.ts";

type GroupStatus = {
  readonly group: string;
  readonly copy: string;
  readonly method: string;
  readonly newest: RecoveryPoint;
  readonly oldest: RecoveryPoint;
  readonly moments: number;
  /** What would be lost if the store were gone now (RPO so far). */
  readonly lossMs: number;
  /** The tier's objective, where a configuration has one. */
  readonly objectiveMs?: number;
  readonly late: boolean;
  readonly alarms: readonly string[];
  /** Accounts that a moment of about a week ago has, and the newest has not. */
  readonly disappeared?: Disappeared;
};

/** How long an account that disappeared is shown. */
const shownForMs = 7 * 86_400_000;

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const site = await openSite(context);
  const [typed] = context.arguments.positionals;
  await using found = await readCopies(typed, { context, site });
  tellUnavailable(found, context, site);
  const now = surroundings.now();
  const scope = statusScope(found, context);
  const daemon = followedIn(scope, await statusOfDaemon(context), { isAll: typed === undefined });
  const copies: CopyStatus[] = [];
  for (const opened of found.copies)
    copies.push(await statusOfCopy(opened, { found, context, now, daemon, scope }));
  const groups = copies.flatMap((one) => one.groups);
  const missing = copies.flatMap((one) => one.missing);
  const { isChoice, unavailable } = found;
  const isKnown = groups.length > 0 || missing.length > 0 || daemon !== undefined;
  if (typed !== undefined && !isKnown) throw nothingKnown(typed);
  await output.document({
    type: "status",
    ...copiesJson(found),
    now: toRfc3339Nano(now),
    groups: groups.map((status) => statusJson(status, isChoice)),
    unprotected: isChoice ? missing : missing.map(({ group }) => group),
    ...(daemon === undefined ? {} : { daemon: daemonJson(daemon) }),
  });
  for (const status of groups) await output.text(statusText(status, { site, output, isChoice }));
  if (daemon !== undefined) await output.text(daemonText(daemon, { zone: site.zone, now, output }));
  for (const { group, copy } of missing) {
    const where = isChoice ? ` in ${safeText(copy)}` : "";
    await output.text(`${safeText(group)}${where}: ${output.style("red", "no moment at all")}\n`);
  }
  if (groups.length === 0 && missing.length === 0 && typed === undefined)
    output.note("The copy has no moments yet; take one with `restante capture`.");
  if (groups.some(({ late }) => late) || missing.length > 0) return exitCodes.rpoMissed;
  return unavailable.length > 0 ? exitCodes.partial : exitCodes.done;
}

/** What a daemon says of the groups that are meant; undefined where it follows none of them. */
function followedIn(
  { isFollowed }: StatusScope,
  daemon: DaemonStatus | undefined,
  { isAll }: { readonly isAll: boolean },
): DaemonStatus | undefined {
  const groups = daemon?.groups.filter(isFollowed) ?? [];
  return daemon === undefined || (groups.length === 0 && !isAll)
    ? undefined
    : { ...daemon, groups };
}

type Missing = { readonly group: string; readonly copy: string };

type CopyStatus = {
  readonly groups: readonly GroupStatus[];
  readonly missing: readonly Missing[];
};

/** The groups that are in a copy, and those that should be and are not. */
async function statusOfCopy(
  opened: AnyCopy,
  {
    found,
    context,
    now,
    daemon,
    scope,
  }: {
    readonly found: ReadCopies;
    readonly context: CommandContext;
    readonly now: bigint;
    readonly daemon: DaemonStatus | undefined;
    readonly scope: StatusScope;
  },
): Promise<CopyStatus> {
  const { site, isChoice } = found;
  const { signal } = context.surroundings;
  const { place } = opened;
  const wanted = context.arguments.text("group");
  const points = inOrder(
    found.candidates
      .filter(({ copy }) => found.copyOf(copy) === opened)
      .flatMap(({ moments }) => moments),
  );
  const groups: GroupStatus[] = [];
  for (const [group, moments] of Map.groupBy(points, (point) => point.group)) {
    const disappeared =
      opened.repository === undefined
        ? await recallDisappeared(
            { stateFolder: stateFolderOf(context), copy: place.folder, group },
            { nowNs: now, withinMs: shownForMs },
          )
        : await findDisappeared(opened, { moments, ageMs: shownForMs, signal });
    const status = statusOf(group, { moments, site, now, opened, daemon });
    groups.push(disappeared === undefined ? status : { ...status, disappeared });
  }
  const missing = site.groups
    .filter(
      (one) =>
        [undefined, one.name, one.tag].includes(wanted) &&
        scope.hasGroup(one) &&
        (isChoice ? fills(one, place.name) : one.copy === place.name) &&
        !groups.some(({ group }) => group === one.tag),
    )
    .map(({ name }) => ({ group: name, copy: place.name }));
  return { groups, missing };
}

/** Whether a group's tier says that it is in a copy. */
function fills({ methods, disaster }: SiteGroup, name: string): boolean {
  return methods.some(({ copy }) => copy === name) || disaster?.copy === name;
}

function statusOf(
  group: string,
  {
    moments,
    site,
    now,
    opened: { copy, place },
    daemon,
  }: {
    readonly moments: readonly RecoveryPoint[];
    readonly site: Site;
    readonly now: bigint;
    readonly opened: AnyCopy;
    readonly daemon: DaemonStatus | undefined;
  },
): GroupStatus {
  const newest = moments.at(-1) as RecoveryPoint;
  const followed = daemon?.groups.find((one) => one.group === group);
  // What the journal has since the newest base is not lost with the store.
  const exposed =
    daemon === undefined || followed?.base === undefined || !isBaseIn(followed.base.id, place.name)
      ? undefined
      : exposedMs(followed, daemon, now);
  const lossMs = exposed ?? Math.max(0, Number(now - newest.atNs) / 1e6);
  const configured = ruledGroup(site, group);
  const objectiveMs =
    configured === undefined ? undefined : rulesOf(configured, place).loseAtMostMs;
  return {
    group,
    copy: copy.name,
    method: copy.method,
    newest,
    oldest: moments[0] as RecoveryPoint,
    moments: moments.length,
    lossMs,
    ...(objectiveMs === undefined ? {} : { objectiveMs }),
    late: objectiveMs !== undefined && lossMs > objectiveMs,
    alarms: shrinkAlarm(moments, { ...site.alarm, now }).reasons,
  };
}

function isBaseIn(base: string, copy: string): boolean {
  return parseBaseName(base)?.copy === copy;
}

function statusJson(
  { newest, oldest, lossMs, copy, method, disappeared, ...rest }: GroupStatus,
  isChoice: boolean,
): object {
  return {
    ...(disappeared === undefined ? {} : { disappeared: disappearedJson(disappeared) }),
    ...(isChoice ? { copy, method } : {}),
    ...rest,
    lossMs: Math.round(lossMs),
    newest: { id: newest.id, at: toRfc3339Nano(newest.atNs), consistency: newest.consistency },
    oldest: { id: oldest.id, at: toRfc3339Nano(oldest.atNs) },
  };
}

function statusText(
  status: GroupStatus,
  {
    site,
    output,
    isChoice,
  }: {
    readonly site: Site;
    readonly output: CommandContext["output"];
    readonly isChoice: boolean;
  },
): string {
  const where = isChoice ? ` in ${safeText(status.copy)} (${status.method})` : "";
  const { group, newest, oldest, moments, lossMs, objectiveMs, late, alarms, disappeared } = status;
  const objective = objectiveMs === undefined ? "" : ` (objective ${formatDuration(objectiveMs)})`;
  const loss = output.style(
    late ? "red" : "green",
    `${formatDuration(lossMs)}${objective}${late ? ", late" : ""}`,
  );
  return [
    `${safeText(group)}${where}: loss if the store were gone now: ${loss}`,
    `  newest  ${formatInstant(newest.atNs, site.zone)}; ${consistencyText(newest)}`,
    `  oldest  ${formatInstant(oldest.atNs, site.zone)}; ${plural(moments, "moment")}`,
    ...alarms.map(
      (alarm) => `  ${output.style("red", "alarm")}   ${safeText(alarm)}; expiry is stopped`,
    ),
    ...(disappeared === undefined
      ? []
      : [`  ${output.style("yellow", "gone")}    ${disappearedText(disappeared, site.zone)}`]),
    "",
  ].join("\n");
}
