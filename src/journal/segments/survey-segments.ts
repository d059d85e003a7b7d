/** What a row of segments amounts to: where it is whole, and what is wrong with it. Pure. */
import type { JournalPoint, JournalProblem, JournalSpan } from "../journal.ts";
import type { DurablePosition } from "./position-file.ts";
import type { Segment, SegmentHole } from "./segment.ts";

/** A file of the journal; without a segment where its header cannot be read. */
export type SegmentEntry = {
  readonly name: string;
  /** The first sequence, as its name has it. */
  readonly firstOfName: number;
  readonly segment: Segment | undefined;
  /** What was found when its records were read. */
  readonly foundLater: readonly SegmentHole[];
};

export type Survey = {
  readonly problems: readonly JournalProblem[];
  readonly spans: readonly JournalSpan[];
};

export type SurveyFacts = {
  /** In order. */
  readonly entries: readonly SegmentEntry[];
  readonly position: DurablePosition | undefined;
  /** Somebody writes, or may write: what is there is not its end. */
  readonly hasWriter: boolean;
};

export function surveySegments(facts: SurveyFacts): Survey {
  const problems: JournalProblem[] = [];
  const { entries } = facts;
  for (const [index, entry] of entries.entries()) {
    const before = entries[index - 1];
    if (entry.segment === undefined) problems.push(unreadable(entries, index));
    else if (before?.segment !== undefined)
      problems.push(...between(before.segment, entry.segment));
    problems.push(...holesOf(entry).map(holeProblem));
    if (entry.segment?.hasDamagedIndex === true)
      problems.push(damagedIndex(entry.segment, entries[index + 1]?.segment));
  }
  problems.push(...atTheEnd(facts));
  return { problems, spans: spansOf(entries) };
}

export function holesOf({ segment, foundLater }: SegmentEntry): readonly SegmentHole[] {
  return [...(segment?.holes ?? []), ...foundLater];
}

export function holeProblem(hole: SegmentHole): JournalProblem {
  const bytes = hole.endOffset - hole.offset;
  const what = bytes === 0 ? "Records were taken out" : `${bytes} bytes are no records`;
  return {
    code: hole.isDamage ? "damaged" : "torn-tail",
    ...pointsOf(hole),
    message: hole.isDamage
      ? `${what} where records stood that were safe: the disk, or somebody, has changed them.`
      : `${what}: the writer was killed, or lost power, while it wrote them, before it promised them to anybody.`,
  };
}

function between(one: Segment, next: Segment): readonly JournalProblem[] {
  const points = {
    ...(one.last === undefined ? {} : { after: one.last }),
    ...(next.first === undefined ? {} : { before: next.first }),
  };
  const problems: JournalProblem[] = [];
  const [{ header: earlier }, { header: later }] = [one.opened, next.opened];
  const absent = later.number - earlier.number - 1;
  if (absent > 0)
    problems.push({
      code: "missing",
      ...points,
      message: `${absent === 1 ? "A segment is" : `${absent} segments are`} missing in between.`,
    });
  else if ((one.last?.sequence ?? 0) < later.lastBefore && !hasHoleAtEnd(one))
    problems.push({
      code: "damaged",
      ...points,
      message: "The end of a segment is missing: the disk, or somebody, has cut it off.",
    });
  if (later.session !== earlier.session && absent <= 0 && !one.isCleanStop)
    problems.push(uncleanStop(points));
  return problems;
}

function atTheEnd({ entries, position, hasWriter }: SurveyFacts): readonly JournalProblem[] {
  const newest = entries.at(-1);
  if (newest?.segment === undefined) return [];
  const { last, isCleanStop } = newest.segment;
  const after = last === undefined ? {} : { after: last };
  const problems: JournalProblem[] = [];
  if (position !== undefined && (last?.sequence ?? 0) < position.sequence) {
    if (position.segment > newest.firstOfName)
      problems.push({ code: "missing", ...after, message: "The newest segment is missing." });
    else if (!hasHoleAtEnd(newest.segment))
      problems.push({
        code: "damaged",
        ...after,
        message: "The end of the newest segment is missing: the disk, or somebody, has cut it off.",
      });
  }
  if (!hasWriter && !isCleanStop) problems.push(uncleanStop(after));
  return problems;
}

function hasHoleAtEnd({ holes }: Segment): boolean {
  return holes.some(({ before }) => before === undefined);
}

function uncleanStop(points: Pick<JournalProblem, "after" | "before">): JournalProblem {
  return {
    code: "unclean-stop",
    ...points,
    message: "The writer came to an end without saying so: it was killed, or lost power.",
  };
}

function damagedIndex({ last }: Segment, next: Segment | undefined): JournalProblem {
  return {
    code: "damaged",
    ...(last === undefined ? {} : { after: last }),
    ...(next?.first === undefined ? {} : { before: next.first }),
    message: "The index of a segment is damaged; its records are read without it.",
  };
}

function unreadable(entries: readonly SegmentEntry[], index: number): JournalProblem {
  const after = entries[index - 1]?.segment?.last;
  const before = entries[index + 1]?.segment?.first;
  return {
    code: "damaged",
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
    message: `The header of segment ${entries[index]?.name ?? ""} cannot be read, and nothing of the segment without it.`,
  };
}

function pointsOf({ after, before }: SegmentHole): Pick<JournalProblem, "after" | "before"> {
  return {
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
  };
}

function spansOf(entries: readonly SegmentEntry[]): readonly JournalSpan[] {
  const spans: { first: JournalPoint; last: JournalPoint }[] = [];
  for (const entry of entries) {
    for (const run of runsOf(entry)) {
      const newest = spans.at(-1);
      if (newest !== undefined && newest.last.sequence + 1 === run.first.sequence)
        newest.last = run.last;
      else spans.push({ ...run });
    }
  }
  return spans;
}

/** What of a segment is without a lapse. */
function runsOf(entry: SegmentEntry): readonly JournalSpan[] {
  const { segment } = entry;
  if (segment?.first === undefined || segment.last === undefined) return [];
  const runs: JournalSpan[] = [];
  let { first } = segment;
  const holes = holesOf(entry).toSorted((one, other) => one.offset - other.offset);
  for (const { after, before } of holes) {
    if (after !== undefined && after.sequence >= first.sequence) runs.push({ first, last: after });
    if (before === undefined) return runs;
    if (before.sequence > first.sequence || after === undefined) first = before;
  }
  runs.push({ first, last: segment.last });
  return runs;
}
