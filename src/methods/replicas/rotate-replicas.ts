/** The method behind both rotations of replicas: clones and delta snapshots (paper §3.3, §3.4). */
import { mkdirSync } from "node:fs";
import { damagedTag } from "#copies";
import { isRecoveryError } from "#errors";
import {
  type ClockNs,
  type Image,
  joinRawPath,
  type RawPath,
  rawPathToBytes,
  systemClockNs,
} from "#image";
import { shrinkAlarm } from "#policy";
import { allProviders, type SnapshotProvider } from "#snapshots";
import type { RecoveryMethod, TakeOptions, TakeResult } from "../method.ts";
import { fillMoment, ownBytesOf } from "./fill-moment.ts";
import { takeGroupLock } from "./group-lock.ts";
import type { ReplicaKind } from "./keep-image.ts";
import { momentName, sequenceOf } from "./moment-name.ts";
import { pointOf } from "./moment-record.ts";
import { namesIn, type Room, roomOn } from "./raw-files.ts";
import { type ReplicaCopy, replicaCopy, type ReplicaCopyOptions } from "./replica-copy.ts";
import {
  checkFolder,
  groupsIn,
  momentsIn,
  openGroup,
  type ReplicaGroup,
  type ReplicaMoment,
  writeGroup,
} from "./replica-folder.ts";
import { folderUnusable, writeError } from "./replica-error.ts";
import { removeMoment, sweepGroup } from "./remove-moment.ts";
import { planRotation, type Rotation } from "./rotation.ts";

export type ReplicaMethodOptions = {
  /** Where replicas are kept: a folder that `initReplicas` marked. Absolute. */
  readonly folder: RawPath;
  /** In the configuration. */
  readonly name: string;
  readonly rotation: Rotation;
  /** Absolute folder of the source machine that the Images show. */
  readonly path: string;
  /** Where the Images are of several folders of a machine (`joinImages`): these, and `path` is "/". */
  readonly paths?: readonly string[];
  readonly hostname: string;
  readonly clock?: ClockNs;
  /** Default: all there are. */
  readonly providers?: readonly SnapshotProvider[];
  /**
   * Whether nothing may be dropped now, and why. Default: the alarm of the policy, when the newest replica has shrunk or
   * lies on another volume.
   */
  readonly alarm?: (points: readonly ReplicaMoment["point"][]) => {
    readonly stopped: boolean;
    readonly reasons: readonly string[];
  };
};

export type ReplicaTakeResult = TakeResult & {
  /** A provider's name, or "copy of the image". */
  readonly provider: string;
  /** Whether it shares unchanged blocks with production, and so goes with its volume. */
  readonly shared: boolean;
  /** IDs of moments that the rotation dropped. */
  readonly dropped: readonly string[];
  /** What people ought to know: a delta that became a full copy, what was not dropped and why. */
  readonly notes: readonly string[];
  readonly space: {
    readonly before: Room;
    readonly after: Room;
    /** What removing this replica would free, where it is known. */
    readonly ownBytes: number;
  };
};

export interface ReplicaMethod extends RecoveryMethod {
  readonly copy: ReplicaCopy;
  take(image: Image, options: TakeOptions): Promise<ReplicaTakeResult>;
  /** What each moment of a group takes, and what its disk has. */
  space(group: string, signal?: AbortSignal): Promise<ReplicaSpace>;
}

export type ReplicaSpace = Room & {
  readonly moments: readonly { readonly id: string; readonly ownBytes: number }[];
};

export type ReplicaWay = {
  /** The paper's words: "rotation of clones". */
  readonly name: string;
  readonly section: string;
  readonly kind: ReplicaKind;
};

type Site = ReplicaMethodOptions & {
  readonly way: ReplicaWay;
  readonly providers: readonly SnapshotProvider[];
  readonly clock: ClockNs;
};

export function rotateReplicas(way: ReplicaWay, options: ReplicaMethodOptions): ReplicaMethod {
  const { folder, name } = options;
  const { providers = allProviders(), clock = systemClockNs } = options;
  const place: ReplicaCopyOptions = { folder, name, method: way.name, providers, clock };
  const site: Site = { ...options, way, providers, clock };
  return {
    name: way.name,
    section: way.section,
    copy: replicaCopy(place),
    take: async (image, take) => {
      try {
        return await takeReplica(image, take, site);
      } catch (error) {
        throw writeError(folder, error);
      }
    },
    space: async (group, signal) => await spaceOf(group, site, signal),
  };
}

