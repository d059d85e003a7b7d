/** Which moments are where, by the record of where tapes are. */
import type { RecoveryPoint } from "#copies";
import { momentKey } from "../choose-moments.ts";
import type { TapeState, TapeVault, TapeVaultReport, VaultTape } from "./tape-vault.ts";

/**
 * Where a moment is as a whole. "there": all its tapes are in the vault, or were called back from it and have not come.
 * "on-the-way": all are ejected or further, and not all there. The record's last step does not say which way a tape in
 * transit goes, so that one that comes back counts as on the way too: never as safe. "missing": a part of it is on a
 * tape that nobody knows the place of.
 */
export type Whereabouts = "here" | "on-the-way" | "there" | "missing";

export type SurveyedMoment = {
  readonly point: RecoveryPoint;
  readonly tapes: readonly VaultTape[];
  readonly whereabouts: Whereabouts;
  readonly isExpired: boolean;
};

export type VaultSurvey = {
  readonly nowNs: bigint;
  /** Oldest first. */
  readonly moments: readonly SurveyedMoment[];
  readonly report: TapeVaultReport;
};

export async function surveyVault(
  vault: TapeVault,
  { nowNs, signal }: { readonly nowNs: bigint; readonly signal: AbortSignal | undefined },
): Promise<VaultSurvey> {
  // Moments first: one that was taken since then is simply not seen yet, and one that has gone has no tapes.
  const points = await vault.copy.moments(undefined, signal);
  const report = await vault.report({ nowNs, signal });
  return { nowNs, moments: surveyMoments(points, report), report };
}

/** Moments without a tape were removed while we looked, and are left out. */
export function surveyMoments(
  points: readonly RecoveryPoint[],
  { tapes, expired }: Pick<TapeVaultReport, "tapes" | "expired">,
): readonly SurveyedMoment[] {
  const tapesOf = new Map<string, VaultTape[]>();
  for (const tape of tapes) {
    for (const set of tape.sets) tapesOf.set(set, [...(tapesOf.get(set) ?? []), tape]);
  }
  return points.flatMap((point): SurveyedMoment[] => {
    const own = tapesOf.get(point.id);
    if (own === undefined) return [];
    const whereabouts = whereaboutsOf(own.map(({ state }) => state));
    return [{ point, tapes: own, whereabouts, isExpired: expired.has(point.id) }];
  });
}

const thereStates: readonly TapeState[] = ["vault", "recalled"];

function whereaboutsOf(states: readonly TapeState[]): Whereabouts {
  if (states.includes("missing")) return "missing";
  if (states.every((state) => thereStates.includes(state))) return "there";
  // A moment that is half in the vault is not in the vault.
  return states.includes("onsite") ? "here" : "on-the-way";
}

/** What goes with tapes that are lost. */
export type TapeLoss = {
  readonly barcodes: readonly string[];
  readonly groups: readonly GroupLoss[];
};

export type GroupLoss = {
  readonly group: string;
  /** Moments that are nowhere else, oldest first. */
  readonly lost: readonly RecoveryPoint[];
  /** The newest moment that is left, wherever it is; undefined where none is. */
  readonly newestLeft?: RecoveryPoint;
  /** The newest that is left in the vault. */
  readonly newestThere?: RecoveryPoint;
};

/** A moment goes with any of its tapes, unless a second set of the same moment is whole without them. */
export function tapeLoss(
  { moments }: Pick<VaultSurvey, "moments">,
  barcodes: readonly string[],
): TapeLoss {
  const gone = new Set(barcodes);
  const isWhole = ({ tapes, whereabouts }: SurveyedMoment): boolean =>
    whereabouts !== "missing" && !tapes.some(({ barcode }) => gone.has(barcode));
  const kept = moments.filter(({ isExpired }) => !isExpired);
  const left = kept.filter(isWhole);
  const stillThere = new Set(left.map(({ point }) => momentKey(point)));
  const lost = kept.filter(
    (moment) =>
      moment.tapes.some(({ barcode }) => gone.has(barcode)) &&
      !stillThere.has(momentKey(moment.point)),
  );
  const groups = [...Map.groupBy(lost, ({ point }) => point.group)].map(
    ([group, ofGroup]): GroupLoss => {
      const leftOfGroup = left.filter(({ point }) => point.group === group);
      const newestLeft = leftOfGroup.at(-1)?.point;
      const newestThere = leftOfGroup.findLast(({ whereabouts }) => whereabouts === "there")?.point;
      return {
        group,
        lost: ofGroup.map(({ point }) => point),
        ...(newestLeft === undefined ? {} : { newestLeft }),
        ...(newestThere === undefined ? {} : { newestThere }),
      };
    },
  );
  return { barcodes, groups };
}
