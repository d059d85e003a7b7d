import type { DisasterOptionId, OperationalMethodId } from "./names.ts";
import type { Edge } from "./source-edges.ts";

type DisasterEdges = Readonly<Record<DisasterOptionId, Edge>>;

function yes(section: string, reason: string, caveats: readonly string[] = []): Edge {
  return { verdict: "yes", section, reason, of: "paper", caveats };
}

function no(section: string, reason: string): Edge {
  return { verdict: "no", section, reason, of: "paper", caveats: [] };
}

function today(section: string, reason: string, caveats: readonly string[] = []): Edge {
  return { ...yes(section, reason, caveats), of: "today" };
}

const shipping =
  "it “has a severe impact on the ability to perform Operational Recoveries”: what is offsite must be fetched (§2.2.1)";
const vaulting =
  "“may require significant network bandwidth to handle all of the data movement” (§2.2.1)";
const bandwidth =
  "“requires adequate network bandwidth to be able to duplicate the backup copies” (§2.2.2)";
const propagates =
  "disaster recovery only: no copies of different points in time, and it “propagates any corruption or application errors immediately” (§2.2.3)";
const order = "order of writes must hold across all volumes of database and logs (§2.2.3)";
const asynchronous = "“a small window of data that is vulnerable to being lost” (§2.2.3)";
const shortDistance = "“synchronous can only be done over shorter distances” (§2.2.3)";
const threeImages =
  "“A minimum of three snapshots is required to provide assurance of at least one known stable image at all times”";
const readsProduction =
  "it “will perform significant reads from production disk and affect performance of the email server. This is best done during low usage periods”";
const custom = "“generally custom-scripted for each environment” (§2.2.4)";

/** Mirrors stand beside any operational method; what the paper says of them is the same for all. */
function mirrors(section: string, reason: string): Pick<DisasterEdges, MirrorId> {
  return {
    "mirror-application": yes(section, reason, [propagates, asynchronous]),
    "mirror-host": yes(section, reason, [
      propagates,
      asynchronous,
      order,
      "crash-consistent images only, in some cases (§2.2.3)",
    ]),
    "mirror-array": yes(section, reason, [propagates, asynchronous, order]),
    "mirror-sync": yes(section, reason, [propagates, shortDistance, order]),
    "mirror-failover": yes(section, reason, [propagates, shortDistance, order]),
  };
}

type MirrorId =
  | "mirror-application"
  | "mirror-host"
  | "mirror-array"
  | "mirror-sync"
  | "mirror-failover";

const noSnapshot =
  "there is no local snapshot to copy: “there needs to be a stable secondary image” (§2.2.4)";
const noTape = "no tape results from this method; duplicate its copy to tape (§2.2.2)";
const noCdp = "there is no continuous protection to mirror";

const backupMirrors = (section: string): Pick<DisasterEdges, MirrorId> =>
  mirrors(section, "“Remote mirrors may be used in parallel, as in Section 2.2.3.”");

const fromTape: DisasterEdges = {
  "ship-tapes": yes("3.1.6", "“Move the resulting backup tape offsite, as in Section 2.2.1.”", [
    shipping,
  ]),
  "vault-tapes": yes(
    "2.2.1",
    "“The use of remote vaulting to create backup tapes directly over a network is also an alternative”",
    [vaulting],
  ),
  "duplicate-tapes": yes(
    "3.1.6",
    "“Duplicate the backup tape and locate one offsite, as in Section 2.2.2.”",
  ),
  "duplicate-disk": yes(
    "2.2.2",
    "“duplicating a backup copy from a B2T … destination media may also be tape or disk”",
    [bandwidth],
  ),
  "duplicate-object-storage": today("2.2.2", "object storage as the disk of a remote vault", [
    bandwidth,
  ]),
  ...backupMirrors("3.1.6"),
  "snapshots-of-mirror": no(
    "3.1.6",
    "not among the options of a backup to tape: a snapshot of a mirror belongs to replicas (§3.3.6, §3.4.6)",
  ),
  "snapshots-copied": no("3.1.6", noSnapshot),
  "snapshots-propagated": no("3.1.6", noSnapshot),
  "protected-cdp": no("3.1.6", noCdp),
};

