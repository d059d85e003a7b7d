import type { DataSourceId, DisasterOptionId, Loss, OperationalMethodId } from "./names.ts";

/**
 * What §1.4.1 asks to look at beside RPO and RTO: which losses an option survives, what it does to the
 * server while it works, and how fine it restores by itself.
 */
export type Traits = {
  /** Losses after which it still recovers, with the reason for what is missing. */
  readonly survives: readonly Loss[];
  readonly lacks?: string;
  /** The losses that `lacks` explains. */
  readonly lacksFor?: readonly Loss[];
  /** 0 none, 1 negligible, 2 some, 3 the server is down or heavily loaded. */
  readonly impact: 0 | 1 | 2 | 3;
  readonly impactReason: string;
  /** Restores less than a volume by itself; others need a reader over the image (§1.4.3). */
  readonly fine: boolean;
  readonly granularitySection: string;
};

const everythingLocal: readonly Loss[] = ["user-error", "corruption", "late-attack", "hardware"];
const everything: readonly Loss[] = [...everythingLocal, "site"];
const siteOnly: readonly Loss[] = ["hardware", "site"];

function backup(section: string): Traits {
  return {
    survives: everythingLocal,
    impact: 2,
    impactReason: `a backup copy is read from the server or its volumes (§${section}.2)`,
    fine: true,
    granularitySection: `${section}.4`,
  };
}

export const operationalTraits: Readonly<Record<OperationalMethodId, Traits>> = {
  tape: backup("3.1"),
  disk: backup("3.2"),
  "virtual-tape": backup("3.2"),
  "disk-deduplicated": { ...backup("3.2"), impact: 1, impactReason: "only what changed is read" },
  "object-storage": { ...backup("3.2"), impact: 1, impactReason: "only what changed is read" },
  clones: {
    survives: ["user-error", "corruption", "hardware"],
    lacks: "clones reach back a day or so: an attack found late is older (§1.4.2)",
    lacksFor: ["late-attack"],
    impact: 1,
    impactReason: "“Impact to the email server is negligible” (§3.3.2)",
    fine: false,
    granularitySection: "3.3.4",
  },
  deltas: {
    survives: ["user-error", "corruption"],
    lacks:
      "“delta snapshots only provide recovery from logical corruption”: not when production volumes are physically damaged (§3.4.2)",
    lacksFor: ["hardware"],
    impact: 2,
    impactReason: "“Some snapshot solutions may cause a performance impact” (§3.4.2)",
    fine: false,
    granularitySection: "3.4.4",
  },
  cdp: {
    survives: everythingLocal,
    impact: 2,
    impactReason: "live protection “may have some impact on email server performance” (§2.1)",
    fine: true,
    granularitySection: "3.5.4",
  },
  journal: {
    survives: everythingLocal,
    impact: 1,
    impactReason: "changes are observed beside the server (§2.1: some impact)",
    fine: true,
    granularitySection: "3.5.4",
  },
};

function copies(section: string): Traits {
  return {
    survives: everything,
    impact: 0,
    impactReason: `it works on the copy, not on the server (§${section})`,
    fine: true,
    granularitySection: "1.4.3",
  };
}

function mirror(impact: Traits["impact"], impactReason: string, fine = false): Traits {
  return {
    survives: siteOnly,
    lacks: "a mirror propagates corruption at once and has one point in time only (§2.2.3)",
    lacksFor: ["user-error", "corruption", "late-attack"],
    impact,
    impactReason,
    fine,
    granularitySection: "2.2.3",
  };
}

const snapshots: Traits = {
  survives: everything,
  impact: 1,
  impactReason: "an image is copied or propagated to the remote array (§2.2.4)",
  fine: false,
  granularitySection: "1.4.3",
};

export const disasterTraits: Readonly<Record<DisasterOptionId, Traits>> = {
  "ship-tapes": copies("2.2.1"),
  "vault-tapes": {
    ...copies("2.2.1"),
    impact: 2,
    impactReason: "all data moves over the network (§2.2.1)",
  },
  "duplicate-tapes": copies("2.2.2"),
  "duplicate-disk": copies("2.2.2"),
  "duplicate-object-storage": copies("2.2.2"),
  "mirror-application": mirror(
    2,
    "each object is copied and forwarded by the server (§2.2.3)",
    true,
  ),
  "mirror-host": mirror(2, "each disk write is copied by the host (§2.2.3)"),
  "mirror-array": mirror(0, "the array mirrors, not the server (§2.2.3)"),
  "mirror-sync": mirror(1, "each write waits for the far side (§2.2.3)"),
  "mirror-failover": mirror(1, "each write waits for the far side (§2.2.3)"),
  "snapshots-of-mirror": {
    ...snapshots,
    impact: 1,
    impactReason: "the snapshot is taken of the far mirror; its writes are synchronous (§3.3.6)",
  },
  "snapshots-copied": snapshots,
  "snapshots-propagated": snapshots,
  "protected-cdp": {
    survives: everything,
    impact: 0,
    impactReason: "the backing store is mirrored, not the server (§3.5.6)",
    fine: true,
    granularitySection: "3.5.4",
  },
};

/** What a source does to the server while an image is taken (§2.1). */
export const sourceImpact: Readonly<
  Record<DataSourceId, { readonly impact: Traits["impact"]; readonly reason: string }>
> = {
  offline: { impact: 3, reason: "the server is stopped (§2.1)" },
  "backup-api": { impact: 2, reason: "the server itself reads its data out (§2.1)" },
  "hot-split": {
    impact: 1,
    reason: "a split takes a moment; backing up from it on the same host may have an impact (§2.1)",
  },
  "app-snapshot": { impact: 1, reason: "the server is coordinated with the snapshot (§2.1)" },
  "live-object": { impact: 1, reason: "some impact on the server's performance (§2.1)" },
  "live-write": { impact: 2, reason: "some impact on the server's performance (§2.1)" },
};
