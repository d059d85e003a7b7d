import { hostname } from "node:os";
import { join } from "node:path";
import {
  type DaemonGroup,
  type DaemonStage,
  type GroupMirror,
  mailIn,
  type MirroredGroup,
  type StageStatus,
} from "#daemon";
import { joinRawPath, type RawPath, rawPathFromText } from "#image";
import {
  type FolderJournal,
  type Journal,
  journalFolderName,
  JournalMirror,
  openJournal,
} from "#journal";
import { type DeliveryStage, parseEndpoint, startDeliveryStage, systemStageClock } from "#lmtp";
import { everyChangeSince } from "#policy";
import { captureContinuously, type ContinuousCaptureOptions, liveSource } from "#sources";
import { openMailStore, partsByFacts } from "#mail";
import { foldersOfPlan, othersAmong, rootOfPlan, type StorePlan } from "../capture-plan.ts";
import { volumesOf } from "../capture-store.ts";
import type { CommandContext } from "../command.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { withServerFacts } from "../server-places.ts";
import type { Site } from "../site.ts";
import { acceptPlaces, type AcceptedPlace, howToAccept } from "./accepted-places.ts";
import { logAt } from "../storage-at.ts";
import { BaseCopies } from "./base-copies.ts";
import type { ContinuousPlan } from "./continuous-plan.ts";
import { OtherMailboxes } from "./other-mailboxes.ts";

export type GroupSite = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly onNote: (text: string) => void;
  /** What a person said is right as it is. */
  readonly accepted?: readonly AcceptedPlace[];
};

/** A group with all that the daemon works with: the journal's folder, the copy, the store, the stage. */
export function continuousGroup(plan: ContinuousPlan, groupSite: GroupSite): DaemonGroup {
  const { context } = groupSite;
  const { base, tag, journalFolder, deliveryStage } = plan;
  const { now } = context.surroundings;
  const folder = rawPathFromText(base.folder);
  // Once: a group that fails and is started again accepts nothing more.
  const accepted = [...(groupSite.accepted ?? [])];
  const bases = new BaseCopies(plan, groupSite);
  let journal: FolderJournal | undefined;
  const told = new Set<string>();
  return {
    name: tag,
    shown: base.shown,
    folder,
    journalPlace: journalFolder,
    openJournal: async () => {
      journal = await journalOf(plan, groupSite);
      // A journal tells of all that is wrong with it each time that it is opened.
      const news = new Set(journal.problems.map(({ message }) => message)).difference(told);
      for (const message of news) groupSite.onNote(message);
      for (const message of news) told.add(message);
      return journal;
    },
    checkJournal: async () => await journal?.check(),
    ...(plan.journalMirror === undefined
      ? {}
      : {
          openMirror: async (options) => await mirrorOf(plan, groupSite, { ...options, journal }),
        }),
    newestBase: async (signal, byNs) => await bases.newest(signal, byNs),
    takeBase: async (signal) => await bases.take(signal),
    openBase: async (moment, signal) => await bases.open(moment, signal),
    capture: async (options) => {
      const isOther = await othersIn(plan, options.signal);
      return await captureContinuously({
        ...options,
        group: tag,
        folder,
        beside: (base.beside ?? []).map(rawPathFromText),
        ...(base.facts === undefined ? {} : { facts: base.facts }),
        ...(isOther === undefined ? {} : { isProtected: (path: RawPath) => !isOther(path) }),
        ...(await volumesOf(base)),
        ...logsOf(plan),
        stateFolder: join(stateFolderOf(context), "observed", journalFolderName(tag)),
        clock: now,
        howToAccept: (path) => howToAccept(rootOfPlan(base), path),
      });
    },
    accept: async (capture) =>
      await acceptPlaces(capture, { places: accepted.splice(0), ...groupSite }),
    ...(deliveryStage === undefined
      ? {}
      : {
          startStage: async (openNow) => stageOf(await startStage(plan, { groupSite, openNow })),
        }),
    mailThere: (signal) => mailOf(base, signal),
    ship: async (given, options) => {
      if (journal === undefined || given !== journal) return { segments: 0, bytesStored: 0 };
      return await bases.ship(journal, options);
    },
    baseEveryMs: plan.baseEveryMs,
    keepChangesSince: (nowNs) =>
      everyChangeSince(plan.keep, { now: nowNs, zone: groupSite.site.zone }),
    signals: plan.signals,
  };
}

/** Where else to hear of changes. */
function logsOf({ hints }: ContinuousPlan): Pick<ContinuousCaptureOptions, "hintSources"> {
  return hints === undefined ? {} : { hintSources: hints };
}

/** What is older is in the copy, too, once something follows it: a machine that is lost takes no more along. */
const sealAfterMs = 15 * 60_000;

