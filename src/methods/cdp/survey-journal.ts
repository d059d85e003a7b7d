import { isWithin, type RawPath, rootPath } from "#image";
import type {
  GapReason,
  JournalEvent,
  JournalPoint,
  JournalReader,
  JournalRecord,
  JournalSpan,
  Sequence,
} from "#journal";
import { JournalTimes } from "./journal-times.ts";
import { type UnsettledSpan, UnsettledSpans } from "./unsettled.ts";

/** A time in which changes may have gone unseen. */
export type JournalGap = {
  /** Of the record that tells of it. */
  readonly sequence: Sequence;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly why: GapReason;
  /** Below which; absent: everywhere. */
  readonly path?: RawPath;
  readonly message?: string;
  /** The scan that found what had changed meanwhile. From there on the state is known again. */
  readonly reconciled?: JournalPoint;
  /** What a scan left of it: in which time, and below which path, what it missed must have happened. Empty: it missed nothing. */
  readonly narrowed?: { readonly fromNs: bigint; readonly toNs: bigint; readonly path?: RawPath };
  /** What that scan found, and what was seen while it ran: so many changes happened somewhen in the gap. */
  readonly changes?: number;
};

export type JournalAlarm = JournalPoint & { readonly id: string; readonly message: string };

export type JournalSurvey = {
  /** Whose journal it is. */
  readonly group: string;
  readonly first?: JournalPoint;
  readonly last?: JournalPoint;
  /** Without a lapse in its sequence each. */
  readonly spans: readonly JournalSpan[];
  /** By when they were told of. */
  readonly gaps: readonly JournalGap[];
  /** When the clock was set, or leapt: labels in between are not to be trusted. No change was missed. */
  readonly clockJumps: readonly JournalGap[];
  readonly alarms: readonly JournalAlarm[];
  /** When the capture of a base began, by what its mark calls it. */
  readonly bases: ReadonlyMap<string, bigint>;
  /** When accounts were seen in the middle of a change. */
  readonly unsettled: readonly UnsettledSpan[];
  /** The writer ended as it should, and nothing has been watched since. */
  readonly isEnded: boolean;
  /** Changes of files and folders. */
  readonly changes: number;
  /** Messages that came in through the delivery stage. */
  readonly arrivals: number;
  /** The first of them that is kept, and the newest. */
  readonly arrivedSpan?: JournalSpan;
  readonly times: JournalTimes;
};

type OpenGap = {
  gap: JournalGap;
  readonly changesBefore: number;
  /** Derived from two marks; a record that says the same takes its place. */
  readonly isImplied: boolean;
};

/** Reads all of a journal but the bytes of files: what it covers, and where it does not. */
export async function surveyJournal(
  journal: JournalReader,
  signal?: AbortSignal,
): Promise<JournalSurvey> {
  const surveyor = new Surveyor();
  const options = { withoutData: true, ...(signal === undefined ? {} : { signal }) };
  for await (const record of journal.read(options)) surveyor.see(record);
  return { group: journal.group, ...surveyor.survey(await journal.spans(signal)) };
}

class Surveyor {
  readonly #times = new JournalTimes();
  readonly #gaps: OpenGap[] = [];
  readonly #clockJumps: JournalGap[] = [];
  readonly #alarms: JournalAlarm[] = [];
  readonly #bases = new Map<string, bigint>();
  readonly #unsettled = new UnsettledSpans();
  #first: JournalPoint | undefined;
  #last: JournalRecord | undefined;
  #changes = 0;
  #arrivals = 0;
  #arrivedSpan: JournalSpan | undefined;

