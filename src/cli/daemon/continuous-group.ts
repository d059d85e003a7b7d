import { hostname } from "node:os";
import { join } from "node:path";
import { type DaemonGroup, type DaemonStage, mailIn, type StageStatus } from "#daemon";
import { type RawPath, rawPathFromText } from "#image";
import { type Journal, journalFolderName, openJournal } from "#journal";
import { type DeliveryStage, parseEndpoint, startDeliveryStage, systemStageClock } from "#lmtp";
import { everyChangeSince } from "#policy";
import { captureContinuously, liveSource } from "#sources";
import { foldersOfOthers } from "../capture-plan.ts";
import { volumesOf } from "../capture-store.ts";
import type { CommandContext } from "../command.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import type { Site } from "../site.ts";
import { BaseCopies } from "./base-copies.ts";
import type { ContinuousPlan } from "./continuous-plan.ts";

export type GroupSite = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly onNote: (text: string) => void;
};

/** A group with all that the daemon works with: the journal's folder, the copy, the store, the stage. */
export function continuousGroup(plan: ContinuousPlan, groupSite: GroupSite): DaemonGroup {
  const { context } = groupSite;
  const { base, tag, journalFolder, deliveryStage } = plan;
  const { now } = context.surroundings;
  const folder = rawPathFromText(base.folder);
  const bases = new BaseCopies(plan, groupSite);
  return {
    name: tag,
    shown: base.shown,
    folder,
    journalPlace: journalFolder,
    openJournal: async () => await journalOf(plan, groupSite),
    newestBase: async (signal, byNs) => await bases.newest(signal, byNs),
    takeBase: async (signal) => await bases.take(signal),
    openBase: async (moment, signal) => await bases.open(moment, signal),
    capture: async (options) => {
      const others = await othersIn(plan, options.signal);
      return await captureContinuously({
        ...options,
        group: tag,
        folder,
        ...(others.size === 0 ? {} : { isProtected: (path: RawPath) => !isBelow(path, others) }),
        ...(await volumesOf(base)),
        stateFolder: join(stateFolderOf(context), "observed", journalFolderName(tag)),
        clock: now,
      });
    },
    ...(deliveryStage === undefined
      ? {}
      : {
          startStage: async (openNow) => stageOf(await startStage(plan, { groupSite, openNow })),
        }),
    mailThere: (signal) => mailIn(folder, signal),
    baseEveryMs: plan.baseEveryMs,
    keepChangesSince: (nowNs) =>
      everyChangeSince(plan.keep, { now: nowNs, zone: groupSite.site.zone }),
    signals: plan.signals,
  };
}

/** Under the password of the copy that its bases go to: whoever opens the one opens the other. */
async function journalOf(plan: ContinuousPlan, { context, onNote }: GroupSite): Promise<Journal> {
  const { journalFolder, tag, base } = plan;
  const place = base.groups[0]?.place;
  if (place === undefined) throw new Error("a plan has a group");
  const password = await context.passwords.password(place.folder, {
    source: place.passwordSource,
  });
  const journal = await openJournal({
    folder: journalFolder,
    secret: { password },
    group: tag,
    clock: context.surroundings.now,
  });
  for (const { message } of journal.problems) onNote(message);
  return journal;
}

/** The mailboxes of other groups in the same store, by their folders. */
async function othersIn(
  { base, tag }: ContinuousPlan,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<RawPath>> {
  const [group] = base.groups;
  if (group?.has === undefined) return new Set();
  await using image = await liveSource().stableImage({
    folder: rawPathFromText(base.folder),
    group: tag,
    ...(signal === undefined ? {} : { signal }),
  });
  return await foldersOfOthers(image, {
    has: group.has,
    root: rawPathFromText(base.folder),
  });
}

function isBelow(path: RawPath, folders: ReadonlySet<RawPath>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1))
    if (folders.has(path.slice(0, end) as RawPath)) return true;
  return false;
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
