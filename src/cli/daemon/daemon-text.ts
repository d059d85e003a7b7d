import type { DaemonStatus, GroupStatus } from "#daemon";
import { formatBytes, formatDuration, formatInstant, toRfc3339Nano } from "#time";
import type { Output } from "../output.ts";
import { plural, safeText } from "../text.ts";

/** A status older than this says nothing of now. */
export const freshMs = 60_000;

/** What may be lost of a group now: what was noticed and is not durable, and how late changes are noticed. */
export function exposedMs(
  { lagMs, hints, phase }: GroupStatus,
  { writtenNs, state }: Pick<DaemonStatus, "writtenNs" | "state">,
  now: bigint,
): number | undefined {
  const ageMs = Math.max(0, Number((now - writtenNs) / 1_000_000n));
  if (state !== "running" || phase !== "following" || ageMs > freshMs) return undefined;
  return (lagMs ?? 0) + (hints?.lateMs ?? 0);
}

/** For programs: instants as RFC 3339 has them. */
export function daemonJson({ startedNs, writtenNs, groups, ...status }: DaemonStatus): object {
  return {
    ...status,
    started: toRfc3339Nano(startedNs),
    written: toRfc3339Nano(writtenNs),
    groups: groups.map(({ lastDurableNs, reconciledNs, nextBaseNs, base, shipped, ...group }) => ({
      ...group,
      ...instant("lastDurable", lastDurableNs),
      ...instant("reconciled", reconciledNs),
      ...instant("nextBase", nextBaseNs),
      ...(shipped === undefined ? {} : { shipped: shippedJson(shipped) }),
      ...(base === undefined ? {} : { base: { id: base.id, at: toRfc3339Nano(base.atNs) } }),
    })),
  };
}

function shippedJson({ atNs, ...shipped }: NonNullable<GroupStatus["shipped"]>): object {
  return { ...shipped, ...instant("at", atNs) };
}

function instant(name: string, atNs: bigint | undefined): Readonly<Record<string, string>> {
  return atNs === undefined ? {} : { [name]: toRfc3339Nano(atNs) };
}

export type DaemonTextOptions = {
  readonly zone: string;
  readonly now: bigint;
  readonly output: Pick<Output, "style">;
};

/** A few lines for each group. */
export function daemonText(status: DaemonStatus, options: DaemonTextOptions): string {
  const { zone, now } = options;
  const ageMs = Math.max(0, Number((now - status.writtenNs) / 1_000_000n));
  const head =
    status.state === "running"
      ? `daemon ${status.pid}, running since ${formatInstant(status.startedNs, zone)}${ageMs > freshMs ? `; silent for ${formatDuration(ageMs)}` : ""}`
      : `daemon: stopped; last heard of ${formatInstant(status.writtenNs, zone)}`;
  return `${[head, ...status.groups.flatMap((group) => groupLines(group, { ...options, status }))].join("\n")}\n`;
}

function groupLines(
  group: GroupStatus,
  { zone, now, output, status }: DaemonTextOptions & { readonly status: DaemonStatus },
): readonly string[] {
  // What it was at when it was killed is not what it is at now.
  const phase = status.state === "running" ? group.phase : "stopped";
  const { shown, note, hints, lastDurableNs, base, gaps, alarms, shipped, stage, mirror } = group;
  const isGood = phase === "following" || phase === "starting" || phase === "taking-base";
  const exposed = exposedMs(group, status, now);
  const lines = [
    `${safeText(shown)}: ${output.style(isGood ? "green" : "red", phase.replace("-", " "))}${note === undefined ? "" : `: ${safeText(note)}`}`,
  ];
  if (exposed !== undefined)
    lines.push(
      `  loss if the store were gone now: ${formatDuration(exposed)} (changes noticed by ${hints?.way ?? "nothing"}${stage === undefined ? "" : "; new mail through the stage: nothing"})`,
    );
  // Of the best way there is nothing more to say.
  if (exposed !== undefined && hints !== undefined && hints.way !== "fanotify")
    lines.push(`  ${hints.way}: ${safeText(hints.why)}`);
  if (lastDurableNs !== undefined)
    lines.push(
      `  last change ${formatInstant(lastDurableNs, zone)}; ${plural(group.changes ?? 0, "change")}, ${formatBytes(group.storedBytes ?? 0)} since it started`,
    );
  if (base !== undefined) lines.push(`  base of ${formatInstant(base.atNs, zone)}`);
  if (shipped?.failure !== undefined)
    lines.push(
      `  ${output.style("red", "journal not in its copy yet")}, tried again: ${safeText(shipped.failure)}`,
    );
  else if (shipped?.atNs !== undefined)
    lines.push(`  journal in its copy as of ${formatInstant(shipped.atNs, zone)}`);
  if (gaps > 0) lines.push(`  ${plural(gaps, "gap")}: changes may have gone unseen`);
  if (mirror !== undefined && status.state === "running") lines.push(mirrorLine(mirror, output));
  if (stage !== undefined)
    lines.push(
      `  delivery stage: ${Object.entries(stage)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(", ")}`,
    );
  if (alarms.length > 0)
    lines.push(`  ${output.style("red", "alarm")}   ${alarms.join(", ")}: restante hold list`);
  return lines;
}

function mirrorLine(
  mirror: NonNullable<GroupStatus["mirror"]>,
  output: Pick<Output, "style">,
): string {
  const { location, state, note, lagSequences, lagBytes, lagMs } = mirror;
  const lag =
    lagSequences === 0 && state === "following"
      ? "has everything"
      : `behind by ${plural(lagSequences, "event")}, ${formatBytes(lagBytes)}, ${formatDuration(lagMs)}`;
  const isGood = state === "following" || state === "catching-up";
  const said = isGood ? lag : `${output.style("red", state)}, ${lag}`;
  return `  mirror ${safeText(location)}: ${said}${note === undefined ? "" : `: ${safeText(note)}`}`;
}
