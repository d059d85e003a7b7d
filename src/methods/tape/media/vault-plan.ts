/** What should leave, what should come back, and what a restore has to fetch (paper §2.2.1). Pure. */
import type { Barcode } from "../drive/index.ts";
import { formatDuration } from "#time";
import { type Catalogue, type ListedSet, setsOn } from "./catalogue.ts";
import { lastStep, type VaultRecord, type VaultState, vaultStateOf } from "./vault-record.ts";

export type VaultPolicy = {
  /** Between two backups. */
  readonly intervalMs: number;
  /** So long a set stays onsite. */
  readonly holdMs: number;
  /** From here to the vault. */
  readonly transitMs: number;
  /** From the call until a tape of the vault is here. */
  readonly recallMs: number;
  /** At most so much may be lost with the site. */
  readonly objectiveMs: number;
};

export type VaultRule = {
  /** Lost when the site is, just before the next tape reaches the vault. */
  readonly worstMs: number;
  readonly meets: boolean;
  readonly sentence: string;
};

/** The paper's example: nightly backups, held for 24 hours, then sent offsite, satisfy an RPO of 48 hours. */
export function vaultRule(policy: Omit<VaultPolicy, "recallMs">): VaultRule {
  const { intervalMs, holdMs, transitMs, objectiveMs } = policy;
  const worstMs = intervalMs + holdMs + transitMs;
  const meets = worstMs <= objectiveMs;
  const sum = [intervalMs, holdMs, transitMs].map(formatDuration).join(" + ");
  const sentence = `Interval, hold and transit are ${sum} = ${formatDuration(worstMs)}: ${meets ? "within" : "more than"} the ${formatDuration(objectiveMs)} that may be lost.`;
  return { worstMs, meets, sentence };
}

export type DueTape = {
  readonly barcode: Barcode;
  readonly state: VaultState;
  /** Since when it should have gone, or could come back. */
  readonly dueSinceNs: bigint;
  readonly why: string;
};

/**
 * Tapes that should leave: a kept set of theirs has been onsite for longer than the hold. The oldest one decides: a
 * tape that is appended to every night would otherwise never be due. Longest due first.
 */
export function dueOut(
  facts: VaultFacts & { readonly holdMs: number; readonly nowNs: bigint },
): readonly DueTape[] {
  const { catalogue, record, expired, holdMs, nowNs } = facts;
  const due = catalogue.tapes.flatMap(({ barcode }): DueTape[] => {
    const state = vaultStateOf(record, barcode);
    const kept = setsOn(catalogue, barcode).filter(({ manifest }) => !expired.has(manifest.set));
    if ((state !== "onsite" && state !== "ejected") || kept.length === 0) return [];
    // What was away and came back is held anew from then on.
    const step = lastStep(record, barcode);
    const backNs = step?.state === "onsite" ? step.atNs : 0n;
    const oldestNs = oldestOf(kept);
    const heldSinceNs = oldestNs > backNs ? oldestNs : backNs;
    const dueSinceNs = heldSinceNs + BigInt(Math.round(holdMs)) * 1_000_000n;
    if (dueSinceNs > nowNs) return [];
    const why = `A set on it is older than the ${formatDuration(holdMs)} that tapes are held.`;
    return [{ barcode, state, dueSinceNs, why }];
  });
  return due.toSorted(longestDueFirst);
}

/** Tapes that are away and whose sets have all expired: they can be used again. */
export function dueBack(facts: VaultFacts & { readonly nowNs: bigint }): readonly DueTape[] {
  const { catalogue, record, expired } = facts;
  const due = catalogue.tapes.flatMap(({ barcode }): DueTape[] => {
    const step = lastStep(record, barcode);
    const sets = setsOn(catalogue, barcode);
    if (step?.state !== "vault") return [];
    if (sets.some(({ manifest }) => !expired.has(manifest.set))) return [];
    const why = sets.length === 0 ? "Nothing is on it." : "Everything on it has expired.";
    return [{ barcode, state: step.state, dueSinceNs: step.atNs, why }];
  });
  return due.toSorted(longestDueFirst);
}

export type VaultFacts = {
  readonly catalogue: Catalogue;
  readonly record: VaultRecord;
  readonly expired: ReadonlySet<string>;
};

export type PulledTape = {
  readonly barcode: Barcode;
  readonly state: VaultState | "missing";
  readonly where: string;
  readonly sinceNs?: bigint;
  /** How long until it is in the library; undefined where nobody can say. */
  readonly atHandInMs?: number;
};

export type PullList = {
  readonly tapes: readonly PulledTape[];
  /** All of them, fetched at once; undefined where one cannot be said. */
  readonly atHandInMs?: number;
};

/** What must be fetched to restore a set, in the order in which it is read. */
export function pullList(
  { manifest }: ListedSet,
  facts: {
    readonly record: VaultRecord;
    /** Tapes that the library sees. */
    readonly present: ReadonlySet<Barcode>;
    readonly recallMs: number;
    readonly nowNs: bigint;
  },
): PullList {
  const tapes = manifest.parts.map(({ barcode }) => pulled(barcode, facts));
  const known = tapes.flatMap(({ atHandInMs }) => atHandInMs ?? []);
  return known.length === tapes.length ? { tapes, atHandInMs: Math.max(0, ...known) } : { tapes };
}

function pulled(barcode: Barcode, facts: Parameters<typeof pullList>[1]): PulledTape {
  const { record, present, recallMs, nowNs } = facts;
  const step = lastStep(record, barcode);
  if (present.has(barcode))
    return {
      barcode,
      state: "onsite",
      where: step?.state === "onsite" ? step.where : "library",
      atHandInMs: 0,
    };
  if (step === undefined || step.state === "onsite") {
    const where = step?.where ?? "";
    return {
      barcode,
      state: "missing",
      where,
      ...(step === undefined ? {} : { sinceNs: step.atNs }),
    };
  }
  const { state, where, atNs: sinceNs } = step;
  const elapsedMs = Math.max(0, Number((nowNs - sinceNs) / 1_000_000n));
  switch (state) {
    case "ejected":
      return { barcode, state, where, sinceNs, atHandInMs: 0 };
    case "recalled":
      return { barcode, state, where, sinceNs, atHandInMs: Math.max(0, recallMs - elapsedMs) };
    case "in-transit":
    case "vault":
      return { barcode, state, where, sinceNs, atHandInMs: recallMs };
  }
}

/** Of one set at least. */
function oldestOf(sets: readonly ListedSet[]): bigint {
  return sets
    .map(({ manifest }) => manifest.atNs)
    .reduce((oldest, atNs) => (atNs < oldest ? atNs : oldest));
}

function longestDueFirst(a: DueTape, b: DueTape): number {
  return a.dueSinceNs < b.dueSinceNs ? -1 : a.dueSinceNs > b.dueSinceNs ? 1 : 0;
}