/** Under the password of the copy that its bases go to: whoever opens the one opens the other. */
async function journalOf(plan: ContinuousPlan, { context }: GroupSite): Promise<FolderJournal> {
  const { journalFolder, tag, base } = plan;
  const place = base.groups[0]?.place;
  if (place === undefined) throw new Error("a plan has a group");
  const password = await context.passwords.password(place.folder, {
    source: place.passwordSource,
  });
  return await openJournal({
    folder: journalFolder,
    secret: { password },
    group: tag,
    clock: context.surroundings.now,
    sealAfterMs,
  });
}

async function mirrorOf(
  { journalMirror, journalFolder }: ContinuousPlan,
  { context }: GroupSite,
  { journal, ...options }: Omit<MirroredGroup, "journal"> & { journal: FolderJournal | undefined },
): Promise<GroupMirror> {
  if (journal === undefined || journalMirror === undefined)
    throw new Error("a journal is mirrored when it is open, and where it has a mirror");
  const { environment } = context.surroundings;
  // Not with the run's signal: when that comes, the end of the journal is still to be carried.
  const there = await logAt(journalMirror, { environment });
  const here = await logAt(journalFolder, { environment });
  const mirror = new JournalMirror({ ...options, journal, source: here.log, target: there.log });
  return {
    get status() {
      return mirror.status;
    },
    run: async (signal) => await mirror.run(signal),
    finish: async (signal) => await mirror.finish(signal),
    [Symbol.asyncDispose]: async () => {
      await there[Symbol.asyncDispose]();
      await here[Symbol.asyncDispose]();
    },
  };
}

/** The mail in all folders of a store, by its paths in the Image. */
async function* mailOf(base: StorePlan, signal: AbortSignal): ReturnType<DaemonGroup["mailThere"]> {
  const folders = foldersOfPlan(base).map(rawPathFromText);
  for (const folder of folders)
    for await (const found of mailIn(folder, signal)) {
      const at = folder.replace(/^\/+/, "") as RawPath;
      yield folders.length === 1 ? found : { ...found, path: joinRawPath(at, found.path) };
    }
}

/** Whether a path is of another group's mailboxes in the same store: what lies apart goes by the mailbox's own folder. */
async function othersIn(
  { base, tag }: ContinuousPlan,
  signal: AbortSignal | undefined,
): Promise<((path: RawPath) => boolean) | undefined> {
  const [group] = base.groups;
  if (group?.has === undefined) return undefined;
  await using image = await liveSource().stableImage({
    folder: rawPathFromText(base.folder),
    beside: (base.beside ?? []).map(rawPathFromText),
    group: tag,
    ...(signal === undefined ? {} : { signal }),
  });
  const { has } = group;
  const root = rawPathFromText(rootOfPlan(base));
  const { accounts } = await openMailStore(withServerFacts(image, base.facts));
  const others = othersAmong(accounts, { has, root });
  const mailboxes = new OtherMailboxes({ accounts, others, has, root });
  const partsOf = base.facts === undefined ? () => undefined : partsByFacts(base.facts);
  return (path) => mailboxes.has(partsOf(path)?.mail ?? path);
}

async function startStage(
  { deliveryStage }: ContinuousPlan,
  {
    groupSite: { context, onNote },
    openNow,
  }: { readonly groupSite: GroupSite; readonly openNow: (failed?: Journal) => Promise<Journal> },
): Promise<DeliveryStage> {
  if (deliveryStage === undefined) throw new Error("a stage is started where there is one");
  const stage = await startDeliveryStage({
    listen: deliveryStage.listen.map(parseEndpoint),
    server: parseEndpoint(deliveryStage.server),
    name: hostname(),
    openJournal: openNow,
    whenJournalFails: deliveryStage.whenJournalFails,
    clock: systemStageClock(context.surroundings.now),
    onJournalFailure: ({ message }) => onNote(`the delivery stage cannot journal: ${message}`),
    onJournalRecovery: (events) =>
      onNote(`the delivery stage journals again; ${events} events were owed`),
  });
  onNote(`delivery stage listening on ${stage.addresses.join(", ")}`);
  return stage;
}

function stageOf(stage: DeliveryStage): DaemonStage {
  return {
    get status() {
      return stageCounters(stage);
    },
    ended: new Promise(() => undefined),
    [Symbol.asyncDispose]: async () => await stage.stop(),
  };
}

function stageCounters({ status }: DeliveryStage): StageStatus {
  const { messages, recipients, sessions, receivedBytes, isJournalWorking } = status;
  return {
    sessions: sessions.now,
    messages: messages.total,
    delivered: recipients.delivered,
    refused: recipients.refused,
    passedThrough: messages.passedThrough,
    receivedBytes,
    isJournalWorking,
  };
}
