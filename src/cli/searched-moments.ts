import {
  type Catalog,
  type FillableMoment,
  fillProvisionally,
  type FillSource,
  isCatalogError,
  type KnownMoment,
} from "#catalog";
import type { RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import { displayPath, type RawPath } from "#image";
import type { ContinuousCopy, ContinuousMoment, JournalGap } from "#methods";
import { formatInstant } from "#time";
import type { CommandContext } from "./command.ts";
import { isInterruption } from "./exit-codes.ts";
import { type AnyCopy, copyText, type ReadCopies } from "./methods/index.ts";
import { viewMomentJson } from "./moment-view.ts";
import { askedInstant, type ChosenMoment, chooseMoment, isInstant, momentText } from "./moments.ts";
import { passedMoments } from "./passed-moments.ts";
import { recordedProblems } from "./recorded-problems.ts";
import { replayText } from "./replay-text.ts";
import { plural, safeText } from "./text.ts";

/** A moment that a search answers for: of each group one. */
export type SearchedMoment = {
  readonly opened: AnyCopy;
  readonly chosen: ChosenMoment;
  /** Of a moment that was replayed out of a journal. */
  readonly replay?: ContinuousMoment;
  /** Why the journal of the group does not have the instant that was asked for. */
  readonly reason?: string;
};

/** What a search was asked for, and which moments answer it. Journals are told to the catalog until it is closed. */
export type SearchedMoments = AsyncDisposable & {
  /** Undefined: all moments are searched. */
  readonly atNs?: bigint;
  /** With an instant: what answers it. Without: how far journals go on from the newest copy. */
  readonly moments: readonly SearchedMoment[];
  /** Moments in between that are searched as well, for what came and went; more of them were left out. */
  readonly between: { readonly count: number; readonly left: number };
};

export type SearchedOptions = {
  readonly context: CommandContext;
  readonly found: ReadCopies;
  /** The copy that the catalog is of. */
  readonly opened: AnyCopy;
  /** Of which paths of a group mail counts that journals saw come and go between two moments. Without --at alone. */
  readonly isPassedWanted?: (path: RawPath, group: string) => boolean;
};

/**
 * Tells the catalog, for one answer, the moments that journals have and the copy has not: of each group
 * the instant of --at, and how it is now. Where a journal does not have it, the copy's moment before answers.
 */
export async function searchedMoments(
  catalog: Catalog,
  options: SearchedOptions,
): Promise<SearchedMoments> {
  const asked = askedOf(options);
  const groups = await groupsOf(options, asked);
  const told = groups.flatMap(({ at, now }) => [at, now].filter(isReplayed));
  const passed = groups.flatMap((one) => one.passed);
  const nothing = { count: 0, left: 0 };
  const answer = {
    ...(asked === undefined ? {} : { atNs: asked.atNs }),
    moments: groups.flatMap(({ at, now }) => (asked === undefined ? now : at) ?? []),
    between: nothing,
  };
  if (passed.length > 0) {
    const held = await tellOrWarn(
      catalog,
      [...passed, ...told],
      options,
      "what came and went between two moments is not searched",
    );
    const left = groups.reduce((sum, one) => sum + one.left, 0);
    if (held !== undefined) return { ...answer, between: { count: passed.length, left }, ...held };
  }
  if (told.length === 0) return { ...answer, [Symbol.asyncDispose]: async () => undefined };
  const held = await tellOrWarn(catalog, told, options, "what the copy alone has is searched");
  if (held !== undefined) return { ...answer, ...held };
  return {
    ...answer,
    moments: asked === undefined ? [] : groups.flatMap((one) => withoutJournal(one, asked)),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Undefined, with a warning, where one of them cannot be opened: then the catalog is as it was. */
async function tellOrWarn(
  catalog: Catalog,
  told: readonly Replayed[],
  options: SearchedOptions,
  otherwise: string,
): Promise<AsyncDisposable | undefined> {
  try {
    const held = await tellMoments(catalog, told, options);
    return { [Symbol.asyncDispose]: async () => await held[Symbol.asyncDispose]() };
  } catch (error) {
    if (!isRecoveryError(error) || error.retryable || isCatalogError(error)) throw error;
    if (isInterruption(error)) throw error;
    options.context.output.warning(`${otherwise}: ${safeText(error.message)}`);
    return undefined;
  }
}

function isReplayed(one: SearchedMoment | Replayed | undefined): one is Replayed {
  return one?.replay !== undefined;
}

/** What the copy has of it. */
function withoutJournal({ at, before, opened }: OfGroup, asked: Asked): readonly SearchedMoment[] {
  if (at === undefined || !isReplayed(at)) return at === undefined ? [] : [at];
  if (before === undefined) return [];
  return [{ opened, chosen: chosenOf(before, asked), reason: "it cannot be opened" }];
}

type Asked = { readonly atNs: bigint; readonly askedNs?: bigint; readonly id?: string };

function askedOf({ context, found }: SearchedOptions): Asked | undefined {
  const { arguments: typed, surroundings } = context;
  const at = typed.text("at");
  if (at === undefined) return undefined;
  const asked = {
    now: surroundings.now(),
    zone: found.site.zone,
    subject: typed.positionals[1] ?? "the copy",
  };
  if (isInstant(at) && found.points.length > 0) {
    const askedNs = askedInstant(at, asked);
    // A journal may go on from a moment that the clock calls later; else this says what there is.
    const oldest = found.points.reduce((a, b) => (b.atNs < a.atNs ? b : a));
    if (oldest.atNs <= askedNs) return { atNs: askedNs, askedNs };
  }
  const { point, askedNs } = chooseMoment(found.points, at, asked);
  return askedNs === undefined ? { atNs: point.atNs, id: point.id } : { atNs: askedNs, askedNs };
}

type Replayed = SearchedMoment & {
  readonly continuous: ContinuousCopy;
  readonly replay: ContinuousMoment;
};
type OfGroup = {
  /** The copy that is searched, and its moment at the instant that was asked for. */
  readonly opened: AnyCopy;
  readonly before?: RecoveryPoint;
  readonly at?: SearchedMoment | Replayed;
  /** Newer than the newest moment of the copy. */
  readonly now?: Replayed;
  /** Between the others, for what came and went; so many were left out. */
  readonly passed: readonly Replayed[];
  readonly left: number;
};

/** The moments of each group of the copy that is searched. */
async function groupsOf(
  { context, found, opened, isPassedWanted }: SearchedOptions,
  asked: Asked | undefined,
): Promise<readonly OfGroup[]> {
  const { signal } = context.surroundings;
  const points = found.candidates
    .filter(({ copy }) => found.copyOf(copy) === opened)
    .flatMap(({ moments }) => moments);
  const isFilled = !context.arguments.has("no-fill");
  const groups: OfGroup[] = [];
  for (const [group, moments] of Map.groupBy(points, (point) => point.group)) {
    const journal = isFilled ? journalOf(group, found) : undefined;
    const continuous = journal?.continuous?.basedOn(opened.copy.name);
    const now = await newestOf(continuous, moments, signal);
    const replayed = (one: ContinuousMoment | undefined, of: Asked | undefined) =>
      one === undefined || journal === undefined || continuous === undefined
        ? undefined
        : { opened: journal, continuous, replay: one, chosen: chosenOf(one.point, of) };
    const at =
      asked === undefined
        ? undefined
        : await atInstant(asked, { moments, opened, continuous, signal, replayed });
    const newest = replayed(now, undefined);
    const isSame = at !== undefined && "replay" in at && at.replay?.point.id === now?.point.id;
    const before = asked === undefined ? undefined : newestBy(asked.atNs, moments);
    const between =
      isPassedWanted !== undefined &&
      asked === undefined &&
      continuous !== undefined &&
      journal?.journal !== undefined
        ? await passedMoments(continuous, {
            journal: journal.journal.reader,
            searched: now === undefined ? moments : [...moments, now.point],
            isWanted: (path) => isPassedWanted(path, group),
            signal,
          })
        : { moments: [], left: 0 };
    groups.push({
      opened,
      passed: between.moments.flatMap((one) => replayed(one, undefined) ?? []),
      left: between.left,
      ...(before === undefined ? {} : { before }),
      ...(at === undefined ? {} : { at }),
      ...(newest === undefined || isSame ? {} : { now: newest }),
    });
  }
  return groups;
}

function chosenOf(point: RecoveryPoint, asked: Asked | undefined): ChosenMoment {
  return asked?.askedNs === undefined ? { point } : { point, askedNs: asked.askedNs };
}

function journalOf(group: string, { copies }: ReadCopies): AnyCopy | undefined {
  return copies.find(({ journal }) => journal?.reader.group === group);
}

async function newestOf(
  continuous: ContinuousCopy | undefined,
  moments: readonly RecoveryPoint[],
  signal: AbortSignal,
): Promise<ContinuousMoment | undefined> {
  const end = (await continuous?.moments(undefined, signal))?.at(-1);
  if (continuous === undefined || end === undefined) return undefined;
  if (moments.some(({ atNs }) => atNs >= end.atNs)) return undefined;
  const moment = await continuous.momentAt(end.atNs, signal);
  return "point" in moment ? moment : undefined;
}

function newestBy(atNs: bigint, moments: readonly RecoveryPoint[]): RecoveryPoint | undefined {
  return moments.findLast((point) => point.atNs <= atNs);
}

async function atInstant(
  asked: Asked,
  {
    moments,
    opened,
    continuous,
    signal,
    replayed,
  }: {
    readonly moments: readonly RecoveryPoint[];
    readonly opened: AnyCopy;
    readonly continuous: ContinuousCopy | undefined;
    readonly signal: AbortSignal;
    readonly replayed: (
      moment: ContinuousMoment | undefined,
      asked: Asked | undefined,
    ) => Replayed | undefined;
  },
): Promise<SearchedMoment | undefined> {
  const before = newestBy(asked.atNs, moments);
  // A moment of the copy that was named, or fits exactly, is the finest.
  const isCopys = before !== undefined && (before.id === asked.id || before.atNs === asked.atNs);
  const moment = isCopys ? undefined : await continuous?.momentAt(asked.atNs, signal);
  if (moment !== undefined && "point" in moment) return replayed(moment, asked);
  if (before === undefined) return undefined;
  return {
    opened,
    chosen: chosenOf(before, asked),
    ...(moment === undefined ? {} : { reason: moment.reason }),
  };
}

async function tellMoments(
  catalog: Catalog,
  told: readonly Replayed[],
  { context, opened }: SearchedOptions,
): Promise<AsyncDisposable> {
  const { output, surroundings } = context;
  const { signal } = surroundings;
  const byId = new Map(told.map((one) => [momentKey(one.replay.point), one]));
  const { copy } = opened;
  const points = new Map((await copy.moments(undefined, signal)).map((one) => [one.id, one]));
  return await fillProvisionally(catalog, {
    moments: told
      .map(({ replay }) => replay.point)
      .toSorted((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0)),
    open: async (moment) =>
      await openReplayed(byId.get(momentKey(moment)) as Replayed, opened, signal),
    openKnown: async ({ id }: KnownMoment) =>
      await copy.open(points.get(id) as RecoveryPoint, signal),
    onWait: () => output.note("Another run fills the catalog: waiting for it"),
    signal,
  });
}

/** Two journals may have counted alike. */
function momentKey({ id, group }: Pick<FillableMoment, "id" | "group">): string {
  return `${group}\n${id}`;
}

async function openReplayed(
  { continuous, replay: { point, base, unknown } }: Replayed,
  { repository }: AnyCopy,
  signal: AbortSignal,
): Promise<FillSource> {
  const recorded =
    repository === undefined ? [] : await recordedProblems(repository, base.point, signal);
  return {
    image: await continuous.open(point, signal),
    missing: [...recorded, ...unknown.map(placeOf)],
  };
}

/** Below which path a gap leaves open what changed. */
function placeOf({ narrowed, path }: JournalGap): string {
  const place = narrowed === undefined ? path : narrowed.path;
  return place === undefined ? "" : displayPath(place);
}

/** Which moments answer, how exact they are, and what is unknown. */
export function tellSearched(
  { atNs, moments, between }: SearchedMoments,
  { context, found }: Pick<SearchedOptions, "context" | "found">,
): void {
  const { output } = context;
  const { zone } = found.site;
  for (const { opened, chosen, replay, reason } of moments) {
    const group = safeText(chosen.point.group);
    if (replay === undefined) {
      output.note(`${group} as of ${momentText(chosen, zone)}`);
      output.note(`  from copy ${copyText(opened.copy)}`);
      if (reason !== undefined) output.note(`  its journal does not have that moment: ${reason}`);
      continue;
    }
    if (atNs === undefined)
      output.note(`${group} up to ${formatInstant(chosen.point.atNs, zone)}, by its journal`);
    else output.note(`${group} as of ${momentText(chosen, zone)}`);
    const lines = replayText(replay, zone);
    const isQuiet = replay.unknown.length === 0 && replay.earlier.length === 0;
    if (atNs === undefined && isQuiet) continue;
    for (const line of lines) output.note(`  ${line}`);
  }
  const { count, left } = between;
  if (count > 0)
    output.note(`${plural(count, "moment")} of the journal in between, for what came and went`);
  if (left > 0)
    output.note(
      `mail came and went at ${plural(left, "older moment")} as well, which are not searched: name a mailbox, or a moment with --at`,
    );
}

/** The same for programs. */
export function searchedJson({ moments }: SearchedMoments): readonly object[] {
  return moments.map(({ opened, chosen, replay, reason }) => ({
    ...viewMomentJson({ opened, chosen, ...(replay === undefined ? {} : { replay }) }),
    ...(reason === undefined ? {} : { notInJournal: reason }),
  }));
}
