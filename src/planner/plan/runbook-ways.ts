import {
  type DisasterOptionId,
  disasterTraits,
  type Loss,
  operationalTraits,
  readableByReaders,
} from "../figure-1/index.ts";
import {
  describeDisaster,
  describeOperational,
  disasterChoiceId,
  type Estimate,
  operationalChoiceId,
} from "../model/index.ts";
import { computed, type Quantity, sum } from "../quantity.ts";
import type { Ranked, RecoveryFrom } from "../ranking/index.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import type { Plan } from "./plan.ts";

/** How one line of business comes back from one kind of loss. */
export type LineWay = {
  readonly business: BusinessRequirements;
  readonly chosen: Ranked;
  readonly way: RecoveryFrom;
  /** Of the layer that it comes back from. */
  readonly estimate: Estimate;
  /** This version of Restante restores it itself. */
  readonly isHere: boolean;
  /** The copy in words. */
  readonly copy: string;
};

/** Lines of business that come back by the same steps. */
export type SameSteps = readonly [LineWay, ...LineWay[]];

export type Ways = {
  readonly groups: readonly SameSteps[];
  /** A combination was chosen, and nothing of it recovers from this loss. */
  readonly without: readonly { readonly business: BusinessRequirements; readonly reason: string }[];
};

/** Who comes back how, those with the same steps together, in the order of the plan's lines. */
export function waysFrom(loss: Loss, { lines, requirements }: Plan): Ways {
  const groups = new Map<string, [LineWay, ...LineWay[]]>();
  const without: { business: BusinessRequirements; reason: string }[] = [];
  for (const { business, chosen } of lines) {
    if (chosen === undefined) continue;
    const way = chosen.evaluation.recovery[loss];
    if (way === undefined) {
      without.push({ business, reason: whyNot(loss, chosen) });
      continue;
    }
    const one = lineWay(way, { business, chosen, requirements });
    const key = stepsKey(one);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [one]);
    else known.push(one);
  }
  return { groups: [...groups.values()], without };
}

type Chosen = {
  readonly business: BusinessRequirements;
  readonly chosen: Ranked;
  readonly requirements: Requirements;
};

function lineWay(way: RecoveryFrom, { business, chosen, requirements }: Chosen): LineWay {
  const { combination, operational, disaster } = chosen.evaluation;
  const isLocal = way.layer === "operational" || disaster === undefined;
  return {
    business,
    chosen,
    way,
    estimate: isLocal ? operational : disaster,
    isHere: restoredHere(way.layer, chosen, requirements),
    copy: isLocal
      ? describeOperational(combination.operational)
      : describeDisaster(combination.disaster),
  };
}

/** Lines with one key have the same steps; only their times differ. */
function stepsKey({ chosen, way, isHere, estimate }: LineWay): string {
  const { operational, disaster } = chosen.evaluation.combination;
  const far = disaster === undefined ? "" : disasterChoiceId(disaster);
  const isAway = estimate.recall.high > 0;
  const copy =
    way.layer === "disaster" || isAway
      ? `${operationalChoiceId(operational)} ${far}`
      : operationalChoiceId(operational);
  return `${way.layer} ${copy} ${isHere}`;
}

/**
 * Whether the copy on site is a repository of this version's own: of the store's files, from a source that
 * it reads itself. Where a server keeps its mail otherwise, the copies are somebody else's.
 */
export function keepsRepository(
  { evaluation, missing }: Ranked,
  { server }: Requirements,
): boolean {
  const { reader } = readableByReaders(server.kind);
  const isFiles = reader === "here" || reader === "planned here";
  const { method } = evaluation.combination.operational;
  // Continuous protection has its bases in one, and its journal beside it.
  if (!isFiles || (method !== "disk-deduplicated" && method !== "journal")) return false;
  return !missing.includes("source") && !missing.includes("operational");
}

export function keepsAny({ lines, requirements }: Plan): boolean {
  return lines.some(({ chosen }) => chosen !== undefined && keepsRepository(chosen, requirements));
}

/** Whether this version of Restante restores from that layer; otherwise it is done by hand. */
function restoredHere(
  layer: RecoveryFrom["layer"],
  chosen: Ranked,
  requirements: Requirements,
): boolean {
  if (!keepsRepository(chosen, requirements)) return false;
  if (layer === "operational") return true;
  const { disaster } = chosen.evaluation.combination;
  return isDuplicated(disaster?.option) && !chosen.missing.includes("disaster");
}

/** Whether a repository lies at the recovery site: of a mirrored journal its bases. */
function isDuplicated(option: DisasterOptionId | undefined): boolean {
  return option === "duplicate-disk" || option === "protected-cdp";
}

function whyNot(loss: Loss, { evaluation }: Ranked): string {
  const { operational, disaster } = evaluation.combination;
  if (loss === "site" && disaster === undefined)
    return "no disaster recovery: the loss of the site was accepted in the requirements";
  const reasons = [
    operationalTraits[operational.method].lacks,
    disaster === undefined ? undefined : disasterTraits[disaster.option].lacks,
  ].filter((reason) => reason !== undefined);
  return reasons.length === 0 ? "no image reaches back far enough" : reasons.join("; ");
}

export type TimedPhase = { readonly name: string; readonly time: Quantity };

/** The phases in order with recall before and the way back to the site behind them, and their sums. */
export function timedPhases({ estimate, way }: LineWay): readonly TimedPhase[] {
  const { recall, phases, rto } = estimate;
  const back = wayBack(estimate, way);
  const around = [recall, ...(back === undefined ? [] : [back])];
  const lost = computed(sum([...around, rto.logsLost]), "minutes", rto.logsLost.basis);
  const hasLogs = phases.some(({ ofLogs }) => ofLogs);
  return [
    ...(recall.high > 0 ? [{ name: "recall", time: recall }] : []),
    ...phases.map(({ name, time, ofLogs }) => ({
      name: ofLogs ? `${name} (if the logs survive)` : name,
      time,
    })),
    ...(back === undefined ? [] : [{ name: "bring back to the site", time: back }]),
    { name: hasLogs ? "all data back, logs survive" : "all data back", time: way.rto },
    ...(hasLogs ? [{ name: "all data back, logs lost", time: lost }] : []),
  ];
}

/** What the recovery takes beyond recall and phases: data that lies at the recovery site travels. */
function wayBack({ recall, rto }: Estimate, way: RecoveryFrom): Quantity | undefined {
  const low = way.rto.low - recall.low - rto.logsSurvive.low;
  const high = way.rto.high - recall.high - rto.logsSurvive.high;
  // Less than a thousandth of a minute is what rounding leaves.
  if (!(high > 1e-3)) return undefined;
  return computed(
    { low: Math.max(0, low), high },
    "minutes",
    "mail ÷ network_rate, back to the site",
  );
}
