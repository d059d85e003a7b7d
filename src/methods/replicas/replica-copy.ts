import { type Copy, inOrder, type Reach, type RecoveryPoint } from "#copies";
import {
  type ClockNs,
  type Image,
  joinRawPath,
  openDirectoryImage,
  type RawName,
  type RawPath,
  systemClockNs,
} from "#image";
import { isRecoveryError, systemErrorCode } from "#errors";
import type { SnapshotProvider } from "#snapshots";
import { compareKept, type Difference } from "./compare-kept.ts";
import { readListing, walkKept } from "./kept-listing.ts";
import { giveBack, takeLease } from "./lease.ts";
import { listingName, momentFileName, partsOfId, storeName } from "./moment-name.ts";
import { type MomentRecord, readMoment, writeMoment } from "./moment-record.ts";
import { exists } from "./raw-files.ts";
import { ReplicaImage } from "./replica-image.ts";
import { damaged, momentGone } from "./replica-error.ts";
import { checkFolder, groupsIn, momentsIn } from "./replica-folder.ts";

export type ReplicaCopyOptions = {
  /** Absolute. */
  readonly folder: RawPath;
  /** In the configuration. */
  readonly name: string;
  readonly method: string;
  /** Default "at-hand". */
  readonly reach?: Reach;
  readonly providers: readonly SnapshotProvider[];
  readonly clock?: ClockNs;
};

export type ReplicaVerification = {
  readonly verifiedAtNs: bigint;
  readonly files: number;
  /** Bytes whose hash was compared; 0 where none were kept. */
  readonly bytesHashed: number;
  /** What is not as it was kept, at most 100. Empty: the replica is whole. */
  readonly damage: readonly Difference[];
};

/** What a rotation of replicas keeps, behind the port. Nothing here writes to a replica. */
export interface ReplicaCopy extends Copy {
  /** Holds a replica against the listing of what was kept, and bytes against their hashes. Remembers the answer. */
  verify(point: RecoveryPoint, signal?: AbortSignal): Promise<ReplicaVerification>;
}

const keptDamage = 100;

export function replicaCopy(options: ReplicaCopyOptions): ReplicaCopy {
  const { folder, name, method, reach = "at-hand" } = options;
  return {
    name,
    method,
    reach,
    moments: async (group, signal) => {
      signal?.throwIfAborted();
      checkFolder(folder, method);
      const points: RecoveryPoint[] = [];
      for (const one of groupsIn(folder)) {
        if (group !== undefined && one.group !== group) continue;
        for (const moment of momentsIn(one)) points.push(moment.point);
      }
      return inOrder(points);
    },
    open: async (point, signal) => await openMoment(point, options, signal),
    verify: async (point, signal) => await verifyMoment(point, options, signal),
  };
}

/** A moment's folder and record. Throws `methods.moment-gone`, `methods.replica-damaged`, `methods.replica-folder`. */
function findMoment(
  point: RecoveryPoint,
  { folder, method }: ReplicaCopyOptions,
): { readonly moment: RawPath; readonly record: MomentRecord } {
  checkFolder(folder, method);
  const parts = partsOfId(point.id);
  if (parts === undefined) throw momentGone(joinRawPath(folder, point.id as RawName));
  const moment = joinRawPath(joinRawPath(folder, parts[0]), parts[1]);
  const record = readMoment(moment);
  if (record === undefined) throw momentGone(moment);
  return { moment, record };
}

async function openMoment(
  point: RecoveryPoint,
  options: ReplicaCopyOptions,
  signal?: AbortSignal,
): Promise<Image> {
  signal?.throwIfAborted();
  const { moment, record } = findMoment(point, options);
  const lease = leaseOf(moment);
  try {
    // Removed between the look and the lease.
    if (!exists(joinRawPath(moment, momentFileName))) throw momentGone(moment);
    const inner = await openStore(moment, record, options.providers);
    return new ReplicaImage(inner, {
      record,
      kept: () => readListing(moment, listingName, record.listingDigest),
      onClosed: () => giveBack(lease),
    });
  } catch (error) {
    giveBack(lease);
    throw error;
  }
}

function leaseOf(moment: RawPath): RawPath | undefined {
  try {
    return takeLease(moment);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") throw momentGone(moment);
    throw error;
  }
}

async function openStore(
  moment: RawPath,
  { form, provider, volumes }: MomentRecord,
  providers: readonly SnapshotProvider[],
): Promise<Image> {
  const store = joinRawPath(moment, storeName);
  try {
    if (form === "files") return await openDirectoryImage(store, { volumes });
    const maker = providers.find(({ name }) => name === provider);
    if (maker === undefined) throw damaged(moment, `nothing here knows a ${provider}`);
    return await maker.open(store, { volumes });
  } catch (error) {
    if (!isRecoveryError(error) || error.code === "methods.replica-damaged") throw error;
    throw damaged(moment, error.message, error);
  }
}

async function verifyMoment(
  point: RecoveryPoint,
  options: ReplicaCopyOptions,
  signal?: AbortSignal,
): Promise<ReplicaVerification> {
  const { moment, record } = findMoment(point, options);
  const { providers, clock = systemClockNs } = options;
  const lease = leaseOf(moment);
  const tally = { files: 0, bytesHashed: 0 };
  const damage: Difference[] = [];
  try {
    await using inner = await openStore(moment, record, providers);
    const expected = readListing(moment, listingName, record.listingDigest);
    const hash = !record.shared;
    async function* found(): ReturnType<typeof walkKept> {
      for await (const entry of walkKept(inner, { hash, signal })) {
        if (entry.type === "file") tally.files++;
        if (entry.sha256 !== "") tally.bytesHashed += entry.sizeBytes;
        yield entry;
      }
    }
    for await (const difference of compareKept(expected, found()))
      if (damage.push(difference) === keptDamage) break;
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    damage.push({ path: "" as RawPath, message: `${error.message}.` });
  } finally {
    giveBack(lease);
  }
  const verifiedAtNs = clock();
  await remember(moment, record, { verifiedAtNs, damage });
  return { verifiedAtNs, ...tally, damage };
}

/** A moment that was once found damaged is never the last good one of a rotation. */
async function remember(
  moment: RawPath,
  record: MomentRecord,
  { verifiedAtNs, damage }: Pick<ReplicaVerification, "verifiedAtNs" | "damage">,
): Promise<void> {
  const { damage: _before, ...rest } = record;
  const [first] = damage;
  const now = first === undefined ? { verifiedAtNs } : { damage: first.message };
  try {
    await writeMoment(moment, { ...rest, ...now });
  } catch (error) {
    // A folder that is mounted read-only, or gone: the answer is given all the same.
    if (systemErrorCode(error) === undefined) throw error;
  }
}
