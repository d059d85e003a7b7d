import { transactionLogs } from "./applicability.ts";
import type { MailServerId, OperationalMethodId } from "./names.ts";

/** What to mind of a method, in the paper's words. */
export type MethodCaveat = {
  readonly method: OperationalMethodId;
  readonly section: string;
  readonly words: string;
  /** The servers that it is said of; all where it is left out. */
  readonly applies?: Applies;
};

/**
 * "logs together": the server keeps logs, on the volume of its database. "heavily loaded": it cannot bear work
 * on its own disks while it serves; "lightly loaded": it can.
 */
type Applies = "keeps logs" | "logs together" | "heavily loaded" | "lightly loaded";

function onDisk(method: "disk" | "virtual-tape"): readonly MethodCaveat[] {
  return [
    {
      method,
      section: "3.2.3",
      words:
        "B2D is recommended for email applications that allow an RPO of 24 hours or more, just like B2T. This is due to the time required to create the backup copy, and the potential impact on the email server.",
    },
    {
      method,
      section: "3.2.3",
      words:
        "Note, however, that the longer RPO will require the same time to replay the transaction log, so the overall effort may still require a significant amount of time.",
      applies: "keeps logs",
    },
    {
      method,
      section: "3.2.3",
      words:
        "The number of available recovery images will depend on the disk capacity of the backup server.",
    },
  ];
}

/** Volumes come back whole. */
function ofVolumes(method: "clones" | "deltas"): readonly MethodCaveat[] {
  const section = method === "clones" ? "3.3.4" : "3.4.4";
  return [
    {
      method,
      section,
      words: "an entire database, or group of databases, must be on the same volume",
    },
    { method, section, words: "Logs should be on a separate volume.", applies: "logs together" },
    {
      method,
      section,
      words:
        "One way around this limitation is to mount the replica to an alternate location and manually copy a single database, mailbox, or message, from the mounted replica. This may sometimes require the use of third party tools.",
    },
  ];
}

export const methodCaveats: readonly MethodCaveat[] = [
  {
    method: "tape",
    section: "3.1.3",
    words: "B2T is most useful for email applications that allow an RPO of 24 hours or more.",
  },
  {
    method: "tape",
    section: "3.1.5",
    words:
      "Tapes can be used several times. The most efficient number of safe uses should be specified by each tape manufacturer.",
  },
  ...onDisk("disk"),
  ...onDisk("virtual-tape"),
  {
    method: "clones",
    section: "3.3.2",
    words:
      "be certain that it is a “protected” instant restore that does not allow writes to be forwarded from the source disk to the clone",
  },
  {
    method: "clones",
    section: "3.3.2",
    words:
      "This solution is best practice for heavily loaded email servers since the synchronous writes to multiple disks impose minimal overhead.",
    applies: "heavily loaded",
  },
  {
    method: "clones",
    section: "3.3.2",
    words:
      "The selection of clones vs. delta snapshots usually comes down to a cost vs. performance tradeoff.",
    applies: "lightly loaded",
  },
  ...ofVolumes("clones"),
  {
    method: "clones",
    section: "3.3.5",
    words: "storage allocations should account for potential growth of the application",
  },
  {
    method: "deltas",
    section: "3.4.2",
    words: "be certain that the instant restore is protected from corrupting the delta snapshot",
  },
  {
    method: "deltas",
    section: "3.4.2",
    words:
      "because delta snapshots share unchanged disk tracks with the production data, running a backup copy from a snapshot may cause disk thrashing and impact email server performance. This should only be considered an option during low usage periods for the email server.",
  },
  {
    method: "deltas",
    section: "3.4.2",
    words:
      "This solution is easiest to configure when used with lightly loaded email servers since delta snapshots may have an impact on storage performance in some configurations",
    applies: "heavily loaded",
  },
  ...ofVolumes("deltas"),
  {
    method: "cdp",
    section: "3.5.2",
    words:
      "Some consideration needs to be made, however, for whether the exposed LUN is from a “crash-consistent” or “application-consistent” image.",
  },
  {
    method: "cdp",
    section: "3.5.2",
    words:
      "While the precision of the snapshots could be as fine as each write, the retention of each snapshot is not infinite.",
  },
  {
    method: "journal",
    section: "3.5.2",
    words:
      "CDP retention algorithms vary and could be as high as several days, weeks, or months, but at significantly coarser granularity.",
  },
];

type Server = {
  readonly kind: MailServerId;
  readonly logsApart: boolean;
  readonly bearsLoad: boolean;
};

/** What to mind of a method on one server. */
export function methodCaveatsOn(
  method: OperationalMethodId,
  server: Server,
): readonly MethodCaveat[] {
  const keepsLogs = transactionLogs(server.kind).has;
  const holds: Readonly<Record<Applies, boolean>> = {
    "keeps logs": keepsLogs,
    "logs together": keepsLogs && !server.logsApart,
    "heavily loaded": !server.bearsLoad,
    "lightly loaded": server.bearsLoad,
  };
  return methodCaveats.filter(
    (caveat) => caveat.method === method && (caveat.applies === undefined || holds[caveat.applies]),
  );
}
