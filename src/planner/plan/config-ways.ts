import {
  type Config,
  type CopyConfig,
  type DataSource,
  type DisasterConfig,
  type DisasterMethod,
  findCopy,
  type OperationalConfig,
  type OperationalMethod,
  type TierConfig,
} from "#policy";
import { rotationOfRules } from "../coverage/index.ts";
import type { DataSourceId, DisasterOptionId, OperationalMethodId } from "../figure-1/index.ts";
import {
  type Combination,
  type DisasterChoice,
  hoursPerYear,
  type Kept,
  type OperationalChoice,
} from "../model/index.ts";
import type { Parameters } from "../parameters.ts";
import type { Requirements } from "../requirements/index.ts";

/** The words of the configuration and the boxes of Figure 1 that they are. */
export const methodIds: Readonly<Record<OperationalMethod, OperationalMethodId>> = {
  "continuous data protection": "journal",
  "backup to disk": "disk-deduplicated",
  "rotation of clones": "clones",
  "rotation of delta snapshots": "deltas",
  "backup to tape": "tape",
};
export const optionIds: Readonly<Record<DisasterMethod, DisasterOptionId>> = {
  "duplicate backup copies offsite": "duplicate-disk",
  "move backup tapes offsite": "ship-tapes",
};
export const sourceIds: Readonly<Record<DataSource, DataSourceId>> = {
  "live application": "live-object",
  "hot split snapshot": "hot-split",
  offline: "offline",
};

const hourMs = 3_600_000;
/** Taken for granted where a method does not say how often. */
const usualEveryHours = 24;

/** A method of a tier, as a way through Figure 1. */
export type ConfiguredWay = {
  readonly method: OperationalConfig;
  readonly combination: Combination;
};

/** A tier as ways through Figure 1 that protect the same mail; its disaster recovery follows the method that feeds it. */
export function waysOfTier(
  { operational, disaster }: TierConfig,
  config: Config,
): readonly [ConfiguredWay, ...ConfiguredWay[]] {
  const source = sourceOf(config);
  const feeding = operational.findIndex(({ copy }) => copy === disaster?.from);
  const wayOf = (method: OperationalConfig, index: number): ConfiguredWay => {
    // What records every change watches the living store, however its bases are taken (§3.5.1).
    const isContinuous = method.method === "continuous data protection";
    const from = isContinuous ? sourceIds["live application"] : source;
    const operational = operationalChoice(method);
    const combination = { source: from, operational };
    if (disaster === undefined || index !== feeding) return { method, combination };
    const sent = disasterChoice(disaster);
    if (method.journalMirror !== undefined)
      return { method, combination: { ...combination, disaster: mirrored(sent, operational) } };
    // What is sent are the bases: more often than one is made there is nothing new to send.
    const everyHours = isContinuous
      ? Math.max(sent.everyHours, hoursOf(method.everyMs))
      : sent.everyHours;
    return { method, combination: { ...combination, disaster: { ...sent, everyHours } } };
  };
  const [first, ...others] = operational;
  return [wayOf(first, 0), ...others.map((method, index) => wayOf(method, index + 1))];
}

/** Of several servers the least stable source: what holds with it holds with the others. */
function sourceOf({ servers }: Config): DataSourceId {
  const order: readonly DataSource[] = ["live application", "hot split snapshot", "offline"];
  const found = order.find((source) => servers.some(({ dataSource }) => dataSource === source));
  return sourceIds[found ?? "live application"];
}

function operationalChoice({
  method,
  everyMs,
  images,
  keep,
}: OperationalConfig): OperationalChoice {
  const everyHours = hoursOf(everyMs);
  const id = methodIds[method];
  if (method === "continuous data protection") {
    const kept = rotationOfJournal(keep, everyHours);
    return { method: id, everyHours: 0, reachHours: reachOf(kept), kept };
  }
  if (images !== undefined) return { method: id, everyHours, reachHours: images * everyHours };
  const kept = rotationOfRules(keep, everyHours);
  return { method: id, everyHours, reachHours: reachOf(kept), kept };
}

/**
 * Every change for as long as a rule says so, and coarser than that the bases. Without such a rule the
 * journal is kept whole, and can be replayed on the bases that there are.
 */
