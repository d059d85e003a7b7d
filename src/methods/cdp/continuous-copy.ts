import { type Copy, damagedTag, type Reach, type RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import type { Consistency, Image } from "#image";
import type { JournalReader, Sequence } from "#journal";
import { MethodError } from "../method-error.ts";
import { firstReplayed } from "./journal-thinning.ts";
import { replayedImage } from "./replayed.ts";
import { type EarlierAccount, earlierAt } from "./unsettled.ts";
import { type JournalGap, type JournalSurvey, surveyJournal, unknownAt } from "./survey-journal.ts";

/** A copy of any method with its moments of the group: what a replay may begin with (paper §4.1). */
export type BaseCandidate = {
  readonly copy: Pick<Copy, "name" | "method" | "reach" | "open">;
  readonly moments: readonly RecoveryPoint[];
};

export type ContinuousCopyOptions = {
  readonly name: string;
  /** Stays the caller's, and open as long as the copy and its Images are. */
  readonly journal: JournalReader;
  readonly bases: readonly BaseCandidate[];
  /** Until when it is known that changes were being watched, though none came. Default: the last event. */
  readonly watchedUntilNs?: bigint;
};

/** Any moment that the journal and a base together cover. */
export type ContinuousMoment = {
  readonly point: RecoveryPoint;
  /** The last event that counts, and its label. */
  readonly sequence: Sequence;
  readonly eventNs: bigint;
  readonly base: { readonly copy: BaseCandidate["copy"]; readonly point: RecoveryPoint };
  /** What may be otherwise than it shows. */
  readonly unknown: readonly JournalGap[];
  /** Accounts that it shows as they were earlier, the furthest behind first. */
  readonly earlier: readonly EarlierAccount[];
  /** The clock was set back: how often this time was passed besides. */
  readonly otherTimes: number;
};

export type NotCovered = {
  /** Parts of sentences, for a person: "the journal began at …". */
  readonly reason: string;
  readonly hint: string;
};

/** Continuous data protection: every moment since the oldest base that the journal goes on from. */
export interface ContinuousCopy extends Copy {
  survey(signal?: AbortSignal): Promise<JournalSurvey>;
  /** The moment that an instant means, or why there is none. Looks at no base yet. */
  momentAt(atNs: bigint, signal?: AbortSignal): Promise<ContinuousMoment | NotCovered>;
  /** The same, replayed on moments of one copy alone: what is the same in both compares then. */
  basedOn(copy: string): ContinuousCopy;
  open(point: RecoveryPoint, signal?: AbortSignal): Promise<Image>;
}

export const continuousMethod = "continuous data protection";

/** A base that was read from a living store may be ahead of the events by so much. */
const settledNs = 2_000_000_000n;
const longCaptureNs = 3_600_000_000_000n;
const idPattern = /^journal-(\d{1,15})$/;
const reachOrder: readonly Reach[] = ["at-hand", "near", "shelf"];

export function continuousCopy(options: ContinuousCopyOptions): ContinuousCopy {
  const { journal } = options;
  let surveyed: Promise<JournalSurvey> | undefined;
  const survey = async (signal?: AbortSignal): Promise<JournalSurvey> => {
    signal?.throwIfAborted();
    surveyed ??= surveyJournal(journal, signal);
    try {
      return await surveyed;
    } catch (error) {
      surveyed = undefined;
      throw error;
    }
  };
  return surveyedCopy(options, survey);
}

function surveyedCopy(
  options: ContinuousCopyOptions,
  survey: ContinuousCopy["survey"],
): ContinuousCopy {
  const momentAt = async (
    atNs: bigint,
    signal?: AbortSignal,
  ): ReturnType<ContinuousCopy["momentAt"]> => momentIn(await survey(signal), { ...options, atNs });
  return {
    name: options.name,
    method: continuousMethod,
    reach: "at-hand",
    survey,
    momentAt,
    basedOn: (copy) => {
      const bases = options.bases.filter((one) => one.copy.name === copy);
      return surveyedCopy({ ...options, bases }, survey);
    },
    async moments(group, signal) {
      const { last, alarms } = await survey(signal);
      if (last === undefined || (group !== undefined && !isGroup(options, group))) return [];
      const instants = [...alarms.map(({ atNs }) => atNs - 1n), endOf(options, last.atNs)];
      const found: RecoveryPoint[] = [];
      for (const atNs of instants) {
        const moment = await momentAt(atNs, signal);
        if ("point" in moment && found.at(-1)?.sequence !== moment.point.sequence)
          found.push(moment.point);
      }
      return found.toSorted((a, b) => a.sequence - b.sequence);
    },
    async open(point, signal) {
      const sequence = Number(idPattern.exec(point.id)?.[1] ?? Number.NaN);
      const about = await survey(signal);
      const span = about.spans.find(
        ({ first, last }) => first.sequence <= sequence && last.sequence >= sequence,
      );
      if (span === undefined) throw momentGone(point);
      return await openOnBase(about, { ...options, point, sequence, signal });
    },
  };
}

function isGroup({ journal, bases }: ContinuousCopyOptions, group: string): boolean {
  return (
    journal.group === group ||
    bases.some(({ moments }) => moments.some((one) => one.group === group))
  );
}

function endOf({ watchedUntilNs = 0n }: ContinuousCopyOptions, lastNs: bigint): bigint {
  return watchedUntilNs > lastNs ? watchedUntilNs : lastNs;
}

function momentIn(
  survey: JournalSurvey,
  options: ContinuousCopyOptions & { readonly atNs: bigint },
): ContinuousMoment | NotCovered {
  const { atNs: askedNs, journal } = options;
  const { last, times } = survey;
  if (last === undefined) return emptyJournal;
  const answer = times.at(askedNs);
  if (answer === undefined) return beforeJournal;
  const { sequence, atNs: eventNs, alsoAt } = answer;
  // After the last event the clock may have shown more than that event says.
  const endNs =
    sequence === last.sequence ? endOf(options, times.latestLabel(askedNs) ?? eventNs) : askedNs;
  const atNs = askedNs < endNs ? askedNs : endNs;
  const [base] = basesFor(survey, { ...options, atNs, sequence });
  if (base === undefined) return withoutBase(options, atNs);
  const unknown = unknownAt(survey, {
    sequence,
    atNs,
    baseFromNs: beginningOf(base.point, survey),
  });
  const { files: _files, sizeBytes: _size, messages: _messages, ...of } = base.point;
  const { validatedBy: _validated, ...labels } = of;
  const survives = (base.point.survives ?? ["user-error", "corruption", "late-attack"]).filter(
    (loss) => loss !== "hardware" && loss !== "site",
  );
  return {
    sequence,
    eventNs,
    base,
    unknown,
    earlier: earlierAt(survey.unsettled, sequence),
    otherTimes: alsoAt.length,
    point: {
      ...labels,
      id: `journal-${sequence}`,
      sequence,
      generation: journal.id,
      atNs,
      consistency: consistencyAt({ atNs, unknown, base: base.point }),
      tags: [],
      survives,
    },
  };
}

/** When a base began to be read. Of one that was read from a living store, and of which no mark says, rather long before. */
export function beginningOf(
  { id, atNs, consistency }: RecoveryPoint,
  { bases }: Pick<JournalSurvey, "bases">,
): bigint {
  for (const [mark, fromNs] of bases) if (mark.includes(id)) return fromNs;
  return consistency === "fuzzy" ? atNs - longCaptureNs : atNs;
}

/** The state as it was observed, write after write; of a base in motion not before its reading was over. */
function consistencyAt(moment: {
  readonly atNs: bigint;
  readonly unknown: readonly JournalGap[];
  readonly base: Pick<RecoveryPoint, "atNs" | "consistency">;
}): Consistency {
  const { atNs, unknown, base } = moment;
  const isUnsettled = base.consistency === "fuzzy" && atNs < base.atNs + settledNs;
  return unknown.length > 0 || isUnsettled ? "fuzzy" : "crash";
}

type Found = ContinuousMoment["base"];

/** What a moment can be replayed on, by what the moments say of themselves: nearest first, and of each the newest. */
function basesFor(
  survey: JournalSurvey,
  {
    bases,
    atNs,
    sequence,
  }: ContinuousCopyOptions & { readonly atNs: bigint; readonly sequence: Sequence },
): readonly Found[] {
  const span = survey.spans.find(
    ({ first, last }) => first.sequence <= sequence && last.sequence >= sequence,
  );
  if (span === undefined) return [];
  return bases
    .flatMap(({ copy, moments }) => moments.map((point) => ({ copy, point })))
    .filter(
      ({ copy, point }) =>
        copy.method !== continuousMethod &&
        point.atNs <= atNs &&
        point.atNs >= span.first.atNs &&
        // When its reading ended, nobody knows.
        point.consistency !== "unknown" &&
        !point.tags.includes(damagedTag),
    )
    .toSorted(
      (a, b) =>
        reachOrder.indexOf(a.copy.reach) - reachOrder.indexOf(b.copy.reach) ||
        (a.point.atNs > b.point.atNs
          ? -1
          : a.point.atNs < b.point.atNs
            ? 1
            : b.point.sequence - a.point.sequence),
    );
}

type Opening = ContinuousCopyOptions & {
  readonly point: RecoveryPoint;
  readonly sequence: Sequence;
  readonly signal?: AbortSignal | undefined;
};

/** Opens the newest base that holds what it promised, and lays over it what the journal saw since. */
async function openOnBase(survey: JournalSurvey, options: Opening): Promise<Image> {
  const { journal, point, sequence, signal } = options;
  const { atNs } = point;
  const reasons: string[] = [];
  const optional = signal === undefined ? {} : { signal };
  for (const found of basesFor(survey, { ...options, atNs })) {
    const base = await openBase(found, reasons, signal);
    if (base === undefined) continue;
    try {
      const span = survey.spans.find(({ last }) => last.sequence >= sequence);
      if (span === undefined || base.at.fromNs < span.first.atNs || base.at.toNs > atNs) {
        reasons.push(`${found.copy.name}: its capture began before the journal did`);
        await base[Symbol.asyncDispose]();
        continue;
      }
      const since = firstReplayed(survey.times, base.at.fromNs) ?? sequence + 1;
      const fromSequence = Math.max(since, span.first.sequence);
      const { consistency } = point;
      const labels = consistency === "unknown" ? {} : { consistency };
      return await replayedImage({
        base,
        journal,
        fromSequence,
        upTo: sequence,
        unsettled: survey.unsettled,
        atNs,
        ...labels,
        ...optional,
      });
    } catch (error) {
      await base[Symbol.asyncDispose]();
      throw error;
    }
  }
  const { reason, hint } = withoutBase(options, atNs);
  const tried = reasons.length === 0 ? "" : ` (${reasons.slice(0, 3).join("; ")})`;
  throw new MethodError(
    "methods.no-base",
    `Cannot replay the journal of "${journal.group}": ${reason}${tried}`,
    { hint },
  );
}

async function openBase(
  { copy, point }: Found,
  reasons: string[],
  signal?: AbortSignal,
): Promise<Image | undefined> {
  try {
    return await copy.open(point, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (!isRecoveryError(error)) throw error;
    reasons.push(`${copy.name}: ${error.message}`);
    return undefined;
  }
}

const emptyJournal: NotCovered = {
  reason: "nothing was recorded yet",
  hint: "Start the daemon, and take a copy with `restante capture`.",
};

const beforeJournal: NotCovered = {
  reason: "it is before the journal began",
  hint: "A copy may have an older moment: `restante moments` shows all.",
};

function withoutBase({ bases }: ContinuousCopyOptions, atNs: bigint): NotCovered {
  const oldest = bases
    .flatMap(({ moments }) => moments)
    .filter((point) => point.atNs > atNs)
    .reduce<RecoveryPoint | undefined>(
      (a, b) => (a === undefined || b.atNs < a.atNs ? b : a),
      undefined,
    );
  return {
    reason:
      oldest === undefined
        ? "no copy was taken since it began, and a replay needs one to begin with"
        : "the first copy that it can be replayed on was not complete yet",
    hint: "Take one with `restante capture`: every moment from then on can be opened.",
  };
}

function momentGone({ id }: RecoveryPoint): MethodError {
  return new MethodError(
    "methods.moment-gone",
    `Cannot open moment ${id}: the journal does not have it any more`,
    { hint: "List the moments again and choose another." },
  );
}
