import type { DaemonStatus } from "#daemon";
import { displayPath } from "#image";
import type { JournalSurvey } from "#methods";
import { formatDuration, formatInstant, toRfc3339Nano } from "#time";
import type { ReadCopies } from "./methods/index.ts";
import { clockJumpText, earlierBy, gapJson, gapText } from "./replay-text.ts";
import { plural, safeText } from "./text.ts";

/** What a journal covers, for people and programs. */
export type ContinuousReport = {
  readonly group: string;
  readonly survey: JournalSurvey;
  /** Spans in which every change is known, oldest first. */
  readonly spans: readonly { readonly fromNs: bigint; readonly toNs: bigint }[];
  /** How late a change of a file may be noticed, as the daemon says. */
  readonly lateMs?: number;
};

/** Gaps that are shown one by one; a journal that is watched badly has thousands. */
const maxGaps = 20;

/** Of each journal that has anything to do with the target. */
export async function continuousReports(
  found: ReadCopies,
  options: { readonly daemon: DaemonStatus | undefined; readonly signal: AbortSignal },
): Promise<readonly ContinuousReport[]> {
  const reports: ContinuousReport[] = [];
  for (const { copy, moments } of found.candidates) {
    const { continuous, place } = found.copyOf(copy);
    if (continuous === undefined) continue;
    const survey = await continuous.survey(options.signal);
    const { group } = survey;
    const isMeant = found.points.some((point) => point.group === group);
    if (found.target !== undefined && !isMeant) continue;
    const status = options.daemon?.groups.find(({ journal }) => journal === place.folder);
    const lateMs = status?.phase === "following" ? status.hints?.lateMs : undefined;
    const endNs = moments.at(-1)?.atNs ?? survey.last?.atNs;
    const spans = spansOf(survey, { endNs, baseNs: oldestBase(found, { survey, group }) });
    reports.push({ group, survey, spans, ...(lateMs === undefined ? {} : { lateMs }) });
  }
  return reports;
}

/** Before a copy was complete that the journal goes on from, nothing opens. */
function oldestBase(
  found: ReadCopies,
  { survey: { first }, group }: { readonly survey: JournalSurvey; readonly group: string },
): bigint | undefined {
  let oldest: bigint | undefined;
  for (const { copy, moments } of found.candidates) {
    if (found.copyOf(copy).continuous !== undefined || first === undefined) continue;
    for (const point of moments)
      if (
        point.group === group &&
        point.consistency !== "unknown" &&
        point.atNs >= first.atNs &&
        (oldest === undefined || point.atNs < oldest)
      )
        oldest = point.atNs;
  }
  return oldest;
}

type Bounds = { readonly endNs: bigint | undefined; readonly baseNs: bigint | undefined };

/** Between the gaps that are of everything; one of a single folder interrupts nothing else. */
function spansOf({ gaps }: JournalSurvey, { endNs, baseNs }: Bounds): ContinuousReport["spans"] {
  if (baseNs === undefined || endNs === undefined) return [];
  const spans: { fromNs: bigint; toNs: bigint }[] = [];
  let fromNs = baseNs;
  const whole = gaps.filter(({ path }) => path === undefined);
  for (const gap of whole.toSorted((a, b) => (a.fromNs < b.fromNs ? -1 : 1))) {
    const { narrowed } = gap;
    // A scan found that nothing had been missed, or in which folder.
    if (narrowed !== undefined && (narrowed.toNs <= narrowed.fromNs || narrowed.path !== undefined))
      continue;
    const endsNs = narrowed?.fromNs ?? gap.fromNs;
    if (endsNs > fromNs) spans.push({ fromNs, toNs: endsNs });
    const nextNs = gap.reconciled?.atNs;
    if (nextNs === undefined) return spans;
    if (nextNs < baseNs) continue;
    if (nextNs > fromNs) fromNs = nextNs;
  }
  if (endNs > fromNs) spans.push({ fromNs, toNs: endNs });
  return spans;
}

