import {
  dataSources,
  type DataSourceId,
  disasterEdge,
  sourceEdge,
  transactionLogs,
} from "../figure-1/index.ts";
import {
  type Combination,
  type DisasterChoice,
  operationalRotation,
  disasterRotation,
  type Kept,
  type OperationalChoice,
} from "../model/index.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";

/** Clones and snapshots in one rotation; more are no rotation that anybody runs. */
const mostReplicas = 400;
const day = 24;
const hourMs = 3_600_000;

/**
 * Every combination worth a look for one line of business: each method with the rotations that people
 * run, reaching as far back as is asked. Whether it is any good is for `judge` to say.
 */
export function combinationsFor(
  business: BusinessRequirements,
  requirements: Requirements,
): readonly Combination[] {
  const operational = operationalCandidates(business);
  const disaster = disasterCandidates(business, requirements);
  return sourcesOf().flatMap((source) =>
    operational
      .filter(({ method }) => sourceEdge(source, method).verdict !== "no")
      .flatMap((choice) =>
        disaster.flatMap((last): Combination[] => {
          if (last === undefined) return [{ source, operational: choice }];
          if (!fits(choice, last)) return [];
          return [{ source, operational: choice, disaster: within(choice, last) }];
        }),
      ),
  );
}

function sourcesOf(): readonly DataSourceId[] {
  return Object.keys(dataSources) as DataSourceId[];
}

/** Figure 1's edge, and what is common sense: nothing is sent away more often than it is made. */
function fits(operational: OperationalChoice, disaster: DisasterChoice): boolean {
  if (disasterEdge(operational.method, disaster.option).verdict === "no") return false;
  const isFed = disaster.everyHours > 0;
  return !isFed || disaster.everyHours >= operational.everyHours;
}

/** A mirror of the storage of continuous protection reaches back as far as that, and is called so. */
function within({ method, reachHours }: OperationalChoice, last: DisasterChoice): DisasterChoice {
  return method === "cdp" && last.option === "protected-cdp" ? { ...last, reachHours } : last;
}

function operationalCandidates(business: BusinessRequirements): readonly OperationalChoice[] {
  // An attack on the eve of a long weekend must be within reach (§1.4.2).
  const reach = Math.max(business.operational.reachBackMs / hourMs, 4 * day);
  const each = (
    method: OperationalChoice["method"],
    intervals: readonly number[],
  ): readonly OperationalChoice[] =>
    intervals.map((everyHours) => reaching({ method, everyHours, reachHours: reach }));
  const withLogs = (method: "tape" | "disk"): readonly OperationalChoice[] =>
    [6, 1].map((logsEveryHours) =>
      reaching({ method, everyHours: day, logsEveryHours, reachHours: reach }),
    );
  return [
    ...each("tape", [day]),
    ...withLogs("tape"),
    ...each("disk", [day]),
    ...withLogs("disk"),
    ...each("virtual-tape", [day]),
    ...each("disk-deduplicated", [day, 12, 4, 1, 0.25]),
    ...each("object-storage", [day, 12, 4, 1, 0.25]),
    ...replicas("clones", { intervals: [day, 12, 8, 6], reach }),
    ...replicas("deltas", { intervals: [4, 1, 0.25], reach }),
    { method: "cdp", everyHours: 0, reachHours: 2 * day },
    ...(reach > 2 * day && reach <= 30 * day
      ? [{ method: "cdp" as const, everyHours: 0, reachHours: reach }]
      : []),
    reaching({ method: "journal", everyHours: 0, reachHours: reach }),
  ];
}

/** The paper's rotation of a day (two clones, six deltas), two days, and as far back as is asked. */
function replicas(
  method: "clones" | "deltas",
  { intervals, reach }: { readonly intervals: readonly number[]; readonly reach: number },
): readonly OperationalChoice[] {
  return intervals.flatMap((everyHours) => {
    const reaches = new Set([
      Math.max(day, 2 * everyHours),
      wholeDays(2 * day + everyHours),
      wholeDays(reach + everyHours),
    ]);
    return [...reaches]
      .filter((reachHours) => reachHours / everyHours <= mostReplicas)
      .map((reachHours) => ({ method, everyHours, reachHours }));
  });
}

