/** Which replicas a rotation keeps (paper §3.3.2, §3.4.2), and how far back they reach. Pure. */
import type { RecoveryPoint } from "#copies";

export type Rotation = {
  /** So many images at once. */
  readonly count: number;
  /** The ages that they are to cover. */
  readonly windowMs: number;
};

/** "A good starting point is the rotation of a couple of clones over a 24 hour period" (§3.3.2). */
export const cloneRotation: Rotation = { count: 2, windowMs: 24 * 3_600_000 };
/** "A good starting point is the rotation of 6 snapshots over a 24 hour period" (§3.4.2). */
export const deltaRotation: Rotation = { count: 6, windowMs: 24 * 3_600_000 };

/** Between two images of a rotation that keeps its promise: 12 hours for clones, 4 for deltas (§3.3.3, §3.4.3). */
export function intervalMsOf({ count, windowMs }: Rotation): number {
  return windowMs / Math.max(1, count);
}

export type RotationPoint = Pick<RecoveryPoint, "id" | "atNs" | "sequence"> & {
  /** Whole and without known damage. */
  readonly isGood: boolean;
};

/**
 * What goes, of one group, ordered by sequence: so many as are more than the rotation keeps. The newest and the newest good one
 * never go. Of the others the oldest goes, unless an image was taken between two that already lie closer
 * than the rotation's interval: then that one, so that a few taken by hand in an hour do not push
 * a day out. The clock only labels: however it jumps, never more goes than is too many.
 */
export function planRotation(
  points: readonly RotationPoint[],
  rotation: Rotation,
): readonly string[] {
  const kept = points.toSorted((a, b) => a.sequence - b.sequence);
  const newest = kept.at(-1)?.id;
  const newestGood = kept.findLast(({ isGood }) => isGood)?.id;
  const mayGo = ({ id }: RotationPoint): boolean => id !== newest && id !== newestGood;
  const gone: string[] = [];
  while (kept.length > Math.max(1, Math.trunc(rotation.count))) {
    const goes = closest(kept, rotation, mayGo) ?? kept.find(mayGo);
    if (goes === undefined) break;
    gone.push(goes.id);
    kept.splice(kept.indexOf(goes), 1);
  }
  return gone;
}

/** The image whose neighbours lie closest together, if within the interval, while the oldest is still of the window. */
function closest(
  kept: readonly RotationPoint[],
  rotation: Rotation,
  mayGo: (point: RotationPoint) => boolean,
): RotationPoint | undefined {
  const [oldest, newest] = [kept.at(0), kept.at(-1)];
  const windowNs = BigInt(Math.trunc(rotation.windowMs)) * 1_000_000n;
  if (oldest === undefined || newest === undefined || newest.atNs - oldest.atNs >= windowNs)
    return undefined;
  let best: RotationPoint | undefined;
  let bestNs = BigInt(Math.trunc(intervalMsOf(rotation))) * 1_000_000n;
  for (let index = 1; index < kept.length - 1; index++) {
    const [before, point, after] = kept.slice(index - 1, index + 2) as [
      RotationPoint,
      RotationPoint,
      RotationPoint,
    ];
    const apartNs = after.atNs - before.atNs;
    if (apartNs < 0n || apartNs > bestNs || !mayGo(point)) continue;
    if (best !== undefined && apartNs === bestNs) continue;
    [best, bestNs] = [point, apartNs];
  }
  return best;
}

/** Ages, in milliseconds before now. */
export type Lapse = { readonly fromAgeMs: number; readonly toAgeMs: number };

export type RotationWindow = {
  /** The age of the oldest image; 0 where there is none. */
  readonly achievedMs: number;
  readonly promisedMs: number;
  /** Ages that no image covers although it should (paper §1.4.2), youngest first. */
  readonly lapses: readonly Lapse[];
};

/**
 * How far back a rotation reaches now, and where it does not hold what it promises. An image of some age
 * serves what is asked for of that age or less, and loses what lies between: within the window,
 * less the one interval that the oldest image passes before it goes, no more than an interval may be lost.
 */
export function windowOf(
  points: readonly Pick<RecoveryPoint, "atNs">[],
  options: Rotation & {
    readonly nowNs: bigint;
    /** By how much an image may come late. Default: a tenth of the interval. */
    readonly slackMs?: number;
  },
): RotationWindow {
  const intervalMs = intervalMsOf(options);
  const { nowNs, windowMs, slackMs = intervalMs / 10 } = options;
  const ages = points
    .map(({ atNs }) => Math.max(0, Number((nowNs - atNs) / 1_000_000n)))
    .toSorted((a, b) => a - b);
  const lapses: Lapse[] = [];
  let covered = 0;
  for (const age of ages) {
    if (age - covered > intervalMs + slackMs && covered < windowMs)
      lapses.push({ fromAgeMs: covered, toAgeMs: Math.min(age - intervalMs, windowMs) });
    covered = age;
  }
  const promised = windowMs - intervalMs;
  if (covered + slackMs < promised) lapses.push({ fromAgeMs: covered, toAgeMs: promised });
  return { achievedMs: covered, promisedMs: windowMs, lapses };
}
