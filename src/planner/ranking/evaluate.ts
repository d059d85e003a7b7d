import {
  disasterEdge,
  type DisasterOptionId,
  disasterTraits,
  type Loss,
  lossNames,
  methodCaveatsOn,
  operationalTraits,
  sourceEdge,
  sourceImpact,
  transactionLogs,
  type Traits,
} from "../figure-1/index.ts";
import { finenessAt, type Window, windowsOf } from "../coverage/index.ts";
import {
  type Combination,
  combinationId,
  type DisasterChoice,
  disasterRotation,
  type Estimate,
  estimateDisaster,
  estimateOperational,
  operationalRotation,
  type Situation,
  type Stored,
} from "../model/index.ts";
import { computed, over, type Quantity, sum, times } from "../quantity.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import { judgedBy } from "./objectives.ts";

/** Which layer recovers from a loss, how much is lost and how long it takes, in the worst case of the pair. */
export type RecoveryFrom = {
  readonly layer: "operational" | "disaster";
  /** Hours, when the logs are lost; when they survive, where mirrored logs outlive the loss (Figure 7). */
  readonly rpo: Quantity;
  /** Minutes, recall included, when the logs survive. */
  readonly rto: Quantity;
};

/** One way through Figure 1 with everything that §1.4.1 asks to look at. */
export type Evaluation = {
  readonly id: string;
  readonly combination: Combination;
  readonly operational: Estimate;
  readonly disaster?: Estimate;
  /** Undefined where nothing recovers from it. */
  readonly recovery: Readonly<Record<Loss, RecoveryFrom | undefined>>;
  readonly windows: readonly Window[];
  /** 0 none to 3 the server is down. */
  readonly impact: number;
  readonly impactReason: string;
  /** One source feeds both layers: “the ideal” (§2). */
  readonly oneSource: boolean;
  readonly images: number;
  readonly caveats: readonly string[];
};

/** An attack on the eve of a long weekend is found after three days (§1.4.2). */
const lateHours = 72;

export function evaluate(
  combination: Combination,
  business: BusinessRequirements,
  requirements: Requirements,
): Evaluation {
  const { source, disaster: last } = combination;
  const local = operationalEstimate(combination, business, requirements);
  const far =
    last === undefined ? undefined : disasterEstimate(combination, business, requirements);
  const windows = windowsOfCombination(combination, far);
  const impact = impactOf(combination);
  return {
    id: combinationId(combination),
    combination,
    operational: local,
    ...(far === undefined ? {} : { disaster: far }),
    recovery: recoveries({ combination, local, far, windows, requirements, business }),
    windows,
    ...impact,
    oneSource:
      last === undefined || isFedByCopy(last, source === "live-object" || source === "live-write"),
    images: isSameTapes(combination)
      ? Math.max(local.images, far?.images ?? 0)
      : local.images + (far?.images ?? 0),
    caveats: caveatsOf(combination, { windows, requirements }),
  };
}

/** What to mind: of the ways through Figure 1, and of the method on this server. */
function caveatsOf(
  { source, operational: { method }, disaster }: Combination,
  { windows, requirements: { server } }: Pick<Inputs, "windows" | "requirements">,
): readonly string[] {
  const { lacks, lacksFor = [] } = operationalTraits[method];
  const local = windows.filter(({ layer }) => layer === "operational");
  const reachesLate = finenessAt(local, lateHours) !== undefined;
  const isLacking = !(reachesLate && lacksFor.includes("late-attack"));
  return [
    ...new Set([
      ...sourceEdge(source, method).caveats,
      ...(lacks === undefined || !isLacking ? [] : [lacks]),
      ...methodCaveatsOn(method, server).map(({ words, section }) => `“${words}” (§${section})`),
      ...(disaster === undefined ? [] : disasterEdge(method, disaster.option).caveats),
      ...(disaster?.mirroredLogs === true ? [mirroredLogsCaveat] : []),
    ]),
  ];
}

const mirroredLogsCaveat =
  "no mail is lost where the logs are mirrored synchronously; “Host-based mirrors are also generally asynchronous in nature” (§2.2.3)";

/** Shipped tapes are the operational ones. */
function isSameTapes({
  operational,
  disaster,
}: Pick<Combination, "operational" | "disaster">): boolean {
  return operational.method === "tape" && disaster?.option === "ship-tapes";
}

/** Whether what the server writes can be rolled forward: by its own logs, or because a journal keeps them. */
export function situationOf(
  business: BusinessRequirements,
  requirements: Requirements,
  share: number = business.mailShare,
): Situation {
  const { parameters, server } = requirements;
  return { parameters, rollsForward: transactionLogs(server.kind).has, share };
}

