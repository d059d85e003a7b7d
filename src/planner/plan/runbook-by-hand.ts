import type { DisasterOptionId, OperationalMethodId } from "../figure-1/index.ts";

/** What a person does with the copy where this version of Restante does not do it. */

const fromBackup =
  "with the program that wrote the copy, restore it into an empty folder or onto empty volumes, not over what is damaged";

export const operationalByHand: Readonly<Record<OperationalMethodId, string>> = {
  tape: `load the tapes of the pull list in order; ${fromBackup}`,
  disk: `open the backup copy; ${fromBackup}`,
  "virtual-tape": `load the virtual tapes; ${fromBackup}. What has moved on to real tape is on the pull list`,
  "disk-deduplicated": `open the repository at the moment; ${fromBackup}`,
  "object-storage": `open the repository in object storage at the moment; ${fromBackup}`,
  clones:
    "select the clone, check it with the server's own utility, and bring it back by the array's protected instant restore (§3.3.2), or mount it in the store's place",
  deltas:
    "select the delta snapshot, check it with the server's own utility, and bring it back by protected instant restore (§3.4.2). It needs the production volumes whole",
  cdp: "find the point in time, mount and verify it, correct it where it is crash-consistent only, then update the production volumes from it (§3.5.2)",
  journal: `open the base copy, replay the journal up to the moment; ${fromBackup}`,
};

const mountMirror =
  "cut the mirror from the lost side, mount it at the recovery site, check it with the server's own utility (it is crash-consistent), start the server on it";
const mountSnapshot =
  "choose the newest remote snapshot that was proven, mount it (a copy of it, where it could be written to), check it with the server's own utility";

export const disasterByHand: Readonly<Record<DisasterOptionId, string>> = {
  "ship-tapes": `load the tapes of the pull list in order; ${fromBackup}`,
  "vault-tapes": `load the tapes that were written at the recovery site; ${fromBackup}`,
  "duplicate-tapes": `load the duplicated tapes of the pull list in order; ${fromBackup}`,
  "duplicate-disk": `open the duplicated copy where it lies; ${fromBackup}`,
  "duplicate-object-storage": `open the duplicated copy in object storage, or bring it to a disk first; ${fromBackup}`,
  "mirror-application":
    "make the secondary server the one that is used: it has its own copy of every object (§2.2.3)",
  "mirror-host": mountMirror,
  "mirror-array": mountMirror,
  "mirror-sync": mountMirror,
  "mirror-failover":
    "look whether the cluster has failed over by itself; if not, let it, once the lost side is certain not to write",
  "snapshots-of-mirror": mountSnapshot,
  "snapshots-copied": mountSnapshot,
  "snapshots-propagated": mountSnapshot,
  "protected-cdp":
    "on the mirrored backing store find the newest point in time, mount and verify it, then bring it to the new volumes (§3.5.2, §3.5.6)",
};
