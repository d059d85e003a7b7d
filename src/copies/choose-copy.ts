/**
 * Which copy to recover a moment from: exactness (how much mail lies between the moment and what was
 * asked for), how its bytes hang together and who validated them, how long until it can be read, and
 * what is still there after a loss. "The best copy" on the shelf offsite is not a copy at hand.
 */
import { isRecoveryError } from "#errors";
import { formatDuration } from "#time";
import {
  type Copy,
  damagedTag,
  type Loss,
  losses,
  type Reach,
  type RecoveryPoint,
} from "./copy.ts";
import { inOrder } from "./recovery-point.ts";

/** What is known of a copy beside what it says itself. */
export type CandidateDetails = {
  /** The losses of production that it outlives, of moments that do not say so themselves. Default: by its reach. */
  readonly survives?: readonly Loss[];
  /** Until it can be read, as estimated or measured. Default: by its reach. */
  readonly recallMinutes?: number;
  /** Its moments are the store as it was seen to be at just that instant: nothing else can be nearer to it. */
  readonly isObserved?: boolean;
  /** IDs of moments that were tried and are of no use, and why. */
  readonly setAside?: ReadonlyMap<string, string>;
};

export type CopyCandidate = CandidateDetails & {
  readonly copy: Pick<Copy, "name" | "method" | "reach">;
  readonly moments: readonly RecoveryPoint[];
  /** Why its moments could not be listed; then there are none. */
  readonly unavailable?: string;
};

export type ChooseCopyOptions = {
  /** The moment asked for, nanoseconds since 1970 UTC. */
  readonly atNs: bigint;
  /** Insist on one method, or one copy by its name. */
  readonly from?: string;
  /** What was lost. Default: nothing but the mail that is to come back. */
  readonly lost?: readonly Loss[];
  /**
   * So many minutes of mail are rather lost than to begin with an image of this kind that nobody validated.
   * Default: 5 for "crash", 10 for "fuzzy" and what is not known.
   */
  readonly doubtMinutes?: { readonly crash: number; readonly fuzzy: number };
};

/** One way to recover, and how it was weighed: the less minutes the better. */
export type Alternative = {
  readonly copy: CopyCandidate["copy"];
  readonly point: RecoveryPoint;
  /** Between the moment and what was asked for: what was written in it is lost. */
  readonly lossMinutes: number;
  readonly recallMinutes: number;
  readonly doubtMinutes: number;
  readonly totalMinutes: number;
  /** One sentence for people. */
  readonly reason: string;
};

/** What was not weighed, and why. */
export type LeftOut = {
  readonly copy: CopyCandidate["copy"];
  readonly point?: RecoveryPoint;
  readonly reason: string;
};

export type CopyChoice = {
  readonly chosen?: Alternative;
  /** The others, best first. */
  readonly alternatives: readonly Alternative[];
  readonly leftOut: readonly LeftOut[];
  /** Where nothing that can be used is as old as what was asked for: the newest that is, and why it cannot be used. */
  readonly nearestBefore?: LeftOut & { readonly point: RecoveryPoint };
  /** Then also the oldest that is younger and can be used. */
  readonly nearestAfter?: { readonly copy: CopyCandidate["copy"]; readonly point: RecoveryPoint };
};

const defaultDoubt = { crash: 5, fuzzy: 10 } as const;

/** Assumed where nobody measured: a copy at hand is there, one near has to be reached, one on the shelf fetched. */
const recallByReach: Readonly<Record<Reach, number>> = { "at-hand": 0, near: 30, shelf: 24 * 60 };

/** Assumed where nobody says: what is on this machine goes with it, what is near with the site. */
const survivesByReach: Readonly<Record<Reach, readonly Loss[]>> = {
  "at-hand": ["user-error", "corruption", "late-attack"],
  near: ["user-error", "corruption", "late-attack", "hardware"],
  shelf: losses,
};

/** Lists each copy's moments; one that cannot be listed is a candidate that says why. */
export async function listCandidates(
  copies: readonly Copy[],
  options: {
    readonly group?: string;
    readonly details?: (copy: Copy) => CandidateDetails;
    readonly signal?: AbortSignal;
  } = {},
): Promise<readonly CopyCandidate[]> {
  const { group, signal, details } = options;
  return await Promise.all(
    copies.map(async (copy) => {
      const known = { copy, ...details?.(copy) };
      try {
        return { ...known, moments: await copy.moments(group, signal) };
      } catch (error) {
        if (!isRecoveryError(error)) throw error;
        return { ...known, moments: [], unavailable: error.message };
      }
    }),
  );
}

/**
 * Weighs what there is. The choice is the same in whatever order the candidates come. Never anything
 * younger than what was asked for, nothing that was lost, and nothing that is known to be damaged.
 */
export function chooseCopy(
  candidates: readonly CopyCandidate[],
  options: ChooseCopyOptions,
): CopyChoice {
  const leftOut: LeftOut[] = [];
  const usable: { readonly candidate: CopyCandidate; readonly point: RecoveryPoint }[] = [];
  for (const candidate of candidates) {
    const { copy, moments } = candidate;
    const whole = wholeReason(candidate, options);
    if (whole !== undefined && moments.length === 0) leftOut.push({ copy, reason: whole });
    for (const point of inOrder(moments)) {
      const reason = whole ?? pointReason(point, candidate, options);
      if (reason === undefined) usable.push({ candidate, point });
      else leftOut.push({ copy, point, reason });
    }
    if (whole === undefined && moments.length === 0)
      leftOut.push({ copy, reason: "It has no moment." });
  }
  const before = usable.filter(({ point }) => point.atNs <= options.atNs);
  const ranked = bestOfEach(before)
    .map(({ candidate, point }) => weigh(candidate, point, options))
    .toSorted(compareAlternatives);
  const [chosen, ...alternatives] = ranked;
  if (chosen !== undefined) return { chosen, alternatives, leftOut };
  return { alternatives: [], leftOut, ...nearest(usable, leftOut, options) };
}