/** The whole site, for Figures 6 and 7. */
export function siteSituation({ parameters, server }: Requirements): Situation {
  return { parameters, rollsForward: transactionLogs(server.kind).has, share: 1 };
}

/** A volume comes back whole; what is finer brings back the mail of the line of business alone (§1.4.3). */
function restoredShare({ fine }: Traits, business: BusinessRequirements): number {
  return fine ? business.mailShare : 1;
}

function operationalEstimate(
  combination: Combination,
  business: BusinessRequirements,
  requirements: Requirements,
): Estimate {
  const { operational } = combination;
  const share = restoredShare(operationalTraits[operational.method], business);
  const recovered = estimateOperational(operational, situationOf(business, requirements, share));
  const { stored } = estimateOperational(operational, situationOf(business, requirements));
  const { hold, recall } = requirements.parameters;
  // The tapes themselves leave: whatever is older than the hold must be fetched first (§2.2.1).
  const isAway = isSameTapes(combination) && hold.low < combination.operational.everyHours;
  return { ...(isAway ? recalled(recovered, recall) : recovered), stored };
}

function recalled(estimate: Estimate, recall: Quantity): Estimate {
  const basis = "recall: the tape was sent offsite (§2.2.1)";
  return { ...estimate, recall: computed(times(recall, 60), "minutes", basis) };
}

function disasterEstimate(
  { operational, disaster }: Combination,
  business: BusinessRequirements,
  requirements: Requirements,
): Estimate {
  const choice = disaster as DisasterChoice;
  const share = restoredShare(disasterTraits[choice.option], business);
  const recovered = estimateDisaster(
    choice,
    operational,
    situationOf(business, requirements, share),
  );
  const { stored } = estimateDisaster(choice, operational, situationOf(business, requirements));
  if (!isSameTapes({ operational, disaster: choice })) return { ...recovered, stored };
  const local = estimateOperational(operational, situationOf(business, requirements));
  return { ...recovered, stored: boughtBeside(local.stored, stored) };
}

/** What is stored beyond what there is already: tapes of one rotation are bought once, for the longer of its reaches. */
function boughtBeside(there: readonly Stored[], stored: readonly Stored[]): readonly Stored[] {
  return stored.flatMap((one): readonly Stored[] => {
    const same = there.find(({ kind }) => kind === one.kind);
    if (same === undefined || one.tapes === undefined || same.tapes === undefined) return [one];
    if (one.tapes.high <= same.tapes.high) return [];
    return [
      {
        ...one,
        size: less(one.size, same.size),
        timesData: less(one.timesData, same.timesData),
        tapes: less(one.tapes, same.tapes),
      },
    ];
  });
}

function less(more: Quantity, there: Quantity): Quantity {
  // Without mail, what is stored is an unlimited multiple of it, here as there.
  const beyond = (one: number, other: number): number =>
    one === other ? 0 : Math.max(0, one - other);
  const difference = { low: beyond(more.low, there.low), high: beyond(more.high, there.high) };
  return computed(difference, more.unit, `${more.basis}, less the operational tapes`);
}

/** Copies are made from the operational copy; mirrors and host replication read the server a second time. */
function isFedByCopy({ option, mirroredLogs }: DisasterChoice, isLive: boolean): boolean {
  const readsServer: readonly DisasterOptionId[] = ["mirror-application", "mirror-host"];
  if (readsServer.includes(option)) return isLive;
  return !mirroredLogs && !option.startsWith("mirror-") && option !== "snapshots-of-mirror";
}

function windowsOfCombination(
  { operational, disaster }: Combination,
  far: Estimate | undefined,
): readonly Window[] {
  const local = windowsOf(operationalRotation(operational), {
    layer: "operational",
    label: operational.method,
  });
  if (disaster === undefined || far === undefined) return local;
  const delayHours = Math.max(0, far.rpo.logsLost.high - disaster.everyHours);
  return [
    ...local,
    ...windowsOf(disasterRotation(disaster, operational), {
      layer: "disaster",
      label: disaster.option,
      delayHours: disaster.everyHours === 0 ? 0 : delayHours,
    }),
  ];
}

type Inputs = {
  readonly combination: Combination;
  readonly local: Estimate;
  readonly far: Estimate | undefined;
  readonly windows: readonly Window[];
  readonly requirements: Requirements;
  readonly business: BusinessRequirements;
};

function recoveries(inputs: Inputs): Evaluation["recovery"] {
  const found = lossNames.map((loss) => [loss, recoveryFrom(loss, inputs)] as const);
  return Object.fromEntries(found) as Evaluation["recovery"];
}

