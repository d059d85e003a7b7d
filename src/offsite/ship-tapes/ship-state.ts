/** How well shipping protects: what is due, what a loss of the site would cost now, where the window lapses. Pure. */
import type { RecoveryPoint } from "#copies";
import { formatDuration } from "#time";
import type { OffsiteState } from "../offsite-option.ts";
import { offsiteState } from "../offsite-state.ts";
import { type ShipPolicy, type ShipRule, shipRule } from "./ship-rule.ts";
import type { TapeDue, VaultTape } from "./tape-vault.ts";
import { type SurveyedMoment, type TapeLoss, tapeLoss, type VaultSurvey } from "./vault-survey.ts";

/** One group against its objective. */
export type ShippedGroup = {
  readonly group: string;
  readonly policy: ShipPolicy;
  /** What this way of shipping promises. */
  readonly rule: ShipRule;
  /** The newest moment in the vault. */
  readonly newestThere?: RecoveryPoint;
  /** What a loss of the site now would cost: everything since the newest moment there, or since the first moment of all. */
  readonly lossNowMs: number;
  /** More than the objective; without one, more than the rule promises. */
  readonly isLapse: boolean;
};

export type ShipState = OffsiteState & {
  readonly tapes: readonly VaultTape[];
  readonly dueOut: readonly TapeDue[];
  readonly dueBack: readonly TapeDue[];
  readonly shipped: readonly ShippedGroup[];
  /** For each tape that is on the road or lies ejected: what goes with it if it is lost. */
  readonly atRisk: readonly TapeLoss[];
  readonly problems: readonly string[];
};

export type ShipStateOptions = {
  readonly policyOf: (group: string) => ShipPolicy;
  /** Moments that are being sent by this process. */
  readonly leaving: readonly RecoveryPoint[];
};

export function shipState(survey: VaultSurvey, options: ShipStateOptions): ShipState {
  const { moments, report } = survey;
  const { policyOf, leaving } = options;
  const points = (wanted: (moment: SurveyedMoment) => boolean): readonly RecoveryPoint[] =>
    moments.filter(wanted).map(({ point }) => point);
  const base = offsiteState({
    // What was taken: a tape in the vault is not here, and its moment is still the newest that there is.
    here: points(({ isExpired, whereabouts }) => !isExpired || whereabouts === "there"),
    there: points(({ whereabouts }) => whereabouts === "there"),
    onTheirWay: [...points(({ whereabouts }) => whereabouts === "on-the-way"), ...leaving],
  });
  const isAtRisk = ({ state }: VaultTape): boolean => state === "ejected" || state === "in-transit";
  return {
    ...base,
    tapes: report.tapes,
    dueOut: dueOut(survey, policyOf),
    dueBack: report.dueBack,
    shipped: base.groups.map(({ group }) => shippedGroup(group, { survey, policyOf })),
    atRisk: report.tapes.filter(isAtRisk).map(({ barcode }) => tapeLoss(survey, [barcode])),
    problems: report.problems,
  };
}

/** Moments that should leave: held long enough, kept, and not away yet. Oldest first. */
export function duePoints(
  { moments, nowNs }: VaultSurvey,
  policyOf: ShipStateOptions["policyOf"],
): readonly SurveyedMoment[] {
  return moments.filter(
    (moment) =>
      !moment.isExpired && tapesToSend(moment).length > 0 && dueSinceNs(moment, policyOf) <= nowNs,
  );
}

/** Tapes of a moment that wait here: of one that is missing, those that are not. */
export function tapesToSend({ tapes }: SurveyedMoment): readonly VaultTape[] {
  return tapes.filter(({ state }) => state === "onsite" || state === "ejected");
}

function dueSinceNs({ point }: SurveyedMoment, policyOf: ShipStateOptions["policyOf"]): bigint {
  return point.atNs + BigInt(Math.round(policyOf(point.group).holdMs)) * 1_000_000n;
}

/**
 * A tape is due with the oldest moment on it that has not left: one that is written to night after night would
 * otherwise never be held long enough, and nothing of it would ever reach the vault.
 */
function dueOut(survey: VaultSurvey, policyOf: ShipStateOptions["policyOf"]): readonly TapeDue[] {
  const due = new Map<string, TapeDue>();
  for (const moment of duePoints(survey, policyOf)) {
    const { holdMs } = policyOf(moment.point.group);
    const since = dueSinceNs(moment, policyOf);
    for (const { barcode, state } of tapesToSend(moment)) {
      const known = due.get(barcode);
      if (known !== undefined && known.dueSinceNs <= since) continue;
      const held = holdMs === 0 ? "leaves at once" : `was held for ${formatDuration(holdMs)}`;
      due.set(barcode, { barcode, state, dueSinceNs: since, why: `What is on it ${held}.` });
    }
  }
  return [...due.values()].toSorted((a, b) =>
    a.dueSinceNs < b.dueSinceNs ? -1 : a.dueSinceNs > b.dueSinceNs ? 1 : 0,
  );
}

function shippedGroup(
  group: string,
  {
    survey: { moments, nowNs },
    policyOf,
  }: { readonly survey: VaultSurvey; readonly policyOf: ShipStateOptions["policyOf"] },
): ShippedGroup {
  const policy = policyOf(group);
  const rule = shipRule(policy);
  const ofGroup = moments.filter(({ point }) => point.group === group);
  const newestThere = ofGroup.findLast(({ whereabouts }) => whereabouts === "there")?.point;
  const since = newestThere ?? ofGroup[0]?.point;
  const lossNowMs = since === undefined ? 0 : Math.max(0, Number(nowNs - since.atNs) / 1e6);
  return {
    group,
    policy,
    rule,
    ...(newestThere === undefined ? {} : { newestThere }),
    lossNowMs,
    isLapse: lossNowMs > (policy.objectiveMs ?? rule.worstMs),
  };
}
