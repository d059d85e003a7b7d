import { formatInstant, type Instant, zonedDateTime } from "#time";
import { clockContradictions } from "./clock-contradictions.ts";
import { byOrigin } from "./moment-origin.ts";
import { heldBy, type RetentionHold } from "./hold.ts";
import type { RetentionRule, RetentionSpan, SlotUnit } from "./retention-rule.ts";
import type { ShrinkAlarm } from "./shrink-alarm.ts";

/** What expiry must know of a moment; a Copy's RecoveryPoint has it. */
export type ExpiryPoint = {
  readonly id: string;
  readonly group: string;
  readonly atNs: Instant;
  /** Order of capture within a generation; 0 where unknown. */
  readonly sequence: number;
  readonly generation?: string;
};

export type ExpiryDecision<Point extends ExpiryPoint> = {
  readonly point: Point;
  readonly keep: boolean;
  /** In plain English: which rules keep it, or why none does. Never empty. */
  readonly reasons: readonly string[];
};

export type ExpiryOptions = {
  readonly now: Instant;
  /** Zone whose calendar makes hours, days and weeks. */
  readonly zone: string;
  /** What `shrinkAlarm` found of these points: while it is stopped, everything is kept. */
  readonly alarm?: ShrinkAlarm;
  /** What is held is kept, whatever the rules say, until it is released. */
  readonly holds?: readonly RetentionHold[];
};

/**
 * Decides for every moment whether the rules keep it, and why; each group by itself, in the order given,
 * and within a group what another program wrote by itself: it displaces and counts for nothing of ours.
 *
 * A slot ("one per hour") keeps its newest moment, as restic's forget does. Kept whatever the rules say:
 * the newest moment; moments in the future of `now`, which displace no other; and, as long as any rule
 * reaches it, what was captured while the clock had been set back (`clockContradictions`); and what is
 * held. No rules keep
 * everything. Deciding again after dropping drops nothing more; another rule never drops more.
 */
export function planExpiry<Point extends ExpiryPoint>(
  points: readonly Point[],
  rules: readonly RetentionRule[],
  options: ExpiryOptions,
): readonly ExpiryDecision<Point>[] {
  const { alarm } = options;
  if (alarm?.stopped === true)
    return keepAll(points, `expiry is stopped: ${alarm.reasons.join("; ")}`);
  if (rules.length === 0) return keepAll(points, "there are no rules, so nothing is dropped");
  const decisions = new Map<Point, ExpiryDecision<Point>>();
  for (const group of Map.groupBy(points, (point) => point.group).values()) {
    const parts = byOrigin(group);
    for (const part of parts) {
      const others = parts.filter((other) => other !== part).flat();
      for (const decision of planPart(part, rules, { ...options, others }))
        decisions.set(decision.point, decision);
    }
  }
  return points.flatMap((point) => withHold(decisions.get(point), options.holds) ?? []);
}

/** Decided last: a moment that is held counts for the rules as it would otherwise. */
function withHold<Point extends ExpiryPoint>(
  decision: ExpiryDecision<Point> | undefined,
  holds: readonly RetentionHold[] = [],
): ExpiryDecision<Point> | undefined {
  const hold = decision === undefined ? undefined : heldBy(decision.point, holds);
  if (decision === undefined || hold === undefined) return decision;
  const held = `held by ${hold.id}: ${hold.reason}`;
  const reasons = decision.keep ? [...decision.reasons, held] : [held];
  return { point: decision.point, keep: true, reasons };
}

function keepAll<Point extends ExpiryPoint>(
  points: readonly Point[],
  reason: string,
): ExpiryDecision<Point>[] {
  return points.map((point) => ({ point, keep: true, reasons: [reason] }));
}

type Reasons<Point> = { readonly keep: Map<Point, string[]>; readonly drop: Map<Point, string[]> };

function planPart<Point extends ExpiryPoint>(
  points: readonly Point[],
  rules: readonly RetentionRule[],
  { others, ...options }: ExpiryOptions & { readonly others: readonly Point[] },
): ExpiryDecision<Point>[] {
  const reasons: Reasons<Point> = { keep: new Map(), drop: new Map() };
  const past = points.filter((point) => point.atNs <= options.now).toSorted(newestFirst);
  for (const point of points) {
    if (point.atNs > options.now)
      add(reasons.keep, point, "its time is in the future, so its age is unknown");
  }
  for (const newest of newestMoments(past)) {
    if (newest.sequence > 0 || others.length === 0)
      add(reasons.keep, newest, "the newest moment is always kept");
    // Beside ours another program's may age out, unless it is what was seen last.
    else if (others.every(({ atNs }) => atNs > options.now || atNs <= newest.atNs))
      add(reasons.keep, newest, "the newest moment, of another program, is always kept");
  }
  const steady = keepContradictions(past, rules, { ...options, reasons });
  for (const rule of rules) {
    switch (rule.kind) {
      case "everything":
        keepEverything(steady, rule, { ...options, reasons });
        break;
      case "one-per":
        keepOnePerSlot(steady, rule, { ...options, reasons });
        break;
      case "last":
        keepLast(steady, rule, reasons);
        break;
    }
  }
  return points.map((point) => {
    const kept = reasons.keep.get(point);
    if (kept !== undefined) return { point, keep: true, reasons: kept };
    return {
      point,
      keep: false,
      reasons: reasons.drop.get(point) ?? ["older than every rule reaches"],
    };
  });
}

