import { type DisasterConfig, findCopy, type TierConfig } from "#policy";
import { lapsesOf } from "../coverage/index.ts";
import { type Pair, spanText } from "../model/index.ts";
import { minutesText, type Ranked } from "../ranking/index.ts";
import type { BusinessRequirements, Objectives } from "../requirements/index.ts";
import {
  type CheckFinding,
  type ConfiguredLine,
  promiseOf,
  type Promised,
} from "./check-finding.ts";

/** Beside the tier's promise each further method has its own: one that it cannot keep would be believed. */
export function ownPromises(
  { operational }: TierConfig,
  ways: readonly Ranked[],
): readonly CheckFinding[] {
  return operational.flatMap((promised, index): CheckFinding[] => {
    const estimate = ways[index]?.evaluation.operational;
    if (index === 0 || estimate === undefined) return [];
    const { method, loseAtMostMs = Infinity, backWithinMs = Infinity } = promised;
    const found: CheckFinding[] = [];
    const lost = worst(estimate.rpo) * 60;
    if (isBeyond(lost, loseAtMostMs))
      found.push({
        severity: "error",
        text: `${method}: up to ${minutesText(lost)} of mail would be lost, and it promises ${minutesText(loseAtMostMs / 60_000)}`,
        change: "set its every or its lose_at_most to what can be kept",
      });
    const back = worst(estimate.rto);
    if (isBeyond(back, backWithinMs))
      found.push({
        severity: "error",
        text: `${method}: back after ${minutesText(back)}, and it promises ${minutesText(backWithinMs / 60_000)}`,
        change: "set its back_within to what can be kept",
      });
    return found;
  });
}

/** In the quantity's own unit. */
function worst({ logsSurvive, logsLost }: Pair): number {
  return Math.max(logsSurvive.high, logsLost.high);
}

/** A thousandth of a minute is what rounding may add. */
function isBeyond(minutes: number, limitMs: number): boolean {
  return minutes > limitMs / 60_000 + 1e-3;
}

/** A promise that is looser than what is required is none, even where the estimate is good. */
export function looserPromises(
  tier: TierConfig,
  { operational, disaster }: BusinessRequirements,
): readonly CheckFinding[] {
  return [
    ...looser(promiseOf(tier), { required: operational, of: "" }),
    ...(disaster === undefined || tier.disaster === undefined
      ? []
      : looser(
          // What a mirror is behind is no promise of the file: it is estimated, and shown as it is.
          isMirrored(tier) ? { ...tier.disaster, loseAtMostMs: 0 } : tier.disaster,
          { required: disaster, of: " of disaster" },
        )),
  ];
}

function looser(
  promised: Promised,
  { required, of }: { readonly required: Objectives; readonly of: string },
): readonly CheckFinding[] {
  const compared = [
    {
      key: `lose_at_most${of}`,
      promisedMs: promised.loseAtMostMs,
      requiredMs: required.loseAtMostMs,
    },
    {
      key: `back_within${of}`,
      promisedMs: promised.backWithinMs,
      requiredMs: required.backWithinMs,
    },
  ];
  return compared.flatMap(({ key, promisedMs, requiredMs }): CheckFinding[] => {
    if (promisedMs !== undefined && promisedMs <= requiredMs) return [];
    return [
      {
        severity: "error",
        text:
          promisedMs === undefined
            ? `${key} is not promised, and it is required`
            : `${key} promises less than is required`,
        change: `set ${key} to what is required or better`,
      },
    ];
  });
}

/** “Inadvertent lapses of protection” between the operational and the disaster window (§1.4.2), required or not. */
export function lapseFindings(ways: readonly Ranked[]): readonly CheckFinding[] {
  const windows = ways.flatMap(({ evaluation }) => evaluation.windows);
  const furthest = windows.reduce((most, { toHours }) => Math.max(most, toHours), 0);
  return lapsesOf(windows, furthest).map(({ fromHours, toHours, changes }) => {
    const change = changes[0]?.text;
    const from = fromHours === 0 ? "now" : spanText(rounded(fromHours));
    return {
      severity: "warning",
      text: `a lapse: nothing covers from ${from} to ${spanText(rounded(toHours))} ago, and older states are kept (§1.4.2)`,
      ...(change === undefined ? {} : { change }),
    };
  });
}