export function continuousText(report: ContinuousReport, zone: string): string {
  const { group, survey, spans, lateMs } = report;
  const lines = [
    `${safeText(group)}, continuous: any moment, ${plural(survey.changes, "change")}, ${plural(survey.arrivals, "message")} at delivery`,
  ];
  if (spans.length === 0)
    lines.push("  no copy to replay it on yet: take one with `restante capture`");
  for (const { fromNs, toNs } of spans)
    lines.push(`  every change  ${formatInstant(fromNs, zone)} to ${formatInstant(toNs, zone)}`);
  for (const gap of survey.gaps.slice(-maxGaps)) lines.push(`  gap  ${gapText(gap, zone)}`);
  if (survey.gaps.length > maxGaps)
    lines.push(`  and ${plural(survey.gaps.length - maxGaps, "older gap")}`);
  for (const jump of survey.clockJumps.slice(-maxGaps))
    lines.push(`  clock  ${clockJumpText(jump, zone)}`);
  for (const { id, atNs, message } of survey.alarms)
    lines.push(`  alarm  ${safeText(id)}, ${formatInstant(atNs, zone)}: ${safeText(message)}`);
  const { arrivedSpan } = survey;
  if (arrivedSpan !== undefined)
    lines.push(
      `  at delivery  ${plural(survey.arrivals, "message")}, ${formatInstant(arrivedSpan.first.atNs, zone)} to ${formatInstant(arrivedSpan.last.atNs, zone)}; --arrived says what became of each`,
    );
  const [unsettled] = longestUnsettled(survey);
  if (unsettled !== undefined)
    lines.push(
      `  at rest  ${plural(survey.unsettled.length, "time")} an account was in the middle of a change, for at most ${earlierBy(unsettled.untilNs - unsettled.fromNs)}: a moment meanwhile shows it as it was before`,
    );
  if (survey.times.setBack > 0)
    lines.push(`  the clock was set back ${plural(survey.times.setBack, "time")}`);
  lines.push(`  lost at most  ${lossText(report.survey.arrivals, lateMs)}`);
  return `${lines.join("\n")}\n`;
}

/** When accounts were in the middle of a change, the longest first. */
function longestUnsettled({ unsettled }: JournalSurvey): JournalSurvey["unsettled"] {
  return unsettled.toSorted((a, b) => Number(b.untilNs - b.fromNs - (a.untilNs - a.fromNs)));
}

function lossText(arrivals: number, lateMs: number | undefined): string {
  const mail = arrivals === 0 ? [] : ["new mail through the delivery stage: nothing"];
  const other = arrivals === 0 ? "any change" : "any other change";
  const late =
    lateMs === undefined
      ? `${other}: not said, nobody follows them now`
      : `${other}: what came in the last ${formatDuration(lateMs)}`;
  return [...mail, late].join("; ");
}

export function continuousJson({ group, survey, spans, lateMs }: ContinuousReport): object {
  const { gaps, clockJumps, alarms, changes, arrivals, times, last } = survey;
  return {
    group,
    spans: spans.map(({ fromNs, toNs }) => ({
      from: toRfc3339Nano(fromNs),
      to: toRfc3339Nano(toNs),
    })),
    gaps: gaps.map(gapJson),
    clockJumps: clockJumps.map(({ fromNs, toNs, message }) => ({
      from: toRfc3339Nano(fromNs),
      to: toRfc3339Nano(toNs),
      message,
    })),
    alarms: alarms.map(({ id, atNs, message }) => ({ id, at: toRfc3339Nano(atNs), message })),
    changes,
    arrivals,
    ...(survey.arrivedSpan === undefined
      ? {}
      : {
          arrived: {
            from: toRfc3339Nano(survey.arrivedSpan.first.atNs),
            to: toRfc3339Nano(survey.arrivedSpan.last.atNs),
          },
        }),
    inMotion: {
      times: survey.unsettled.length,
      longest: longestUnsettled(survey)
        .slice(0, maxGaps)
        .map(({ path, fromNs, untilNs }) => ({
          account: displayPath(path),
          from: toRfc3339Nano(fromNs),
          to: toRfc3339Nano(untilNs),
        })),
    },
    clockSetBack: times.setBack,
    ...(last === undefined ? {} : { lastEvent: last.sequence }),
    losesAtMostMs: {
      ...(arrivals === 0 ? {} : { mailThroughStage: 0 }),
      ...(lateMs === undefined ? {} : { otherChanges: lateMs }),
    },
  };
}