/** The newest by the clock, and the last captured of each generation, whatever the clock said then. */
function newestMoments<Point extends ExpiryPoint>(past: readonly Point[]): Set<Point> {
  const newest = new Set(past.slice(0, 1));
  for (const lineage of Map.groupBy(past, (point) => point.generation ?? "").values()) {
    const last = lineage.reduce((best, point) => (point.sequence > best.sequence ? point : best));
    if (last.sequence > 0) newest.add(last);
  }
  return newest;
}

type RuleOptions<Point> = ExpiryOptions & { readonly reasons: Reasons<Point> };

/** Keeps what contradicts the clock while any rule reaches it; returns the rest, which the rules thin. */
function keepContradictions<Point extends ExpiryPoint>(
  past: readonly Point[],
  rules: readonly RetentionRule[],
  options: RuleOptions<Point>,
): readonly Point[] {
  const contradictions = clockContradictions(past);
  if (contradictions.size === 0) return past;
  const steady = past.filter((point) => !contradictions.has(point));
  const reaches = rules.map((rule) => reachOf(rule, steady, options));
  for (const [point, witness] of contradictions) {
    if (reaches.every((reach) => witness.atNs < reach)) continue;
    const witnessAt = formatInstant(witness.atNs, options.zone);
    add(
      options.reasons.keep,
      point,
      `the clock was set back: it was captured after the moment of ${witnessAt}, so its age is uncertain`,
    );
    add(options.reasons.keep, witness, "it shows that the clock was set back after it");
  }
  return steady;
}

function keepEverything<Point extends ExpiryPoint>(
  steady: readonly Point[],
  rule: RetentionRule & { readonly kind: "everything" },
  options: RuleOptions<Point>,
): void {
  const since = sinceInstant(rule.span, options);
  for (const point of steady) if (point.atNs >= since) add(options.reasons.keep, point, rule.text);
  // What happened first within the span is replayed from a journal, on the copy before it.
  const before = steady.find(({ atNs }) => atNs < since);
  if (before !== undefined && rule.text.startsWith("every change"))
    add(options.reasons.keep, before, `${rule.text}: its first changes are replayed on this one`);
}

function keepOnePerSlot<Point extends ExpiryPoint>(
  steady: readonly Point[],
  rule: RetentionRule & { readonly kind: "one-per" },
  options: RuleOptions<Point>,
): void {
  const since = sinceInstant(rule.span, options);
  const shownBySlot = new Map<string, string>();
  for (const point of steady) {
    if (point.atNs < since) continue;
    const slot = slotOf(point.atNs, rule.slot, options.zone);
    const kept = shownBySlot.get(slot.key);
    if (kept === undefined) {
      shownBySlot.set(slot.key, formatInstant(point.atNs, options.zone));
      add(options.reasons.keep, point, `${rule.text} (newest of ${slot.name})`);
    } else {
      add(
        options.reasons.drop,
        point,
        `${rule.text}: another moment of that ${rule.slot} is kept (${kept})`,
      );
    }
  }
}

function keepLast<Point extends ExpiryPoint>(
  steady: readonly Point[],
  rule: RetentionRule & { readonly kind: "last" },
  reasons: Reasons<Point>,
): void {
  for (const [index, point] of steady.entries()) {
    if (index < rule.count) add(reasons.keep, point, rule.text);
    else add(reasons.drop, point, `not among the ${rule.text}`);
  }
}

// Every instant that a snapshot can name lies after this one.
const beginningOfTime = -(10n ** 30n);

/** The oldest instant that a rule may keep; the same after dropping what the rules do not keep. */
function reachOf(
  rule: RetentionRule,
  steady: readonly ExpiryPoint[],
  options: ExpiryOptions,
): Instant {
  if (rule.kind === "last") return steady[rule.count - 1]?.atNs ?? beginningOfTime;
  return sinceInstant(rule.span, options);
}

export function sinceInstant(
  span: RetentionSpan,
  options: Pick<ExpiryOptions, "now" | "zone">,
): Instant {
  if (span === "forever") return beginningOfTime;
  return zonedDateTime(options.now, options.zone).subtract({ [`${span.unit}s`]: span.amount })
    .epochNanoseconds;
}

function slotOf(
  instant: Instant,
  unit: SlotUnit,
  zone: string,
): { readonly key: string; readonly name: string } {
  const at = zonedDateTime(instant, zone);
  const day = `${at.year}-${pad(at.month)}-${pad(at.day)}`;
  switch (unit) {
    case "minute":
      // With the offset, for an hour that the clocks repeat is two hours.
      return {
        key: `${day} ${at.hour}:${at.minute}${at.offset}`,
        name: `${pad(at.hour)}:${pad(at.minute)} on ${day}`,
      };
    case "hour":
      return { key: `${day} ${at.hour}${at.offset}`, name: `${pad(at.hour)}:00 on ${day}` };
    case "day":
      return { key: day, name: day };
    case "week": {
      const week = `week ${at.weekOfYear} of ${at.yearOfWeek}`;
      return { key: week, name: week };
    }
    case "month": {
      const month = day.slice(0, -3);
      return { key: month, name: month };
    }
    case "year":
      return { key: `${at.year}`, name: `${at.year}` };
  }
}

function newestFirst(left: ExpiryPoint, right: ExpiryPoint): number {
  if (left.atNs !== right.atNs) return left.atNs > right.atNs ? -1 : 1;
  if (left.sequence !== right.sequence) return right.sequence - left.sequence;
  if (left.id === right.id) return 0;
  return left.id > right.id ? -1 : 1;
}

function add<Point>(reasons: Map<Point, string[]>, point: Point, reason: string): void {
  const known = reasons.get(point);
  if (known === undefined) reasons.set(point, [reason]);
  else if (!known.includes(reason)) known.push(reason);
}

function pad(value: number): string {
  return value.toString().padStart(2, "0");
}