function rounded(hours: number): number {
  return hours >= 1 ? Math.round(hours) : Math.max(1 / 60, Math.round(hours * 60) / 60);
}

/** What is not wrong and should be known. */
export function remarks(
  configured: ConfiguredLine,
  business: BusinessRequirements,
): readonly CheckFinding[] {
  const { tier, config } = configured;
  const warnings = [
    ...disasterRemarks(configured, business),
    ...paceRemarks(tier),
    ...plainRemarks(configured),
  ];
  if (config.servers.length > 1)
    warnings.push({
      text: "the file has several servers: each is taken to hold as much mail as the requirements say",
    });
  return warnings.map((warning) => ({ severity: "warning", ...warning }));
}

type Remark = Omit<CheckFinding, "severity">;

function disasterRemarks(
  { tier, config }: ConfiguredLine,
  business: BusinessRequirements,
): readonly Remark[] {
  const { disaster } = tier;
  if (disaster === undefined) {
    if (business.disaster !== undefined) return [];
    return [
      {
        text: "nothing recovers from the loss of the site; the paper recommends one method of each layer (§2)",
      },
    ];
  }
  const copy = findCopy(config, disaster.copy);
  const isHere = copy?.kind === "repository" && copy.location.at === "this machine";
  return [
    ...(isHere
      ? [
          {
            text: `the disaster copy "${disaster.copy}" is a folder of this machine: it outlives the site only where that folder lies elsewhere`,
            change: "mount it from the other site, or give it a url",
          },
        ]
      : []),
    ...unpromised(disaster, isMirrored(tier)),
  ];
}

/** Whether what feeds the disaster recovery of a tier is a journal with a mirror. */
function isMirrored({ operational, disaster }: TierConfig): boolean {
  return operational.some(
    ({ copy, journalMirror }) => copy === disaster?.from && journalMirror !== undefined,
  );
}

function unpromised(disaster: DisasterConfig, isLossShown: boolean): readonly Remark[] {
  const found: Remark[] = [];
  if (disaster.everyMs === undefined)
    found.push({
      text: "disaster has neither every nor lose_at_most: one copy a day is taken for granted",
      change: "add lose_at_most to disaster",
    });
  else if (disaster.loseAtMostMs === undefined && !isLossShown)
    found.push({
      text: "disaster has no lose_at_most: nothing is promised for the mail of the last hours",
      change: "add lose_at_most to disaster",
    });
  if (disaster.backWithinMs === undefined)
    found.push({
      text: "disaster has no back_within: nothing is promised for the time of recovery",
      change: "add back_within to disaster",
    });
  return found;
}

function paceRemarks(tier: TierConfig): readonly Remark[] {
  const { loseAtMostMs, backWithinMs } = promiseOf(tier);
  const [first, ...others] = tier.operational;
  const found: Remark[] = [];
  if (loseAtMostMs === undefined)
    found.push({
      text:
        first.everyMs === undefined
          ? "it has no lose_at_most: one capture a day is taken for granted"
          : "it has no lose_at_most: as much as comes between two copies is taken for its promise",
      change: "add lose_at_most",
    });
  if (backWithinMs === undefined)
    found.push({
      text: "it has no back_within: nothing is promised for the time of recovery",
      change: "add back_within",
    });
  for (const { method, everyMs } of loseAtMostMs === undefined ? others : tier.operational) {
    if (everyMs === undefined)
      found.push({
        text: `${method} has no every: one copy a day is taken for granted`,
        change: "add every",
      });
  }
  return found;
}

/** “Delta snapshots” of plain copies share nothing with the store: each is as large as a clone. */
function plainRemarks({ tier, config }: ConfiguredLine): readonly Remark[] {
  const isPlain = config.servers.some(({ hotSplit }) => hotSplit?.snapshots === "plain");
  const hasDeltas = tier.operational.some(({ method }) => method === "rotation of delta snapshots");
  if (!isPlain || !hasDeltas) return [];
  return [
    {
      text: "snapshots: plain shares no blocks with the store: each delta snapshot takes as much room as the store itself",
      change: "let a filesystem that can freeze the store: btrfs or reflink",
    },
  ];
}