/** Why nothing of a copy counts; undefined where it does. */
function wholeReason(
  { copy, unavailable }: CopyCandidate,
  { from }: ChooseCopyOptions,
): string | undefined {
  if (unavailable !== undefined) return `It cannot be listed: ${unavailable}.`;
  if (from !== undefined && copy.method !== from && copy.name !== from)
    return `It is of ${copy.method}, and only "${from}" was asked for.`;
  return undefined;
}

function pointReason(
  point: RecoveryPoint,
  candidate: CopyCandidate,
  { lost = [] }: ChooseCopyOptions,
): string | undefined {
  const aside = candidate.setAside?.get(point.id);
  if (aside !== undefined) return `It is of no use: ${aside.replace(/\.$/, "")}.`;
  if (point.tags.includes(damagedTag)) return "It was found damaged.";
  const survives = point.survives ?? candidate.survives ?? survivesByReach[candidate.copy.reach];
  const gone = lost.find((loss) => !survives.includes(loss));
  return gone === undefined ? undefined : `It does not outlive this loss: ${gone}.`;
}

type Usable = { readonly candidate: CopyCandidate; readonly point: RecoveryPoint };

/** Of each copy the newest of each quality: an older one of the same is never better. */
function bestOfEach(before: readonly Usable[]): readonly Usable[] {
  const best = new Map<string, Usable>();
  const numbers = new Map<CopyCandidate, number>();
  for (const one of before) {
    const number = numbers.get(one.candidate) ?? numbers.size;
    numbers.set(one.candidate, number);
    const key = `${number} ${qualityOf(one.point)}`;
    const known = best.get(key);
    // The clock may have been set back: then the later of one time counts, by order of capture.
    if (known === undefined || one.point.atNs >= known.point.atNs) best.set(key, one);
  }
  return [...best.values()];
}

type Quality = "sound" | "crash" | "fuzzy";

function qualityOf({ consistency, validatedBy = [] }: RecoveryPoint): Quality {
  if (validatedBy.length > 0) return "sound";
  switch (consistency) {
    case "offline":
    case "application":
      return "sound";
    case "crash":
      return "crash";
    case "fuzzy":
    case "unknown":
      return "fuzzy";
  }
}

function weigh(
  candidate: CopyCandidate,
  point: RecoveryPoint,
  { atNs, doubtMinutes: doubts = defaultDoubt }: ChooseCopyOptions,
): Alternative {
  const { copy } = candidate;
  const quality = qualityOf(point);
  const lossMinutes = Number((atNs - point.atNs) / 1_000_000n) / 60_000;
  const recallMinutes = candidate.recallMinutes ?? recallByReach[copy.reach];
  const doubtMinutes = quality === "sound" || candidate.isObserved === true ? 0 : doubts[quality];
  return {
    copy,
    point,
    lossMinutes,
    recallMinutes,
    doubtMinutes,
    totalMinutes: lossMinutes + recallMinutes + doubtMinutes,
    reason: `${describeLoss(lossMinutes)}, ${describeReach(copy.reach, recallMinutes)}, ${describeQuality(point)}.`,
  };
}

function describeLoss(minutes: number): string {
  const ms = Math.round(minutes * 60) * 1000;
  return ms === 0 ? "Exactly that moment" : `${formatDuration(ms)} before it`;
}

function describeReach(reach: Reach, minutes: number): string {
  const words = { "at-hand": "at hand", near: "near", shelf: "on the shelf" }[reach];
  const ms = Math.round(minutes * 60) * 1000;
  return ms === 0 ? words : `${words}, to be read in about ${formatDuration(ms)}`;
}

function describeQuality({ consistency, validatedBy = [] }: RecoveryPoint): string {
  const who = validatedBy.length === 0 ? "not validated" : `validated by ${validatedBy.join(", ")}`;
  return `${consistency}, ${who}`;
}

/** A total order, so that the same candidates always give the same answer. */
function compareAlternatives(a: Alternative, b: Alternative): number {
  if (a.totalMinutes !== b.totalMinutes) return a.totalMinutes - b.totalMinutes;
  if (a.point.atNs !== b.point.atNs) return a.point.atNs > b.point.atNs ? -1 : 1;
  if (a.recallMinutes !== b.recallMinutes) return a.recallMinutes - b.recallMinutes;
  return compareText(a.copy.name, b.copy.name) || compareText(a.point.id, b.point.id);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function nearest(
  usable: readonly Usable[],
  leftOut: readonly LeftOut[],
  { atNs }: ChooseCopyOptions,
): Pick<CopyChoice, "nearestBefore" | "nearestAfter"> {
  const before = leftOut
    .flatMap(({ point, ...rest }) =>
      point !== undefined && point.atNs <= atNs ? [{ ...rest, point }] : [],
    )
    .toSorted((a, b) => compareNearness(b, a))[0];
  const [after] = usable
    .map(({ candidate, point }) => ({ copy: candidate.copy, point }))
    .toSorted(compareNearness);
  return {
    ...(before === undefined ? {} : { nearestBefore: before }),
    ...(after === undefined ? {} : { nearestAfter: after }),
  };
}

type Near = { readonly copy: CopyCandidate["copy"]; readonly point: RecoveryPoint };

function compareNearness(a: Near, b: Near): number {
  if (a.point.atNs !== b.point.atNs) return a.point.atNs < b.point.atNs ? -1 : 1;
  return compareText(a.copy.name, b.copy.name) || compareText(a.point.id, b.point.id);
}
