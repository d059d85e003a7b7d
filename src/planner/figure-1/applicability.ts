import { cyrusServers } from "./applicability-cyrus.ts";
import { dominoServers } from "./applicability-domino.ts";
import { dovecotServers } from "./applicability-dovecot.ts";
import { exchangeOf2004 } from "./applicability-exchange.ts";
import { exchangeToday } from "./applicability-exchange-today.ts";
import { protocolServers } from "./applicability-protocol.ts";
import { unixServers } from "./applicability-unix.ts";
import {
  type Applicability,
  documented,
  type ReaderApplicability,
  type ServerApplicability,
  type TransactionLogs,
  works,
  worksWithCaveat,
} from "./applicability-verdict.ts";
import type { DataSourceId, DisasterOptionId, MailServerId } from "./names.ts";

const servers: Readonly<Record<MailServerId, ServerApplicability>> = {
  ...exchangeOf2004,
  exchange: exchangeToday,
  ...dominoServers,
  ...unixServers,
  ...dovecotServers,
  ...cyrusServers,
  ...protocolServers,
};

/** Whether a data source works with a mail server (paper §1.1.2, §2.1). */
export function applicability(source: DataSourceId, server: MailServerId): Applicability {
  return servers[server].sources[source];
}

/** Whether the server keeps a redo log of its own that a restored store is rolled forward with (§1.4.1, §4.1). */
export function transactionLogs(server: MailServerId): TransactionLogs {
  return servers[server].logs;
}

/** Whether messages can be read out of an image of this server's store without it, and by whom (§1.4.3). */
export function readableByReaders(server: MailServerId): ReaderApplicability {
  return servers[server].reader;
}

/** Whether a disaster recovery option works with a mail server (§2.2). Most ask nothing of it. */
export function mirrorApplicability(option: DisasterOptionId, server: MailServerId): Applicability {
  switch (option) {
    case "mirror-application":
    case "mirror-failover":
      return servers[server].mirrors[option];
    case "mirror-host":
    case "mirror-array":
    case "mirror-sync":
    case "snapshots-of-mirror":
      return ofVolumes(server, mirrored);
    case "snapshots-copied":
    case "snapshots-propagated":
      return ofVolumes(server, snapped);
    case "ship-tapes":
    case "vault-tapes":
    case "duplicate-tapes":
    case "duplicate-disk":
    case "duplicate-object-storage":
    case "protected-cdp":
      return ofCopies;
  }
}

const ofCopies: Applicability = works(
  "It takes copies that operational recovery has made, and asks nothing of the server.",
  documented("paper §2.2.1, §2.2.2 and §3.5.6"),
);

type OfVolumes = {
  readonly reason: string;
  readonly section: string;
  /** Sources that must work for it, and whose caveats are its own. */
  readonly needs: (server: MailServerId) => readonly DataSourceId[];
  readonly logsAlone?: string;
};

const mirrored: OfVolumes = {
  reason:
    "Below the server, host or array copies whatever is written: “application-agnostic” (§2.2.3).",
  section: "2.2.3",
  // The far side is a hard-crash image: what must be minded of a hot split must be minded of it too.
  needs: () => ["live-write", "hot-split"],
  logsAlone:
    "mirroring the logs alone, beside copies of the database, is the best practice (§2.2.3): it needs logs on a volume of their own",
};

const snapped: OfVolumes = {
  reason:
    "Local snapshots are copied to the remote array, whatever server they are of: they are as good as they were locally.",
  section: "2.2.4",
  // §2.1: hot split "is not the best option … if application-integrated snapshots are available".
  needs: (server) => [
    applicability("app-snapshot", server).verdict === "no" ? "hot-split" : "app-snapshot",
  ],
};

/** What copies volumes without the server's help. Without access to volumes there is none. */
function ofVolumes(
  server: MailServerId,
  { reason, section, needs, logsAlone }: OfVolumes,
): Applicability {
  const needed = needs(server).map((source) => applicability(source, server));
  const missing = needed.find(({ verdict }) => verdict === "no");
  if (missing !== undefined) return missing;
  const caveats = new Set(needed.flatMap((statement) => statement.caveats ?? []));
  if (logsAlone !== undefined && transactionLogs(server).has) caveats.add(logsAlone);
  const sources = new Set([`paper §${section}`, ...needed.map(({ source }) => source)]);
  const evidence = documented([...sources].join("; "));
  if (caveats.size === 0) return works(reason, evidence);
  return worksWithCaveat(reason, { ...evidence, caveats: [...caveats] });
}