  see(record: JournalRecord): void {
    const { sequence, atNs, event } = record;
    const last = this.#last;
    const point = { sequence, atNs };
    this.#first ??= point;
    this.#times.add(point);
    if (last !== undefined && sequence !== last.sequence + 1)
      this.#open(this.#implied(record, last, "damaged"));
    switch (event.type) {
      case "gap": {
        const { type: _type, ...rest } = event;
        if (rest.why === "clock-jump") this.#jumped({ sequence, ...rest }, atNs);
        else if (!this.#narrow(rest)) this.#open({ sequence, ...rest }, false);
        break;
      }
      case "mark":
        this.#unsettled.see(point, event);
        this.#mark(record, event, last);
        break;
      case "arrived":
        this.#arrivals++;
        this.#arrivedSpan = { first: this.#arrivedSpan?.first ?? point, last: point };
        break;
      case "data":
      case "outcome":
        break;
      default:
        this.#changes++;
    }
    this.#last = record;
  }

  survey(spans: readonly JournalSpan[]): Omit<JournalSurvey, "group"> {
    const last = this.#last;
    const { event } = last ?? {};
    return {
      ...(this.#first === undefined ? {} : { first: this.#first }),
      ...(last === undefined ? {} : { last: { sequence: last.sequence, atNs: last.atNs } }),
      spans: spans.map(({ first, last: end }) => ({ first: pointOf(first), last: pointOf(end) })),
      gaps: this.#gaps.map(({ gap }) => gap),
      clockJumps: this.#clockJumps,
      alarms: this.#alarms,
      bases: this.#bases,
      unsettled: this.#unsettled.spans,
      isEnded: event?.type === "mark" && event.name === "clean-stop",
      changes: this.#changes,
      arrivals: this.#arrivals,
      ...(this.#arrivedSpan === undefined ? {} : { arrivedSpan: this.#arrivedSpan }),
      times: this.#times,
    };
  }

  #mark(
    record: JournalRecord,
    { name, path, id = "", message = "", fromNs }: Extract<JournalEvent, { type: "mark" }>,
    last: JournalRecord | undefined,
  ): void {
    const { sequence, atNs } = record;
    if (name === "alarm") this.#alarms.push({ sequence, atNs, id, message });
    if (name === "base" && fromNs !== undefined) this.#bases.set(id, fromNs);
    // Whatever ended before, nobody watched until this.
    if (name === "start" && last !== undefined)
      this.#open(this.#implied(record, last, "not-running"));
    if (name !== "reconciled") return;
    for (const open of this.#gaps) {
      const { gap } = open;
      if (gap.reconciled !== undefined || gap.toNs > atNs || !isCovered(gap.path, path)) continue;
      const changes = this.#changes - open.changesBefore;
      open.gap = { ...gap, reconciled: { sequence, atNs }, changes };
    }
  }

  #jumped(jump: JournalGap, atNs: bigint): void {
    this.#clockJumps.push(jump);
    const isBack = jump.toNs > atNs + nearbyNs / 5n;
    if (isBack) this.#times.setBackFrom(jump.toNs, { sinceNs: jump.fromNs - nearbyNs * 2n });
  }

  #implied({ sequence, atNs }: JournalRecord, last: JournalRecord, why: GapReason): JournalGap {
    const [fromNs, toNs] = last.atNs < atNs ? [last.atNs, atNs] : [atNs, last.atNs];
    return { sequence, fromNs, toNs, why };
  }

  /** A scan says of an open gap what is left of it, before it says that it is done. */
  #narrow({ fromNs, toNs, why, path, message }: Omit<JournalGap, "sequence">): boolean {
    const open = this.#gaps.findLast(
      ({ gap }) =>
        gap.reconciled === undefined &&
        gap.why === why &&
        gap.fromNs <= fromNs &&
        isCovered(path, gap.path),
    );
    if (open === undefined || message?.startsWith("Narrowed:") !== true) return false;
    open.gap = {
      ...open.gap,
      narrowed: { fromNs, toNs, ...(path === undefined ? {} : { path }) },
    };
    return true;
  }

  #open(gap: JournalGap, isImplied = true): void {
    const implied = this.#gaps.findIndex(
      (one) =>
        one.isImplied &&
        one.gap.fromNs >= gap.fromNs - nearbyNs &&
        one.gap.toNs <= gap.toNs + nearbyNs,
    );
    const changesBefore = this.#changes;
    if (implied >= 0 && !isImplied && gap.path === undefined) this.#gaps.splice(implied, 1);
    this.#gaps.push({ gap, changesBefore, isImplied });
  }
}

/** Between a mark and the record of the gap that it ended. */
const nearbyNs = 5_000_000_000n;

function pointOf({ sequence, atNs }: JournalPoint): JournalPoint {
  return { sequence, atNs };
}

/** Whether all below `path` was compared by a scan of `scanned`; undefined is everything. */
function isCovered(path: RawPath = rootPath, scanned: RawPath = rootPath): boolean {
  return isWithin(path, scanned);
}

/**
 * What is not known of the store after an event, replayed from a base: gaps that began by then, that no
 * scan had closed by then, and that the base is not newer than. A gap that was told of by then had begun,
 * whatever the clock said.
 */
export function unknownAt(
  { gaps }: Pick<JournalSurvey, "gaps">,
  { sequence, atNs, baseFromNs }: JournalPoint & { readonly baseFromNs: bigint },
): readonly JournalGap[] {
  return gaps.filter(
    ({ sequence: toldBy, fromNs, toNs, reconciled, narrowed }) =>
      ((narrowed?.fromNs ?? fromNs) <= atNs || (narrowed === undefined && toldBy <= sequence)) &&
      (narrowed === undefined || narrowed.toNs > narrowed.fromNs) &&
      baseFromNs < toNs &&
      (reconciled === undefined || reconciled.sequence > sequence),
  );
}
