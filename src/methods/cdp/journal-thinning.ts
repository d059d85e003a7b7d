import type { JournalEvent, JournalReader, Sequence } from "#journal";
import { heldBy, type RetentionHold } from "#policy";
import type { JournalTimes } from "./journal-times.ts";
import { surveyJournal } from "./survey-journal.ts";

/** A copy that replays begin with. Nanoseconds since 1970 UTC. */
type Base = {
  /** When its capture began, and when it was whole. */
  readonly fromNs: bigint;
  readonly atNs: bigint;
};

export type ThinningOptions = {
  /** Every moment from here on must open. */
  readonly sinceNs: bigint;
  /** The newest base that was whole by an instant; undefined: there is none. */
  readonly baseBy: (atNs: bigint) => Promise<Base | undefined>;
  readonly nowNs: bigint;
  /** In force. Asked for last, so that what was held meanwhile counts. */
  readonly holds: () => Promise<readonly RetentionHold[]>;
  readonly signal?: AbortSignal;
};

export type JournalThinning =
  /** What is before this is needed by no moment that must open. */
  | { readonly keepFrom: Sequence }
  /** All of it stays. For a person. */
  | { readonly keptBecause: string };

/** Events are labelled when they are noticed, by a clock that may be another one than the base's. */
const marginNs = 10_000_000_000n;

/**
 * The first event that a replay on a base reads; every one before it has an earlier label. Undefined:
 * there is none since.
 */
export function firstReplayed(times: JournalTimes, baseFromNs: bigint): Sequence | undefined {
  return times.firstFrom(baseFromNs - marginNs);
}

/**
 * Which events of a journal no moment since `sinceNs` needs. Needed is what a replay reads on the newest
 * base that is older than that (paper §3.5), and on the newest of all, with the bytes that it points at,
 * however old they are. A hold keeps all, as long as the journal begins before it ends. Changes nothing.
 */
export async function planThinning(
  journal: JournalReader,
  { sinceNs, baseBy, nowNs, holds, signal }: ThinningOptions,
): Promise<JournalThinning> {
  const reading = signal === undefined ? {} : { signal };
  const { first, last, times } = await surveyJournal(journal, signal);
  if (first === undefined || last === undefined) return { keptBecause: "nothing is recorded yet" };
  const bases = [await baseBy(sinceNs), await baseBy(nowNs)];
  let keepFrom = last.sequence;
  for (const base of bases) {
    if (base === undefined || base.atNs > nowNs)
      return { keptBecause: "no copy is older than what must open: a replay begins with one" };
    // One event before what is replayed: it shows that the journal was being written when the base began.
    const before = (firstReplayed(times, base.fromNs) ?? last.sequence + 1) - 1;
    keepFrom = Math.min(keepFrom, before);
  }
  if (keepFrom <= first.sequence) return { keptBecause: "all of it is needed" };
  for (let from = keepFrom, to = last.sequence; from <= to;) {
    let oldest = from;
    for await (const { event } of journal.read({ from, to, withoutData: true, ...reading }))
      oldest = Math.min(oldest, oldestDataOf(event));
    [from, to] = [Math.max(oldest, first.sequence), from - 1];
    keepFrom = Math.min(keepFrom, from);
  }
  const { group } = journal;
  // Where the clock was set back, the first label is not the oldest: then any hold may mean what is here.
  const inForce = await holds();
  const hold =
    times.setBack > 0
      ? inForce.find((one) => one.group === undefined || one.group === group)
      : heldBy({ group, atNs: first.atNs }, inForce);
  if (hold !== undefined) return { keptBecause: `held by ${hold.id}: ${hold.reason}` };
  return { keepFrom };
}

function oldestDataOf(event: JournalEvent): Sequence {
  if (!("content" in event)) return Infinity;
  return event.content.reduce((oldest, { data }) => Math.min(oldest, data), Infinity);
}
