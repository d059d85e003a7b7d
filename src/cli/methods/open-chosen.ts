import {
  type Alternative,
  type ChooseCopyOptions,
  chooseCopy,
  type CopyCandidate,
  type CopyChoice,
  damagedTag,
} from "#copies";
import { isRecoveryError, type RecoveryError } from "#errors";
import { type Image, rootPath } from "#image";
import type { ContinuousMoment, PullList } from "#methods";
import { formatDuration, formatInstant } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { isInterruption } from "../exit-codes.ts";
import { askedInstant, type ChosenMoment, chooseMoment, isMomentId } from "../moments.ts";
import { safeText } from "../text.ts";
import type { AnyCopy } from "./any-copy.ts";
import { insistedWords } from "./method-words.ts";
import { copyText, type ReadCopies, stillThere } from "./read-copies.ts";

/** A moment, the copy that it was found best to open it from, and what else there is. */
export type ChosenCopy = {
  readonly opened: AnyCopy;
  readonly chosen: ChosenMoment;
  readonly image: Image;
  /** One sentence on why this one. */
  readonly reason: string;
  /** Other copies with a moment that would do, best first. */
  readonly others: readonly string[];
  /** Of a moment that was replayed out of a journal: on what, and what is not known of it. */
  readonly replay?: ContinuousMoment;
};

export type OpenChosenOptions = {
  readonly context: CommandContext;
  readonly at: string | undefined;
  /** What a person named, for messages. */
  readonly subject: string;
};

/**
 * Opens the moment that `at` means from the copy that serves it best. A moment that does not open is
 * set aside with a warning, and the next best is tried, unless a person insisted on this one.
 */
export async function openChosen(
  found: ReadCopies,
  options: OpenChosenOptions,
): Promise<ChosenCopy> {
  const wish = wishOf(found, options);
  const { signal } = options.context.surroundings;
  // By copy: two of them may name a moment alike.
  const setAside: SetAside = new Map();
  let first: RecoveryError | undefined;
  for (;;) {
    const choice = choose(await withAnyMoment(found, wish, signal), { wish, setAside });
    const { chosen } = choice;
    if (chosen === undefined) throw first ?? nothingThere(choice, { found, wish, ...options });
    const opened = found.copyOf(chosen.copy);
    try {
      const image = await openWhole(opened, chosen, signal);
      const { askedNs } = wish;
      const replay = await opened.continuous?.momentAt(chosen.point.atNs, signal);
      return {
        ...(replay !== undefined && "point" in replay ? { replay } : {}),
        opened,
        image,
        chosen: { point: chosen.point, ...(askedNs === undefined ? {} : { askedNs }) },
        reason: chosen.reason,
        others: othersOf(choice, found.site.zone),
      };
    } catch (error) {
      if (!isRecoveryError(error) || isInterruption(error)) throw error;
      signal.throwIfAborted();
      first ??= error;
      const { copy, point } = chosen;
      setAside.set(copy, new Map([...(setAside.get(copy) ?? []), [point.id, error.message]]));
      await tellFailed(error, { found, choice, opened, context: options.context });
      if (wish.from !== undefined || wish.id !== undefined) throw error;
    }
  }
}

/** What was asked for: a moment by its ID, an instant, or the newest; and where from. */
type Wish = {
  readonly id?: string;
  readonly askedNs?: bigint;
  readonly from?: string;
};

function wishOf(found: ReadCopies, { context, at, subject }: OpenChosenOptions): Wish {
  const { arguments: typed, surroundings } = context;
  const asked = { now: surroundings.now(), zone: found.site.zone, subject };
  const from = typed.text("from");
  const insisted = from === undefined ? {} : { from: insistedWords(from) };
  const isLatest = at === undefined || at.trim().toLowerCase() === "latest";
  // Without any moment this says so.
  if (found.points.length === 0) chooseMoment(found.points, at, asked);
  if (isLatest) return insisted;
  if (isMomentId(at)) {
    const { point, askedNs } = chooseMoment(found.points, at, asked);
    if (askedNs === undefined) return { id: point.id, ...insisted };
  }
  return { askedNs: askedInstant(at, asked), ...insisted };
}

/** A journal has a moment for every instant: of the one that was asked for. */
async function withAnyMoment(
  found: ReadCopies,
  { askedNs, id }: Wish,
  signal: AbortSignal,
): Promise<ReadCopies> {
  const candidates: CopyCandidate[] = [];
  for (const one of found.candidates) {
    const { continuous } = found.copyOf(one.copy);
    // Without any moment of the target, it is another group's.
    if (continuous === undefined || one.moments.length === 0) {
      candidates.push(one);
      continue;
    }
    const moment = askedNs === undefined ? undefined : await continuous.momentAt(askedNs, signal);
    const isSeen = moment === undefined || !("point" in moment) || moment.unknown.length === 0;
    const known = moment !== undefined && "point" in moment ? [moment.point] : [];
    const moments = askedNs === undefined || id !== undefined ? one.moments : known;
    candidates.push({ ...one, moments, ...(isSeen ? { isObserved: true } : {}) });
  }
  return { ...found, candidates };
}

function choose(
  found: ReadCopies,
  { wish, setAside }: { readonly wish: Wish; readonly setAside: SetAside },
): CopyChoice {
  const { id, askedNs, from } = wish;
  const insisted = from === undefined ? {} : { from };
  if (askedNs !== undefined) {
    const candidates = found.candidates.map((one) => without(one, setAside));
    return chooseCopy(candidates, { atNs: askedNs, ...insisted });
  }
  const candidates = found.candidates.map((one) => {
    if (id !== undefined)
      return {
        ...without(one, setAside),
        moments: one.moments.filter((point) => point.id === id),
      };
    // The last in its copy's own order: the sequence decides, whatever the clock said.
    const usable = one.moments.filter(
      (point) => setAside.get(one.copy)?.has(point.id) !== true && !point.tags.includes(damagedTag),
    );
    return { ...one, moments: usable.slice(-1) };
  });
  return chooseCopy(candidates, { atNs: newestOf(candidates), ...insisted, ...latestOptions });
}

