import type { RecoveryPoint } from "#copies";
import { shrinkAlarm } from "#policy";
import { tagValue } from "#repository";
import { formatDuration, formatInstant, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { consistencyText } from "../moments.ts";
import { openSite, type Site } from "../site.ts";
import { plural, safeText } from "../text.ts";

type GroupStatus = {
  readonly group: string;
  readonly newest: RecoveryPoint;
  readonly oldest: RecoveryPoint;
  readonly moments: number;
  /** What would be lost if the store were gone now (RPO so far). */
  readonly lossMs: number;
  /** The tier's objective, where a configuration has one. */
  readonly objectiveMs?: number;
  readonly late: boolean;
  readonly alarms: readonly string[];
};

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const site = await openSite(context);
  await using opened = await openCopy(context, site);
  const wanted = context.arguments.text("group");
  const points = await opened.copy.moments(
    wanted === undefined ? undefined : tagValue(wanted),
    surroundings.signal,
  );
  const now = surroundings.now();
  const groups = [...Map.groupBy(points, ({ group }) => group)].map(([group, moments]) =>
    statusOf(group, { moments, site, now }),
  );
  const missing = site.groups
    .filter(
      ({ name, tag, copy }) =>
        [undefined, name, tag].includes(wanted) &&
        copy === opened.place.name &&
        !groups.some(({ group }) => group === tag),
    )
    .map(({ name }) => name);
  await output.document({
    type: "status",
    copy: opened.place.name,
    now: toRfc3339Nano(now),
    groups: groups.map(statusJson),
    unprotected: missing,
  });
  for (const status of groups) await output.text(statusText(status, { site, output }));
  for (const name of missing)
    await output.text(`${safeText(name)}: ${output.style("red", "no moment at all")}\n`);
  if (groups.length === 0 && missing.length === 0)
    output.note("The copy has no moments yet; take one with `restante capture`.");
  return groups.some(({ late }) => late) || missing.length > 0
    ? exitCodes.rpoMissed
    : exitCodes.done;
}

function statusOf(
  group: string,
  {
    moments,
    site,
    now,
  }: { readonly moments: readonly RecoveryPoint[]; readonly site: Site; readonly now: bigint },
): GroupStatus {
  const newest = moments.at(-1) as RecoveryPoint;
  const lossMs = Math.max(0, Number(now - newest.atNs) / 1e6);
  const objectiveMs = site.groups.find(({ tag }) => tag === group)?.loseAtMostMs;
  return {
    group,
    newest,
    oldest: moments[0] as RecoveryPoint,
    moments: moments.length,
    lossMs,
    ...(objectiveMs === undefined ? {} : { objectiveMs }),
    late: objectiveMs !== undefined && lossMs > objectiveMs,
    alarms: shrinkAlarm(moments, site.alarm).reasons,
  };
}

function statusJson({ newest, oldest, lossMs, ...rest }: GroupStatus): object {
  return {
    ...rest,
    lossMs: Math.round(lossMs),
    newest: { id: newest.id, at: toRfc3339Nano(newest.atNs), consistency: newest.consistency },
    oldest: { id: oldest.id, at: toRfc3339Nano(oldest.atNs) },
  };
}

function statusText(
  status: GroupStatus,
  { site, output }: { readonly site: Site; readonly output: CommandContext["output"] },
): string {
  const { group, newest, oldest, moments, lossMs, objectiveMs, late, alarms } = status;
  const objective = objectiveMs === undefined ? "" : ` (objective ${formatDuration(objectiveMs)})`;
  const loss = output.style(
    late ? "red" : "green",
    `${formatDuration(lossMs)}${objective}${late ? ", late" : ""}`,
  );
  return [
    `${safeText(group)}: loss if the store were gone now: ${loss}`,
    `  newest  ${formatInstant(newest.atNs, site.zone)}; ${consistencyText(newest)}`,
    `  oldest  ${formatInstant(oldest.atNs, site.zone)}; ${plural(moments, "moment")}`,
    ...alarms.map(
      (alarm) => `  ${output.style("red", "alarm")}   ${safeText(alarm)}; expiry is stopped`,
    ),
    "",
  ].join("\n");
}
