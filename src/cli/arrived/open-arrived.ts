import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Copy } from "#copies";
import { type RawPath, rawPathFromText } from "#image";
import { type JournalReader, openJournalReader, type Sequence } from "#journal";
import {
  type ArrivedMail,
  arrivedMail,
  type ArrivedMessage,
  continuousCopy,
  type JournalSurvey,
  surveyJournal,
} from "#methods";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { readCopies, tellUnavailable } from "../methods/index.ts";
import { imageRoot } from "../moment-view.ts";
import { askedInstant, type ChosenMoment } from "../moments.ts";
import { openSite, type Site } from "../site.ts";
import { safeText } from "../text.ts";
import { addressesAbove, isArrivedFor, ownerOf } from "./arrived-for.ts";

/** What became of the mail that a journal's delivery stage took in, up to a moment. */
export type OpenArrived = AsyncDisposable & {
  readonly site: Site;
  readonly journal: JournalReader;
  readonly copy: Copy;
  readonly chosen: ChosenMoment;
  /** The folder that the group is of. */
  readonly store: string;
  /** Of the whole journal. */
  readonly arrived: ArrivedMail;
  /** What may be missing of those that TARGET means, by owner, ascending. */
  readonly missing: ReadonlyMap<string, readonly ArrivedMessage[]>;
  readonly unanswered: readonly ArrivedMessage[];
};

type Source = {
  readonly site: Site;
  readonly journal: JournalReader;
  readonly copy: Copy;
  readonly store: string;
  readonly root: RawPath;
  readonly watchedUntilNs?: bigint;
  readonly isMeant: (owner: string) => boolean;
  readonly isFollowed?: (recipient: string) => boolean;
};

/** Opens the journal of TARGET's group, or the one of a stage of its own that --journal names, and looks through it. */
export async function openArrived(typed: string, context: CommandContext): Promise<OpenArrived> {
  const { surroundings } = context;
  const { signal } = surroundings;
  await using disposables = new AsyncDisposableStack();
  const folder = context.arguments.text("journal");
  const source =
    folder === undefined
      ? await ofGroup(typed, context, disposables)
      : await ofFolder(
          resolve(surroundings.workingFolder, folder),
          { typed, context },
          disposables,
        );
  const { site, journal, copy, store, root, watchedUntilNs, isFollowed } = source;
  const survey = await surveyJournal(journal, signal);
  const { sequence, ...asked } = upToOf(survey, { site, context, subject: typed });
  const arrived = await arrivedMail(journal, {
    survey,
    upTo: sequence,
    addressesOf: (path) => addressesAbove(path, root),
    ...(watchedUntilNs === undefined ? {} : { watchedUntilNs }),
    ...(isFollowed === undefined ? {} : { isFollowed }),
    signal,
  });
  const isMeant = (one: ArrivedMessage): boolean => source.isMeant(ownerOf(one));
  const meant = arrived.missing.filter(isMeant);
  const owners = [...Map.groupBy(meant, ownerOf)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const held = disposables.move();
  return {
    site,
    journal,
    copy,
    store,
    arrived,
    missing: new Map(owners),
    unanswered: arrived.unanswered.filter(isMeant),
    chosen: {
      ...(asked.askedNs === undefined ? {} : { askedNs: asked.askedNs }),
      point: {
        id: `journal-${sequence}`,
        group: journal.group,
        sequence,
        generation: journal.id,
        atNs: asked.askedNs ?? survey.last?.atNs ?? 0n,
        consistency: "crash",
        paths: [store],
        hostname: hostname(),
        tags: [],
      },
    },
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

async function ofGroup(
  typed: string,
  context: CommandContext,
  disposables: AsyncDisposableStack,
): Promise<Source> {
  const site = await openSite(context);
  const found = disposables.use(await readCopies(typed, { context, site, journals: true }));
  const { target, points } = found;
  if (target === undefined) throw new Error("a target was typed and not resolved");
  tellUnavailable(found, context, site);
  const groups = new Set([...(target.groups ?? []), ...points.map(({ group }) => group)]);
  const journals = found.copies.flatMap(({ journal, copy }) =>
    journal !== undefined && groups.has(journal.reader.group) ? [{ ...journal, copy }] : [],
  );
  const [first, ...others] = journals;
  if (first === undefined)
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find what arrived for "${safeText(typed)}": there is no journal of it`,
      { hint: "Name that of a delivery stage of its own with --journal DIR." },
    );
  if (others.length > 0)
    throw new CliError(
      "cli.usage",
      `Cannot tell what arrived for "${safeText(typed)}": it stands in several groups`,
      {
        hint: `Name one with --group: ${journals.map(({ reader }) => JSON.stringify(safeText(reader.group))).join(", ")}.`,
      },
    );
  const { reader, copy, watchedUntilNs } = first;
  const isFollowed = await followedBy(reader.group, site);
  const point = points.find(({ group }) => group === reader.group);
  return {
    site,
    journal: reader,
    copy,
    store: target.store,
    root: point === undefined ? rawPathFromText(target.store) : imageRoot(point),
    ...(watchedUntilNs === undefined ? {} : { watchedUntilNs }),
    isMeant: (owner) => isArrivedFor(owner, target),
    ...(isFollowed === undefined ? {} : { isFollowed }),
  };
}

/** All mail of a server comes in through its stage, and one line of business is followed. */
async function followedBy(
  tag: string,
  { config, groups }: Site,
): Promise<Source["isFollowed"] | undefined> {
  const group = groups.find((one) => one.tag === tag);
  if (config === undefined || group === undefined) return undefined;
  const { groupOfMailbox } = await import("#policy");
  return (recipient) =>
    groupOfMailbox(config, { server: group.server, mailbox: ownerOf({ recipient }) })?.name ===
    group.name;
}

/** A stage that runs by itself sees no store: whatever the server took may be missing. TARGET is an address, or a folder for all. */
async function ofFolder(
  folder: string,
  { typed, context }: { readonly typed: string; readonly context: CommandContext },
  disposables: AsyncDisposableStack,
): Promise<Source> {
  const { signal } = context.surroundings;
  const site = await openSite(context);
  const password = await context.passwords.password(folder);
  const journal = disposables.use(
    await openJournalReader({ folder, secret: { password }, signal }),
  );
  const copy = continuousCopy({ name: "journal", journal, bases: [] });
  const isFolder = !typed.includes("@");
  const { matchesMailbox } = await import("#policy");
  return {
    site,
    journal,
    copy,
    store: isFolder ? resolve(context.surroundings.workingFolder, typed) : folder,
    root: "/" as RawPath,
    isMeant: (owner) => isFolder || matchesMailbox(typed, owner),
  };
}

const journalMoment = /^journal-(\d{1,15})$/;

/** The last event that --at means; without it the newest. */
function upToOf(
  { last, times }: JournalSurvey,
  asking: { readonly site: Site; readonly context: CommandContext; readonly subject: string },
): { readonly sequence: Sequence; readonly askedNs?: bigint } {
  const { site, context, subject } = asking;
  const at = context.arguments.text("at")?.trim();
  const newest = last?.sequence ?? 0;
  if (at === undefined || at.toLowerCase() === "latest") return { sequence: newest };
  const event = journalMoment.exec(at)?.[1];
  if (event !== undefined) return { sequence: Math.min(Number(event), newest) };
  const askedNs = askedInstant(at, { now: context.surroundings.now(), zone: site.zone, subject });
  return { sequence: times.at(askedNs)?.sequence ?? 0, askedNs };
}
