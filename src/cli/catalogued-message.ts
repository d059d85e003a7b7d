import type {
  Catalog,
  FoundMessage,
  FoundPlacement,
  KnownMoment,
  MomentInterval,
  PlacementState,
} from "#catalog";
import { displayPath, joinRawPath, type RawPath, rawPathFromText } from "#image";
import { fillFromCopy, openCopyCatalog, tellFilled } from "./catalog-access.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { copyToSearch } from "./copy-to-search.ts";
import { messageId, parseMessageId } from "./message-id.ts";
import type { ReadCopies } from "./methods/index.ts";
import { isMomentId } from "./moments.ts";
import { type SearchedMoments, searchedMoments } from "./searched-moments.ts";
import type { Site } from "./site.ts";
import { toRfc3339Nano } from "#time";
import { safeText } from "./text.ts";

/** A message that `find` named, as a target of the moment that has it. */
export type CataloguedMessage = {
  /** Its file, or "FOLDER#UID". */
  readonly target: string;
  /** The moment's ID, or its instant. */
  readonly at: string;
};

/**
 * What "m:1f3a52…" stands for: the message in the newest moment that has it, or in the one that --at
 * names. The catalog is filled first where it does not know it.
 */
export async function cataloguedMessage(
  typed: string,
  found: ReadCopies,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): Promise<CataloguedMessage> {
  const digits = parseMessageId(typed);
  if (digits === undefined) throw new Error(`${typed} is no ID of a message`);
  const opened = copyToSearch(found, context);
  await using catalog = await openCopyCatalog(opened, { context, site });
  const at = context.arguments.text("at");
  let known = await catalog.messagesByIdentity(digits, { limit: 2 });
  if (known.length === 0) {
    tellFilled(await fillFromCopy(catalog, opened, { context }), { context, site });
    known = await catalog.messagesByIdentity(digits, { limit: 2 });
  }
  // What journals have, where the copy's moments are not meant, or do not have it.
  const isByJournal = at === undefined ? known.length === 0 : !isMomentId(at);
  await using searched = isByJournal
    ? await searchedMoments(catalog, { context, found, opened, isPassedWanted: () => true })
    : undefined;
  if (isByJournal) known = await catalog.messagesByIdentity(digits, { limit: 2 });
  const message = onlyOne(known, typed);
  const wanted = at === undefined ? [undefined] : await chosenMoments(at, { catalog, searched });
  const place = wanted.map((one) => placeAt(message, one)).find((one) => one !== undefined);
  if (place !== undefined) {
    const { target, moment } = place;
    // One of a journal is opened by the instant that was asked for, or by its own.
    const isReplayed = moment.id.startsWith("journal-");
    return { target, at: isReplayed ? (at ?? toRfc3339Nano(moment.atNs)) : moment.id };
  }
  throw new CliError(
    "cli.nothing-matched",
    `Cannot find "${safeText(typed)}" at that moment: it was in no folder then`,
    {
      hint: "Leave --at out for the newest moment that has it; `restante find` says when it was where.",
    },
  );
}

/** The moments that --at means: by the first digits of an ID, or those that answer for an instant. */
async function chosenMoments(
  at: string,
  {
    catalog,
    searched,
  }: { readonly catalog: Catalog; readonly searched: SearchedMoments | undefined },
): Promise<readonly KnownMoment[]> {
  const ids =
    searched === undefined
      ? [at.toLowerCase()]
      : searched.moments.map(({ chosen }) => chosen.point.id);
  return (await catalog.moments()).filter(({ id }) => ids.some((wanted) => id.startsWith(wanted)));
}

function onlyOne(known: readonly FoundMessage[], typed: string): FoundMessage {
  const [message, another] = known;
  if (message === undefined) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find "${safeText(typed)}": no moment of the copy has such a message`,
      { hint: "`restante find` gives the ID of each message in its first column." },
    );
  }
  if (another === undefined) return message;
  throw new CliError(
    "cli.usage",
    `Cannot tell which message "${safeText(typed)}" is: there are ${messageId(message.identity)}, ${messageId(another.identity)} and perhaps more`,
    { hint: "Give more of its digits; JSON of `restante find` has all 64." },
  );
}

type Standing = {
  readonly placement: FoundPlacement;
  readonly state: PlacementState;
  readonly interval: MomentInterval;
};

/** Where it stood in that moment; without one in the newest that has it. */
function placeAt(
  { placements }: FoundMessage,
  wanted: KnownMoment | undefined,
): { readonly target: string; readonly moment: KnownMoment } | undefined {
  const standings = placements.flatMap((placement) =>
    placement.states.flatMap((state) =>
      state.intervals.map((interval): Standing => ({ placement, state, interval })),
    ),
  );
  const newestFirst = standings.toSorted((a, b) =>
    a.interval.until.atNs < b.interval.until.atNs ? 1 : -1,
  );
  const chosen =
    wanted === undefined
      ? newestFirst[0]
      : newestFirst.find(({ interval }) => isWithin(wanted, interval));
  if (chosen === undefined) return undefined;
  return { target: targetOf(chosen), moment: wanted ?? chosen.interval.until };
}

function isWithin(moment: KnownMoment, { from, until }: MomentInterval): boolean {
  return (
    moment.history === until.history && moment.order >= from.order && moment.order <= until.order
  );
}

function targetOf({ placement, state, interval }: Standing): string {
  const { paths } = interval.until;
  // A moment of several folders opens at the root of its machine.
  const root = rawPathFromText(paths.length === 1 ? (paths[0] as string) : "/");
  const isOwnFile = placement.account.layout === "maildir" || state.uid === undefined;
  const path = isOwnFile ? (state.key as RawPath) : placement.mailboxPath;
  const absolute = displayPath(path === "" ? root : joinRawPath(root, path));
  return isOwnFile ? absolute : `${absolute}#${state.uid}`;
}
