import type { RecoveryPoint } from "#copies";
import { duplicateOffsite, type SendResult } from "#offsite";
import { initRepository } from "#repository";
import { directoryStorage } from "#storage";
import { totalMs } from "../phase-clock.ts";
import { bytesIn } from "../bytes-in.ts";
import type { Surroundings } from "../terminal.ts";
import { deliverMore } from "./deliver-more.ts";
import { openDisk, openDuplicate } from "./demo-copies.ts";
import { type DemoCopy, keepCopies } from "./keep-copies.ts";
import { compareMessageFiles, isWhole, readMessageFiles } from "./message-files.ts";
import { type DemoPlaces, placesOfFirstSite } from "./places.ts";
import { differences, listFolder, recoverAll, rehearse, type RehearseOptions } from "./rehearse.ts";
import { removeTree } from "./remove-tree.ts";
import { dateOf, largestMailbox } from "./run-demo.ts";
import type { SampleServer } from "./sample-server.ts";
import type { RehearsedEvent, SiteEvent } from "./site-event.ts";

/** Messages that reach the server after the duplicate was made: they go with the site. */
const arrivalsAfterDuplicate = 2;
const momentsSent = 2;

export type LoseSiteOptions = {
  readonly server: SampleServer;
  readonly seed: number;
  readonly surroundings: Surroundings;
  readonly tell: (event: SiteEvent) => Promise<void>;
};

export type SiteRestoredEvent = Extract<SiteEvent, { readonly kind: "site-restored" }>;

export type SiteResult = {
  readonly copies: readonly {
    readonly kept: DemoCopy["kept"];
    readonly rehearsed: RehearsedEvent;
  }[];
  readonly lossAtNs: bigint;
  readonly duplicate: {
    readonly method: string;
    readonly points: readonly RecoveryPoint[];
    readonly storedBytes: number;
    readonly restored: SiteRestoredEvent;
  };
  /** Everything came back from everywhere as it was. */
  readonly isWhole: boolean;
};

/** Keeps the server by every method and at a second site, deletes the first, and brings it back. */
export async function loseSite(places: DemoPlaces, options: LoseSiteOptions): Promise<SiteResult> {
  const { server, surroundings, tell } = options;
  const { signal } = surroundings;
  const before = await readMessageFiles(places.mail, signal);
  const listing = await listFolder(places.mail, signal);
  const was = { places, surroundings, mailbox: largestMailbox(server), before, listing };
  const copies: { kept: DemoCopy["kept"]; rehearsed: RehearsedEvent }[] = [];
  await tell({ kind: "keeping" });
  const kept = await keepCopies(places, { surroundings, tell });
  await tell({ kind: "rehearsing", copies: kept.length });
  for (const copy of kept) {
    const rehearsed = await rehearse(copy, was);
    await tell(rehearsed);
    copies.push({ kept: copy.kept, rehearsed });
  }
  const duplicated = await duplicate(places, options);
  const lossAtNs = await removeFirstSite(places, options);
  const restored = await recoverSite({ ...was, ...duplicated, lossAtNs });
  await tell(restored);
  const outcomes = [...copies.map(({ rehearsed }) => rehearsed), restored];
  return {
    copies,
    lossAtNs,
    duplicate: { ...duplicated, restored },
    isWhole: duplicated.isWhole && outcomes.every(isWholeOutcome),
  };
}

export function isWholeOutcome({
  comparison,
  failed,
  listedDifferently,
}: Pick<RehearsedEvent, "comparison" | "failed" | "listedDifferently">): boolean {
  return isWhole(comparison) && failed === 0 && listedDifferently === 0;
}

type Duplicated = Pick<SiteResult["duplicate"], "method" | "points" | "storedBytes"> & {
  readonly point: RecoveryPoint;
  readonly arrivedSince: number;
  readonly isWhole: boolean;
};

/** Sends the newest moments to a repository with another password. */
async function duplicate(places: DemoPlaces, options: LoseSiteOptions): Promise<Duplicated> {
  const { server, seed, surroundings, tell } = options;
  const { clockMs, now, signal } = surroundings;
  const { secondSite } = places;
  const startedMs = clockMs();
  await using storage = directoryStorage(secondSite.repository);
  await initRepository(storage, { password: secondSite.password, signal });
  await using here = await openDisk(places, signal);
  await using there = await openDuplicate(places, signal);
  const offsite = duplicateOffsite({
    from: here.repository,
    to: there.repository,
    name: secondSite.repository,
    now,
    clockMs,
  });
  const moments = (await here.copy.moments(places.mail, signal)).slice(-momentsSent);
  const result: SendResult = await offsite.send(moments, { signal });
  const elapsedMs = clockMs() - startedMs;
  const storedBytes = await bytesIn(there.storage, signal);
  const { delivered: arrivedSince } = deliverMore(server, {
    now: dateOf(surroundings),
    seed: seed + 1000,
    deliveries: arrivalsAfterDuplicate,
    flagChanges: 0,
    moves: 0,
  });
  const { repository } = secondSite;
  await tell({ kind: "duplicated", repository, result, storedBytes, elapsedMs, arrivedSince });
  const points = await there.copy.moments(places.mail, signal);
  const point = points.at(-1);
  // What was refused is told; without any moment there nothing may be deleted here.
  if (point === undefined) throw result.refused[0]?.error ?? new Error("nothing was duplicated");
  const isAllThere = result.refused.length === 0 && points.length === moments.length;
  const { method } = there.copy;
  return { method, points, point, storedBytes, arrivedSince, isWhole: isAllThere };
}

async function removeFirstSite(
  places: DemoPlaces,
  { surroundings, tell }: LoseSiteOptions,
): Promise<bigint> {
  const { clockMs, now, signal } = surroundings;
  signal.throwIfAborted();
  const atNs = now();
  const startedMs = clockMs();
  const removed = placesOfFirstSite(places);
  for (const path of removed) await removeTree(path);
  await tell({ kind: "site-lost", atNs, removed, elapsedMs: clockMs() - startedMs });
  return atNs;
}

type Loss = RehearseOptions &
  Pick<Duplicated, "point" | "arrivedSince"> & { readonly lossAtNs: bigint };

/** A new server in the place of the old one, from the second site's repository and password alone. */
async function recoverSite(options: Loss): Promise<SiteRestoredEvent> {
  const { places, surroundings, before, listing, point, arrivedSince, lossAtNs } = options;
  const { mail } = places;
  const open = async (): ReturnType<typeof openDuplicate> =>
    await openDuplicate(places, surroundings.signal);
  const whole = await recoverAll(open, { point, target: mail, surroundings });
  const { phases, failed, filesVerified } = whole;
  return {
    kind: "site-restored",
    method: "duplicate backup copy",
    point,
    mail,
    phases,
    failed,
    ...differences(listing, whole.listing),
    comparison: compareMessageFiles(before, whole.after, { arrived: 0 }),
    filesVerified,
    arrivedSince,
    rpoMs: Number(lossAtNs - point.atNs) / 1e6,
    rtoMs: totalMs(phases),
  };
}
