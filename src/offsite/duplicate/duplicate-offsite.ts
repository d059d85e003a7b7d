import { inOrder, type RecoveryPoint, recoveryPointOf } from "#copies";
import {
  type DuplicatedSnapshot,
  type DuplicateResult,
  type DuplicateVerification,
  isMoment,
  type RefusedSnapshot,
  type Repository,
} from "#repository";
import type {
  OffsiteOption,
  RefusedPoint,
  SendOptions,
  SendResult,
  SentPoint,
} from "../offsite-option.ts";
import { offsiteState } from "../offsite-state.ts";
import { duplicateCopy } from "./duplicate-copy.ts";

export type DuplicateOffsiteOptions = {
  /** The repository here, and the one elsewhere. Both are the caller's and stay open. */
  readonly from: Repository;
  readonly to: Repository;
  /** What the copy elsewhere is called. */
  readonly name: string;
  /** Default "index". */
  readonly verify?: DuplicateVerification;
  readonly now: () => bigint;
  /** Milliseconds that only go up. */
  readonly clockMs: () => number;
};

/** Duplicates backup copies to another repository (paper §2.2.2). */
export function duplicateOffsite(options: DuplicateOffsiteOptions): OffsiteOption {
  const { from, to, name } = options;
  const leaving = new Set<RecoveryPoint>();
  return {
    name: "duplicate backup copies to offsite",
    section: "2.2.2",
    copy: duplicateCopy(to, { name }),
    async send(points, sending = {}) {
      for (const point of points) leaving.add(point);
      try {
        return await sendPoints(points, { ...options, ...sending });
      } finally {
        for (const point of points) leaving.delete(point);
      }
    },
    async state(signal) {
      const [here, there] = await Promise.all([from.snapshots(signal), to.snapshots(signal)]);
      return offsiteState({
        here: inOrder(here.filter(isMoment).map(recoveryPointOf)),
        there: inOrder(there.filter(isMoment).map(recoveryPointOf)),
        onTheirWay: [...leaving],
      });
    },
  };
}

async function sendPoints(
  points: readonly RecoveryPoint[],
  options: DuplicateOffsiteOptions & SendOptions,
): Promise<SendResult> {
  const { from, to, name: _name, onProgress, ...rest } = options;
  const result = await from.duplicateTo(to, {
    ...rest,
    snapshots: points,
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: ({ phase, snapshotsDone, snapshotsTotal, bytesDone, bytesTotal }) =>
            onProgress({
              phase,
              momentsDone: snapshotsDone,
              momentsTotal: snapshotsTotal,
              bytesDone,
              bytesTotal,
            }),
        }),
  });
  const ofId = new Map(points.map((point) => [point.id, point]));
  return {
    sent: result.copied.map(sentPointOf),
    skipped: result.skipped.map(sentPointOf),
    refused: result.refused.map((refused) => refusedPointOf(refused, ofId)),
    bytes: {
      read: result.bytesRead,
      added: result.bytesAdded,
      stored: result.bytesStored,
      verified: result.bytesVerified,
    },
    phases: Object.entries(result.phasesMs).map(([name, elapsedMs]) => ({ name, elapsedMs })),
    verified: verifiedText(result),
  };
}

function sentPointOf({ from, to }: DuplicatedSnapshot): SentPoint {
  return { here: recoveryPointOf(from), there: recoveryPointOf(to) };
}

function refusedPointOf(
  { id, error, losses, lossCount }: RefusedSnapshot,
  ofId: ReadonlyMap<string, RecoveryPoint>,
): RefusedPoint {
  return { point: ofId.get(id) as RecoveryPoint, error, losses, lossCount };
}

function verifiedText({ verified }: DuplicateResult): string {
  switch (verified) {
    case "index":
      return "every blob is in an index there that was read back";
    case "data":
      return "every byte was read back from there and hashed";
  }
}