function rotationOfJournal(rules: OperationalConfig["keep"], baseHours: number): readonly Kept[] {
  const kept = rotationOfRules(rules, baseHours);
  if (!rules.some(({ kind }) => kind === "everything"))
    return [{ fromHours: 0, untilHours: reachOf(kept), everyHours: 0 }];
  return kept.map((one, index) =>
    rules[index]?.kind === "everything" ? { ...one, everyHours: 0 } : one,
  );
}

function disasterChoice({ method, everyMs, keep }: DisasterConfig): DisasterChoice {
  const everyHours = hoursOf(everyMs);
  const kept = rotationOfRules(keep, everyHours);
  return {
    option: optionIds[method],
    everyHours,
    mirroredLogs: false,
    reachHours: reachOf(kept),
    kept,
  };
}

/**
 * Duplicates of the bases of a journal that is mirrored beside them: every change for as long as the journal
 * here keeps them, since the mirror drops nothing by itself, and the duplicates beyond.
 */
function mirrored(
  { reachHours, kept = [] }: DisasterChoice,
  fed: OperationalChoice,
): DisasterChoice {
  const everyChange = fed.kept?.find(({ everyHours }) => everyHours === 0)?.untilHours ?? 0;
  const untilHours = Math.min(everyChange, reachHours);
  const older = kept.filter((one) => one.untilHours > untilHours);
  return {
    option: "protected-cdp",
    everyHours: 0,
    mirroredLogs: false,
    reachHours,
    kept: [
      { fromHours: 0, untilHours, everyHours: 0 },
      ...older.map((one) => ({ ...one, fromHours: Math.max(one.fromHours, untilHours) })),
    ],
  };
}

function hoursOf(everyMs: number | undefined): number {
  return everyMs === undefined ? usualEveryHours : everyMs / hourMs;
}

/** What is kept for ever is called a thousand years, so that the combination has a name that can be read back. */
function reachOf(kept: readonly Kept[]): number {
  const furthest = kept.reduce((most, { untilHours }) => Math.max(most, untilHours), 0);
  return Math.min(furthest, 1000 * hoursPerYear);
}

/** The site as the file describes it, where it says more than the requirements. */
export function siteOfTier(
  { operational, disaster }: TierConfig,
  { config, requirements }: { readonly config: Config; readonly requirements: Requirements },
): Requirements {
  const tapes = operational.flatMap(({ copy, method }) =>
    method === "backup to tape" ? (findCopy(config, copy) ?? []) : [],
  );
  // Tapes of a folder are written without a drive, and plain copies are made without snapshots.
  const isPlain = config.servers.some(({ hotSplit }) => hotSplit?.snapshots === "plain");
  return {
    ...requirements,
    has: [
      ...requirements.has,
      ...(tapes.length > 0 ? (["tape drive"] as const) : []),
      ...(isPlain ? (["snapshots"] as const) : []),
    ],
    parameters: {
      ...requirements.parameters,
      ...tapeParameters(tapes, requirements.parameters),
      ...vaultParameters(disaster, requirements.parameters),
    },
  };
}

function tapeParameters(
  tapes: readonly CopyConfig[],
  { tape_capacity, tape_safe_uses }: Parameters,
): Partial<Parameters> {
  const library = tapes.find((copy) => copy.kind === "tape library");
  if (library === undefined) return {};
  const { capacityBytes, safeUses } = library;
  return {
    ...(capacityBytes === undefined
      ? {}
      : { tape_capacity: stated(tape_capacity, capacityBytes, "capacity") }),
    ...(safeUses === undefined
      ? {}
      : { tape_safe_uses: stated(tape_safe_uses, safeUses, "safe_uses") }),
  };
}

function vaultParameters(
  disaster: DisasterConfig | undefined,
  { hold, transit }: Parameters,
): Partial<Parameters> {
  const { holdMs, transitMs } = disaster ?? {};
  return {
    ...(holdMs === undefined ? {} : { hold: stated(hold, holdMs / hourMs, "hold") }),
    ...(transitMs === undefined ? {} : { transit: stated(transit, transitMs / hourMs, "transit") }),
  };
}

function stated(
  { unit }: Parameters[keyof Parameters],
  value: number,
  key: string,
): Parameters[keyof Parameters] {
  return { low: value, high: value, unit, origin: "stated", basis: `${key} of the configuration` };
}