const fromDisk: DisasterEdges = {
  "ship-tapes": no("3.2.6", noTape),
  "vault-tapes": no(
    "3.2.6",
    "vaulting is “most efficient when used to duplicate, rather than originate” (§2.2.2): duplicate the copy on disk",
  ),
  "duplicate-tapes": yes(
    "3.2.2",
    "“Duplications of the backup copies can be made to tape for DR … sometimes referred to as ‘B2D2T’”",
  ),
  "duplicate-disk": yes(
    "3.2.6",
    "“Duplicate the B2D backup copy to offsite, as in Section 2.2.2.”",
    [bandwidth],
  ),
  "duplicate-object-storage": today("2.2.2", "object storage as the disk of a remote vault", [
    bandwidth,
  ]),
  ...backupMirrors("3.2.6"),
  "snapshots-of-mirror": no(
    "3.2.6",
    "not among the options of a backup to disk: a snapshot of a mirror belongs to replicas (§3.3.6, §3.4.6)",
  ),
  "snapshots-copied": no("3.2.6", noSnapshot),
  "snapshots-propagated": no("3.2.6", noSnapshot),
  "protected-cdp": no("3.2.6", noCdp),
};

const fromVirtualTape: DisasterEdges = {
  ...fromDisk,
  "duplicate-tapes": yes(
    "3.2.2",
    "virtual tape “can automatically move backup copies to tape instead of using the backup server to duplicate the backup copy”",
  ),
};

function fromReplica(section: "3.3.6" | "3.4.6", caveats: readonly string[]): DisasterEdges {
  const viaTape =
    "“may be used as the source of data for a DR copy. This may be a B2T, as in Section 2.2.1”";
  const copied =
    "“may be used as the source of data for a DR copy of a local snapshot as described in Section 2.2.4”";
  return {
    "ship-tapes": yes(section, viaTape, caveats),
    "vault-tapes": yes(section, viaTape, [...caveats, vaulting]),
    "duplicate-tapes": yes(section, viaTape, caveats),
    "duplicate-disk": today("2.2.2", "a copy made from the snapshot, duplicated to a remote disk", [
      ...caveats,
      bandwidth,
    ]),
    "duplicate-object-storage": today("2.2.2", "a copy made from the snapshot, in object storage", [
      ...caveats,
      bandwidth,
    ]),
    ...mirrors("2.2.3", "mirrors stand beside any operational method (§2.2.3, Figure 7)"),
    "snapshots-of-mirror": yes(
      section,
      "“If using synchronous remote mirrors, then [snapshots] of the remote mirrors may be used to create multiple stable images available for site DR”",
      [threeImages, custom, shortDistance],
    ),
    "snapshots-copied": yes(section, copied, [...caveats, bandwidth]),
    "snapshots-propagated": yes(
      "2.2.4",
      "“producing a stable snapshot locally, then propagating the changes in that snapshot to the remote site”",
      [...caveats],
    ),
    "protected-cdp": no(section, noCdp),
  };
}

const fromContinuous: DisasterEdges = {
  "ship-tapes": yes(
    "3.5.6",
    "“point-in-time images to be used to create backup copies that can be used for DR, as defined in Section 2.2.1”",
    [shipping],
  ),
  "vault-tapes": yes(
    "3.5.6",
    "“point-in-time images to be used to create backup copies that can be used for DR, as defined in Section 2.2.1”",
    [vaulting],
  ),
  "duplicate-tapes": yes(
    "3.5.6",
    "“point-in-time images to be used to create backup copies that can be used for DR”",
  ),
  "duplicate-disk": today(
    "2.2.2",
    "backup copies made from point-in-time images, on a remote disk",
    [bandwidth],
  ),
  "duplicate-object-storage": today(
    "2.2.2",
    "backup copies made from point-in-time images, in object storage",
    [bandwidth],
  ),
  ...mirrors("2.2.3", "mirrors stand beside any operational method (§2.2.3, Figure 7)"),
  "snapshots-of-mirror": yes(
    "2.2.4",
    "“quiescing a remote mirror and creating a clone or delta snapshot from that” needs the mirror alone",
    [threeImages, custom, shortDistance],
  ),
  "snapshots-copied": no("2.2.4", noSnapshot),
  "snapshots-propagated": no("2.2.4", noSnapshot),
  "protected-cdp": yes(
    "3.5.6",
    "“CDP can be extended to DR with remote mirroring capabilities added to the CDP Service backing store”",
    [asynchronous],
  ),
};

const edges: Readonly<Record<OperationalMethodId, DisasterEdges>> = {
  tape: fromTape,
  disk: fromDisk,
  "virtual-tape": fromVirtualTape,
  "disk-deduplicated": fromDisk,
  "object-storage": fromDisk,
  clones: fromReplica("3.3.6", []),
  deltas: fromReplica("3.4.6", [readsProduction]),
  cdp: fromContinuous,
  journal: fromContinuous,
};

/** Whether an operational recovery method can feed, or stand beside, a disaster recovery option (§3.x.6). */
export function disasterEdge(method: OperationalMethodId, option: DisasterOptionId): Edge {
  return edges[method][option];
}