async function takeReplica(
  image: Image,
  take: TakeOptions,
  site: Site,
): Promise<ReplicaTakeResult> {
  const { folder, way, providers } = site;
  const { signal } = take;
  signal?.throwIfAborted();
  checkFolder(folder, way.name);
  const root = image.local?.holdsMore === true ? undefined : image.local?.root;
  if (root !== undefined && `${folder}/`.startsWith(`${root}/`))
    throw folderUnusable(folder, "it lies within the mail store");
  const opened = await openGroup(folder, take.group);
  await using _lock = await takeGroupLock(opened.folder);
  const swept = await sweepGroup(opened.folder, { providers, signal });
  const before = roomOn(folder);
  const group = await nextSequence(await openGroup(folder, take.group));
  const moment = joinRawPath(opened.folder, momentName(group.lastSequence, image.at.toNs));
  mkdirSync(rawPathToBytes(moment), { mode: 0o700 });
  const kept = await fillMoment(image, { moment, group, take, site: { ...site, kind: way.kind } });
  const notes = swept.map((one) => `What an interrupted run left was removed: ${one}.`);
  if (way.kind === "delta" && !kept.result.shared)
    notes.push("It is a full copy: nothing here lets files share their blocks with the store.");
  const rotated = await rotate(group, site, signal);
  return {
    ...kept.counts,
    point: pointOf(`${nameOf(opened.folder)}/${nameOf(moment)}`, kept.record),
    provider: kept.result.provider,
    shared: kept.result.shared,
    dropped: rotated.dropped,
    notes: [...notes, ...rotated.notes],
    space: { before, after: roomOn(folder), ownBytes: kept.counts.bytesStored },
  };
}

function nameOf(path: RawPath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A number that no moment of the group ever had. */
async function nextSequence(group: ReplicaGroup): Promise<ReplicaGroup> {
  const used = namesIn(group.folder).map((name) => sequenceOf(name) ?? 0);
  const next = { ...group, lastSequence: Math.max(group.lastSequence, ...used) + 1 };
  await writeGroup(next);
  return next;
}

/** Drops what is too many, after the new one is whole. What cannot be dropped stays, and is told. */
async function rotate(
  group: ReplicaGroup,
  { rotation, providers, alarm = shrinkAlarm }: Site,
  signal: AbortSignal | undefined,
): Promise<{ readonly dropped: readonly string[]; readonly notes: readonly string[] }> {
  const all = momentsIn(group);
  const notes = all
    .filter(({ record }) => record === undefined)
    .map(
      ({ point }) => `${point.id} stays, though nobody can say what it is: its record is damaged.`,
    );
  const moments = all.filter(({ record }) => record?.generation === group.generation);
  const plan = planRotation(moments.map(rotationPoint), rotation);
  if (plan.length === 0) return { dropped: [], notes };
  const { stopped, reasons } = alarm(moments.map(({ point }) => point));
  if (stopped)
    return { dropped: [], notes: [...notes, `Nothing is dropped: ${reasons.join("; ")}.`] };
  const dropped: string[] = [];
  for (const { folder, point } of moments) {
    if (!plan.includes(point.id)) continue;
    signal?.throwIfAborted();
    try {
      await removeMoment(folder, { providers, signal });
      dropped.push(point.id);
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      notes.push(`${error.message}.`);
    }
  }
  return { dropped, notes };
}

function rotationPoint({
  point,
  record,
}: ReplicaMoment): Parameters<typeof planRotation>[0][number] {
  const harmless: ReadonlySet<string> = new Set(["unsupported", "still-changing"]);
  const isWhole = record?.problems.every(({ code }) => harmless.has(code)) === true;
  const { id, atNs, sequence } = point;
  return { id, atNs, sequence, isGood: isWhole && !point.tags.includes(damagedTag) };
}

async function spaceOf(group: string, site: Site, signal?: AbortSignal): Promise<ReplicaSpace> {
  checkFolder(site.folder, site.way.name);
  const moments: { readonly id: string; readonly ownBytes: number }[] = [];
  const groups = groupsIn(site.folder).filter((one) => one.group === group);
  for (const { folder, point, record } of groups.flatMap(momentsIn)) {
    if (record === undefined) continue;
    const { providers } = site;
    const ownBytes = await ownBytesOf(folder, { result: record, providers, signal });
    moments.push({ id: point.id, ownBytes });
  }
  return { ...roomOn(site.folder), moments };
}