type SetAside = Map<CopyCandidate["copy"], ReadonlyMap<string, string>>;

function without(candidate: CopyCandidate, setAside: SetAside): CopyCandidate {
  const aside = setAside.get(candidate.copy);
  return aside === undefined ? candidate : { ...candidate, setAside: aside };
}

type Failed = {
  readonly found: ReadCopies;
  readonly choice: CopyChoice;
  readonly opened: AnyCopy;
  readonly context: CommandContext;
};

async function tellFailed(
  error: RecoveryError,
  { found, choice, opened, context }: Failed,
): Promise<void> {
  const { chosen } = choice;
  if (chosen === undefined) return;
  const { zone } = found.site;
  const { output } = context;
  if (isCode(error, "methods.tape-not-at-hand")) await tellPullList(opened, chosen, context);
  const elsewhere = found.candidates.filter(({ copy }) => found.copyOf(copy) !== opened);
  const rest = stillThere(elsewhere, zone);
  output.warning(`${copyText(chosen.copy)} does not open: ${safeText(error.message)}`);
  if (rest.length > 0) output.warning(`what can still be recovered: ${rest.join("; ")}`);
}

function isCode({ code }: RecoveryError, wanted: string): boolean {
  return code === wanted;
}

/** The newest counts: only of moments of one and the same time does how their bytes hang together decide. */
const latestOptions: Pick<ChooseCopyOptions, "doubtMinutes"> = {
  doubtMinutes: { crash: 1 / 60, fuzzy: 2 / 60 },
};

function newestOf(candidates: readonly CopyCandidate[]): bigint {
  let newestNs = 0n;
  for (const { moments } of candidates)
    for (const { atNs } of moments) if (atNs > newestNs) newestNs = atNs;
  return newestNs;
}

/** Some damage shows only when the root is listed. */
async function openWhole(
  { copy }: AnyCopy,
  { point }: Alternative,
  signal: AbortSignal,
): Promise<Image> {
  const image = await copy.open(point, signal);
  try {
    await image.list(rootPath, signal);
    return image;
  } catch (error) {
    await image[Symbol.asyncDispose]();
    throw error;
  }
}

/** Of each other copy its best. */
function othersOf({ chosen, alternatives }: CopyChoice, zone: string): readonly string[] {
  const best = new Map<string, string>();
  for (const { copy, point } of alternatives)
    if (copy.name !== chosen?.copy.name && !best.has(copy.name))
      best.set(copy.name, `${copyText(copy)} of ${formatInstant(point.atNs, zone)}`);
  return [...best.values()];
}

/** Of a moment whose tapes are not here: which ones, where they are, and how long until they are. */
async function tellPullList(
  { tapes }: AnyCopy,
  { point }: Alternative,
  { output, surroundings }: CommandContext,
): Promise<void> {
  if (tapes === undefined) return;
  const { now, signal } = surroundings;
  let list: PullList;
  try {
    list = await tapes.pullList(point, { nowNs: now(), signal });
  } catch (error) {
    // What stands in the way of the list stood in the way of opening, and is told.
    if (isRecoveryError(error)) return;
    throw error;
  }
  await output.document({
    type: "pull-list",
    moment: point.id,
    tapes: list.tapes.map(({ barcode, state, atHandInMs }) => ({ barcode, state, atHandInMs })),
  });
  for (const { barcode, state, where, atHandInMs } of list.tapes) {
    const place = where === "" ? "" : ` (${safeText(where)})`;
    const when = atHandInMs === undefined ? "nobody can say when" : inWords(atHandInMs);
    output.note(`  tape ${barcode}: ${state}${place}, ${when}`);
  }
}

function inWords(ms: number): string {
  return ms === 0 ? "at hand" : `at hand in ${formatDuration(ms)}`;
}

function nothingThere(
  choice: CopyChoice,
  {
    found,
    wish,
    subject,
    context,
  }: OpenChosenOptions & {
    readonly found: ReadCopies;
    readonly wish: Wish;
  },
): CliError {
  const { askedNs } = wish;
  const from = context.arguments.text("from");
  const { zone } = found.site;
  const { nearestBefore, nearestAfter, leftOut } = choice;
  const when = askedNs === undefined ? "" : ` at ${formatInstant(askedNs, zone)}`;
  const by = from === undefined ? "" : ` from "${safeText(from)}"`;
  const why =
    nearestBefore !== undefined
      ? `${copyText(nearestBefore.copy)} has one of ${formatInstant(nearestBefore.point.atNs, zone)}. ${nearestBefore.reason.replace(/\.$/, "")}`
      : nearestAfter === undefined
        ? (leftOut[0]?.reason.replace(/\.$/, "") ?? "there is none")
        : `the oldest is of ${formatInstant(nearestAfter.point.atNs, zone)}, in ${copyText(nearestAfter.copy)}`;
  const rest = stillThere(found.candidates, zone);
  return new CliError(
    "cli.nothing-matched",
    `Cannot find a moment of "${safeText(subject)}"${by}${when}: ${why}`,
    {
      hint:
        rest.length === 0
          ? "See what there is with `restante moments`; take one with `restante capture`."
          : `There is ${rest.join("; ")}.`,
    },
  );
}
