/**
 * Which packs a run reads so that all are read again within a time: those whose reading is too long
 * ago, and of the others a share that grows with the time since the last run, the oldest first.
 */
import type { Rolling, RollingReport } from "./verify-report.ts";

export type PackAge = {
  readonly packId: string;
  readonly sizeBytes: number;
  /** Last found sound; undefined where it was never read, or found damaged. */
  readonly soundAtNs: bigint | undefined;
  readonly isDamaged: boolean;
};

export type Due = {
  readonly ages: readonly PackAge[];
  readonly withinMs: number;
  readonly nowNs: bigint;
  /** When anything was last read; undefined: never. */
  readonly previousNs: bigint | undefined;
};

/** What is to be read, in this order: damaged, never read, read longest ago. */
export function packsDue({ ages, withinMs, nowNs, previousNs }: Due): readonly PackAge[] {
  const ordered = inOrderOfAge(ages);
  const readBytes = ordered.reduce(
    (sum, { soundAtNs, sizeBytes }) => sum + (soundAtNs === undefined ? 0 : sizeBytes),
    0,
  );
  const elapsedMs = previousNs === undefined ? 0 : millisecondsBetween(previousNs, nowNs);
  const shareBytes = readBytes * Math.min(1, elapsedMs / withinMs);
  let readAgainBytes = 0;
  return ordered.filter((pack) => {
    if (isOverdue(pack, { withinMs, nowNs })) {
      if (pack.soundAtNs !== undefined) readAgainBytes += pack.sizeBytes;
      return true;
    }
    if (readAgainBytes >= shareBytes) return false;
    readAgainBytes += pack.sizeBytes;
    return true;
  });
}

export function inOrderOfAge(ages: readonly PackAge[]): readonly PackAge[] {
  const rank = ({ isDamaged, soundAtNs }: PackAge): number =>
    isDamaged ? 0 : soundAtNs === undefined ? 1 : 2;
  return ages.toSorted((a, b) => {
    const byRank = rank(a) - rank(b);
    if (byRank !== 0 || a.soundAtNs === b.soundAtNs) return byRank;
    return (a.soundAtNs ?? 0n) < (b.soundAtNs ?? 0n) ? -1 : 1;
  });
}

type Age = { readonly withinMs: number; readonly nowNs: bigint };

export function isOverdue({ soundAtNs }: PackAge, { withinMs, nowNs }: Age): boolean {
  return soundAtNs === undefined || millisecondsBetween(soundAtNs, nowNs) > withinMs;
}

export type Pace = {
  /** As they are after the run. */
  readonly ages: readonly PackAge[];
  readonly rolling: Rolling;
  readonly nowNs: bigint;
  readonly previousNs: bigint | undefined;
  readonly packsRead: number;
  readonly bytesRead: number;
  /** What reading them took. */
  readonly tookMs: number;
  /** What everything before it took, which each run takes anew. */
  readonly structureMs: number;
  readonly endedByBudget: boolean;
};

export function rollingReport(pace: Pace): RollingReport {
  const { ages, rolling, nowNs, packsRead, endedByBudget } = pace;
  const overdue = ages.filter((pack) => isOverdue(pack, { withinMs: rolling.withinMs, nowNs }));
  const never = ages.filter(({ soundAtNs }) => soundAtNs === undefined);
  const oldest = never.length > 0 ? undefined : inOrderOfAge(ages)[0]?.soundAtNs;
  return {
    packsRead,
    packsTotal: ages.length,
    bytesTotal: sizeOf(ages),
    overduePacks: overdue.length,
    overdueBytes: sizeOf(overdue),
    neverReadPacks: never.length,
    ...(oldest === undefined ? {} : { oldestNs: oldest }),
    endedByBudget,
    ...paceOf(pace),
  };
}

function paceOf({
  ages,
  rolling: { withinMs, budgetMs },
  nowNs,
  previousNs,
  bytesRead,
  tookMs,
  structureMs,
}: Pace): Pick<RollingReport, "runsForAll" | "paceSuffices"> {
  if (budgetMs === undefined || bytesRead === 0) return {};
  const readingMs = Math.max(budgetMs - structureMs, 1);
  const bytesPerRun = (bytesRead / Math.max(tookMs, 1)) * readingMs;
  const runsForAll = Math.max(1, Math.ceil(sizeOf(ages) / bytesPerRun));
  if (previousNs === undefined) return { runsForAll };
  const runsWithin = withinMs / Math.max(1, millisecondsBetween(previousNs, nowNs));
  return { runsForAll, paceSuffices: runsWithin >= runsForAll };
}

function sizeOf(packs: readonly PackAge[]): number {
  return packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function millisecondsBetween(fromNs: bigint, toNs: bigint): number {
  return Number(toNs - fromNs) / 1e6;
}
