import type { Host } from "#hosts";
import type { RawPath } from "#image";
import { findCourier } from "./courier/courier-server.ts";
import { findCyrus } from "./cyrus/cyrus-server.ts";
import { findDovecot } from "./dovecot/dovecot-server.ts";
import { HostLook, type HostLookOptions, type Unseen } from "./look/host-look.ts";
import { listProcesses } from "./look/processes.ts";
import { findMailFolders, usualMailFolders } from "./maildir/maildir-server.ts";
import type { MailServer } from "./mail-server.ts";
import { findMailTransfer, type MailTransfer } from "./mbox/mail-transfer.ts";
import { spoolServer } from "./mbox/spool-server.ts";

export type FindServersOptions = HostLookOptions & {
  /** A configuration file of Dovecot or Cyrus that a person named. */
  readonly configurationFile?: string;
  /** Folders of mail that a person named: looked at where no server is found. */
  readonly folders?: readonly string[];
  /** Whose mail lies in a folder, by its absolute path. Default: the path. */
  readonly nameOfPlace?: (path: RawPath) => string;
};

export type FoundServers = {
  /** The one that users talk to first. Those that run before those that are only installed. */
  readonly servers: readonly MailServer[];
  /** What takes mail from the network, whoever files it. */
  readonly transfer?: MailTransfer;
  /** What could not be looked at. */
  readonly unseen: readonly Unseen[];
};

/**
 * The mail servers of a host, by what runs and what its configuration says: Dovecot, Cyrus, Courier;
 * where there is none, the spool or the Maildirs that Postfix, Exim or sendmail fill; where there is
 * none of these either, folders with mail. It needs no root: what it may not look at is in `unseen`.
 */
export async function findServers(
  host: Host,
  options: FindServersOptions = {},
): Promise<FoundServers> {
  const look = new HostLook(host, options);
  const { configurationFile, nameOfPlace, folders } = options;
  const processes = await listProcesses(look);
  const named = configurationFile === undefined ? {} : { configurationFile };
  const isCyrus = configurationFile?.endsWith("imapd.conf") === true;
  const found = [
    await findDovecot(look, { processes, ...(isCyrus ? {} : named) }),
    await findCyrus(look, { processes, nameOfPlace, ...(isCyrus ? named : {}) }),
    await findCourier(look, { processes, nameOfPlace }),
  ].filter((server) => server !== undefined);
  const transfer = await findMailTransfer(look, processes);
  if (found.length === 0 && transfer !== undefined && transfer.deliveries.length > 0)
    found.push(await spoolServer(look, transfer, nameOfPlace === undefined ? {} : { nameOfPlace }));
  if (found.length === 0) {
    const all = folders ?? (await thereOf(look, usualMailFolders));
    const server =
      all.length === 0 ? undefined : await findMailFolders(look, { folders: all, nameOfPlace });
    if (server !== undefined) found.push(server);
  }
  return {
    servers: found.toSorted((a, b) => Number(b.isRunning === true) - Number(a.isRunning === true)),
    ...(transfer === undefined ? {} : { transfer }),
    unseen: look.unseen,
  };
}

async function thereOf(look: HostLook, folders: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) if (await look.isThere(folder)) found.push(folder);
  return found;
}