/** Keeps one image more than asked, so that the promise holds in whatever phase the rotation stands. */
function reaching(choice: OperationalChoice): OperationalChoice {
  const longer = (reachHours: number): OperationalChoice => ({ ...choice, reachHours });
  return longer(oneImageMore(choice.reachHours, (hours) => operationalRotation(longer(hours))));
}

/** The image more may itself fall where images lie farther apart: then it must be one of those. */
function oneImageMore(asked: number, rotationFor: (hours: number) => readonly Kept[]): number {
  let reachHours = asked;
  for (;;) {
    const needed = asked + (rotationFor(reachHours).at(-1)?.everyHours ?? 0);
    if (needed <= reachHours) return wholeDays(reachHours);
    reachHours = needed;
  }
}

/** Rotations are kept by the day: a reach of 337 hours is one of 15 days. */
function wholeDays(hours: number): number {
  return hours <= 2 * day ? hours : Math.ceil(hours / day) * day;
}

function disasterCandidates(
  business: BusinessRequirements,
  requirements: Requirements,
): readonly (DisasterChoice | undefined)[] {
  if (business.disaster === undefined) return [undefined, ...offsite(7 * day, requirements)];
  return offsite(Math.max(business.disaster.reachBackMs / hourMs, day), requirements);
}

function offsite(reach: number, requirements: Requirements): readonly DisasterChoice[] {
  const { hold, transit } = requirements.parameters;
  // Logs can be mirrored where the server keeps any (§2.2.3).
  const both = transactionLogs(requirements.server.kind).has ? [false, true] : [false];
  const each = (
    option: DisasterChoice["option"],
    intervals: readonly number[],
    mirroredLogs: readonly boolean[] = [false],
  ): readonly DisasterChoice[] =>
    intervals.flatMap((everyHours) =>
      mirroredLogs.map((logs) =>
        reachingOffsite(
          { option, everyHours, mirroredLogs: logs, reachHours: reach },
          option === "ship-tapes" ? hold.high + transit.high : 0,
        ),
      ),
    );
  return [
    ...each("ship-tapes", [day, 7 * day], both),
    ...each("vault-tapes", [day]),
    ...each("duplicate-tapes", [day, 7 * day], both),
    ...each("duplicate-disk", [day, 12, 4, 1], both),
    ...each("duplicate-object-storage", [day, 12, 4, 1]),
    ...mirrors,
    ...snapshotRotations("snapshots-of-mirror", { reach, mirroredLogs: both }),
    ...snapshotRotations("snapshots-copied", { reach, mirroredLogs: both }),
    ...snapshotRotations("snapshots-propagated", { reach, mirroredLogs: both }),
    reachingOffsite(
      { option: "protected-cdp", everyHours: 0, mirroredLogs: false, reachHours: reach },
      0,
    ),
  ];
}

const mirrors: readonly DisasterChoice[] = (
  ["mirror-application", "mirror-host", "mirror-array", "mirror-sync", "mirror-failover"] as const
).map((option) => ({ option, everyHours: 0, mirroredLogs: false, reachHours: 0 }));

/** Three images at least, so that one is always proven (§3.3.6). */
function snapshotRotations(
  option: DisasterChoice["option"],
  { reach, mirroredLogs }: { readonly reach: number; readonly mirroredLogs: readonly boolean[] },
): readonly DisasterChoice[] {
  return [day, 12, 4, 1].flatMap((everyHours) => {
    const reaches = new Set([wholeDays(3 * everyHours), wholeDays(reach + everyHours)]);
    return [...reaches]
      .filter((reachHours) => reachHours / everyHours <= mostReplicas)
      .flatMap((reachHours) =>
        mirroredLogs.map((logs) => ({ option, everyHours, mirroredLogs: logs, reachHours })),
      );
  });
}

function reachingOffsite(choice: DisasterChoice, delayHours: number): DisasterChoice {
  const longer = (reachHours: number): DisasterChoice => ({ ...choice, reachHours });
  const asked = choice.reachHours + delayHours;
  return longer(oneImageMore(asked, (hours) => disasterRotation(longer(hours))));
}