/**
 * The layer that survives the loss; of two the one that meets more of its objectives, then the one that is
 * quicker back, then the one that loses less.
 */
function recoveryFrom(loss: Loss, inputs: Inputs): RecoveryFrom | undefined {
  const ways = [localRecovery(loss, inputs), farRecovery(loss, inputs)].filter(
    (way) => way !== undefined,
  );
  const missed = (way: RecoveryFrom): number => {
    const judged = judgedBy(loss, way, inputs.business);
    if (judged === undefined) return 0;
    return Number(!judged.rpo.isMet) + Number(!judged.rto.isMet);
  };
  return ways.toSorted(
    (left, right) =>
      missed(left) - missed(right) ||
      left.rto.high - right.rto.high ||
      left.rpo.high - right.rpo.high,
  )[0];
}

function localRecovery(
  loss: Loss,
  { combination, local, windows, requirements }: Inputs,
): RecoveryFrom | undefined {
  const { survives } = operationalTraits[combination.operational.method];
  if (loss === "late-attack") {
    // The newest tape may still be held; one from before the attack is offsite by then (§2.2.1).
    const { hold, recall } = requirements.parameters;
    const isAway = isSameTapes(combination) && hold.low < lateHours && local.recall.high === 0;
    return lateRecovery("operational", isAway ? recalled(local, recall) : local, windows);
  }
  if (!survives.includes(loss)) return undefined;
  return { layer: "operational", rpo: local.rpo.logsLost, rto: withRecall(local) };
}

function farRecovery(loss: Loss, inputs: Inputs): RecoveryFrom | undefined {
  const { combination, far, windows, requirements, business } = inputs;
  if (combination.disaster === undefined || far === undefined) return undefined;
  const { option } = combination.disaster;
  if (loss === "late-attack") {
    const late = lateRecovery("disaster", far, windows);
    return late && { ...late, rto: backHome(late.rto, { option, requirements, business }) };
  }
  if (!disasterTraits[option].survives.includes(loss)) return undefined;
  const rto = withRecall(far);
  // Corruption is mirrored with the logs; the loss of the volumes or of the site they outlive.
  const logsOutlive = combination.disaster.mirroredLogs && (loss === "hardware" || loss === "site");
  return {
    layer: "disaster",
    rpo: logsOutlive ? far.rpo.logsSurvive : far.rpo.logsLost,
    rto: loss === "site" ? rto : backHome(rto, { option, requirements, business }),
  };
}

/** An image from before the attack is wanted: what matters is how closely images lie at that age. */
function lateRecovery(
  layer: Window["layer"],
  estimate: Estimate,
  windows: readonly Window[],
): RecoveryFrom | undefined {
  const fineness = finenessAt(
    windows.filter((window) => window.layer === layer),
    lateHours,
  );
  if (fineness === undefined) return undefined;
  const basis = `images ${lateHours} hours ago lie so far apart`;
  return {
    layer,
    rpo: computed({ low: fineness, high: fineness }, "hours", basis),
    rto: withRecall(estimate),
  };
}

function withRecall({ rto, recall }: Estimate): Quantity {
  const basis =
    recall.high === 0 ? rto.logsSurvive.basis : `${recall.basis} + ${rto.logsSurvive.basis}`;
  return computed(sum([recall, rto.logsSurvive]), "minutes", basis);
}

/** When the site still stands, what lies at the recovery site must travel back; tapes travel by themselves. */
function backHome(
  rto: Quantity,
  options: {
    readonly option: DisasterOptionId;
    readonly requirements: Requirements;
    readonly business: BusinessRequirements;
  },
): Quantity {
  const { option, requirements, business } = options;
  const travels = ["ship-tapes", "duplicate-tapes", "duplicate-object-storage", "mirror-failover"];
  if (travels.includes(option)) return rto;
  const { mail, network_rate: rate } = requirements.parameters;
  const share = restoredShare(disasterTraits[option], business);
  const back = over(times(mail, share), times(rate, 60));
  return computed(
    sum([rto, back]),
    "minutes",
    `${rto.basis} + mail ÷ network_rate, back to the site`,
  );
}

function impactOf({
  source,
  operational,
  disaster,
}: Combination): Pick<Evaluation, "impact" | "impactReason"> {
  const parts = [
    sourceImpact[source],
    fromTraits(operationalTraits[operational.method]),
    ...(disaster === undefined ? [] : [fromTraits(disasterTraits[disaster.option])]),
  ].toSorted((left, right) => right.impact - left.impact);
  return { impact: parts[0]?.impact ?? 0, impactReason: parts[0]?.reason ?? "" };
}

function fromTraits({ impact, impactReason }: Traits): { impact: number; reason: string } {
  return { impact, reason: impactReason };
}
