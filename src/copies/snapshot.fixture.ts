import type { Snapshot } from "#repository";

/** A snapshot for tests, with plain values for what is left out. */
export function snapshotForTest(some: Partial<Snapshot> = {}): Snapshot {
  return {
    id: "00".repeat(32),
    timeNs: 0n,
    tree: "11".repeat(32),
    paths: ["/mail"],
    hostname: "mx1",
    username: "root",
    uid: 0,
    gid: 0,
    tags: [],
    excludes: [],
    ...some,
  };
}
