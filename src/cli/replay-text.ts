import { displayPath } from "#image";
import type { ContinuousMoment, JournalGap } from "#methods";
import { formatDuration, formatInstant, toRfc3339Nano } from "#time";
import { shortId } from "./moments.ts";
import { countText, plural, safeText } from "./text.ts";

/** Gaps that are told one by one. */
const maxGaps = 5;
/** Accounts that are told one by one. */
const maxEarlier = 5;

/** Of a moment that was replayed: on what, how exact it is, and what is not known. */
export function replayText(moment: ContinuousMoment, zone: string): readonly string[] {
  const { base, sequence, eventNs, unknown, otherTimes } = moment;
  const on = `“${safeText(base.copy.name)}” (${base.copy.method}) of ${formatInstant(base.point.atNs, zone)}`;
  const lines = [
    `replayed on ${shortId(base.point)} of ${on}, up to event ${countText(sequence)} of ${formatInstant(eventNs, zone)}`,
  ];
  if (otherTimes > 0)
    lines.push(
      `the clock was set back: it was this time ${plural(otherTimes, "more time")}, and the first counts`,
    );
  lines.push(
    unknown.length === 0
      ? "nothing is unknown of it: no gap is open since that copy"
      : `unknown: what changed unseen in ${plural(unknown.length, "gap")}:`,
    ...unknown.slice(-maxGaps).map((gap) => `  ${gapText(gap, zone)}`),
  );
  return [...lines, ...earlierText(moment, zone)];
}

/** "user1 as of 14:03:06.120 (0.3 s earlier)", for each account that was in the middle of a change. */
function earlierText(
  { point, earlier }: Pick<ContinuousMoment, "point" | "earlier">,
  zone: string,
): readonly string[] {
  const lines = earlier
    .slice(0, maxEarlier)
    .map(
      ({ path, atNs }) =>
        `${displayPath(path)} as of ${clockText(atNs, { zone, of: point.atNs })} (${earlierBy(point.atNs - atNs)} earlier): a change of it had not come to rest`,
    );
  if (earlier.length > maxEarlier)
    lines.push(`and ${plural(earlier.length - maxEarlier, "more account")} as of less earlier`);
  return lines;
}

/** The time with milliseconds; of another day with its date. */
function clockText(
  atNs: bigint,
  { zone, of }: { readonly zone: string; readonly of: bigint },
): string {
  const [date, time] = splitInstant(atNs, zone);
  const clock = `${time}.${String((atNs / 1_000_000n) % 1000n).padStart(3, "0")}`;
  return splitInstant(of, zone)[0] === date ? clock : `${date} ${clock}`;
}

/** "Mon 23 Nov 2026" and "14:03:07". */
function splitInstant(atNs: bigint, zone: string): readonly [string, string] {
  const [, date = "", time = ""] = /^(.*) (\d\d:\d\d:\d\d)/.exec(formatInstant(atNs, zone)) ?? [];
  return [date, time];
}

/** Below ten seconds with tenths. */
export function earlierBy(ns: bigint): string {
  const ms = Math.max(Number(ns) / 1e6, 0);
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}

/** The same for programs. */
export function replayJson(moment: ContinuousMoment): object {
  const { base, sequence, eventNs, unknown, otherTimes, point, earlier } = moment;
  return {
    base: {
      copy: base.copy.name,
      method: base.copy.method,
      id: base.point.id,
      at: toRfc3339Nano(base.point.atNs),
    },
    sequence,
    event: toRfc3339Nano(eventNs),
    otherTimes,
    unknown: unknown.map(gapJson),
    shownEarlier: shownEarlierJson({ point, earlier }),
  };
}

export function shownEarlierJson({
  point,
  earlier,
}: Pick<ContinuousMoment, "point" | "earlier">): readonly object[] {
  return earlier.map(({ path, atNs }) => ({
    account: displayPath(path),
    at: toRfc3339Nano(atNs),
    earlierMs: Math.max(Number(point.atNs - atNs) / 1e6, 0),
  }));
}

/** "Mon 23 Nov 2026 10:00:00 CET, 41 s (overflow), below cur; scanned at …: 12 changes found". */
export function gapText(gap: JournalGap, zone: string): string {
  const { why, message, reconciled, changes = 0, narrowed } = gap;
  const isEmpty = narrowed !== undefined && narrowed.toNs <= narrowed.fromNs;
  const { fromNs, toNs, path } = isEmpty ? gap : (narrowed ?? gap);
  const length = formatDuration(Math.max(1, Number((toNs - fromNs) / 1_000_000n)));
  const where = path === undefined ? "" : `, below ${displayPath(path)}`;
  const said = message === undefined ? "" : `: ${safeText(message).replace(/\.$/, "")}`;
  const known =
    reconciled === undefined
      ? "; not scanned since"
      : `; scanned by ${formatInstant(reconciled.atNs, zone)}: ${isEmpty ? "nothing was missed" : `${plural(changes, "change")} found`}`;
  return `${formatInstant(fromNs, zone)}, ${length} (${whyText[why]}${said})${where}${known}`;
}

/** The sentence of who noticed it, and when that was by the clock as it was set. */
export function clockJumpText({ fromNs, toNs, message }: JournalGap, zone: string): string {
  const said = message ?? "The clock was set. No change was missed.";
  return `${formatInstant(fromNs, zone)} to ${formatInstant(toNs, zone)}: ${safeText(said).replace(/\.$/, "")}`;
}

export function gapJson(gap: JournalGap): object {
  const { fromNs, toNs, why, path, message, reconciled, changes, narrowed } = gap;
  return {
    from: toRfc3339Nano(fromNs),
    to: toRfc3339Nano(toNs),
    why,
    ...(path === undefined ? {} : { path: displayPath(path) }),
    ...(message === undefined ? {} : { message }),
    ...(narrowed === undefined
      ? {}
      : {
          narrowed: {
            from: toRfc3339Nano(narrowed.fromNs),
            to: toRfc3339Nano(narrowed.toNs),
            ...(narrowed.path === undefined ? {} : { path: displayPath(narrowed.path) }),
          },
        }),
    ...(reconciled === undefined
      ? {}
      : { reconciled: toRfc3339Nano(reconciled.atNs), changes: changes ?? 0 }),
  };
}

const whyText: Readonly<Record<JournalGap["why"], string>> = {
  "not-running": "nobody was watching",
  overflow: "more happened than could be noted",
  stalled: "the watcher stood still",
  "missed-event": "a change went by unnoticed",
  unreadable: "something could not be read",
  "journal-full": "the journal's disk was full",
  "passed-through": "mail was let past the journal",
  "clock-jump": "the clock was set",
  damaged: "a part of the journal is lost",
};
