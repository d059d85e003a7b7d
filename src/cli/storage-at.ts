import { homedir } from "node:os";
import { resolve } from "node:path";
import { rawPathFromText } from "#image";
import { directoryStorage, type Storage } from "#storage";
import { CliError } from "./cli-error.ts";
import type { Surroundings } from "./terminal.ts";
import { safeText } from "./text.ts";

/** How ssh and the other side's program are called, as words with spaces between them (as borg's BORG_RSH is). */
export const remoteVariables = {
  ssh: "RESTANTE_SSH_COMMAND",
  peer: "RESTANTE_PEER_COMMAND",
} as const;

export type StorageAtOptions = Pick<Surroundings, "environment">;

/**
 * Opens the storage of a repository by where it lies, the one place that knows every kind of location: an
 * absolute folder of this machine, or ssh://user@host:port/folder of another, on which Restante is installed.
 */
export async function openStorageAt(
  location: string,
  { environment }: StorageAtOptions = { environment: {} },
): Promise<Storage> {
  if (!isElsewhere(location)) return directoryStorage(location);
  const { destination, port, path } = sshLocation(location);
  // The room of hosts is loaded only where there is another host.
  const { sshHost } = await import("#hosts");
  const ssh = wordsOf(environment[remoteVariables.ssh]) ?? ["ssh", "-o", "BatchMode=yes"];
  const peerCommand = wordsOf(environment[remoteVariables.peer]);
  await using disposables = new AsyncDisposableStack();
  const host = disposables.use(
    sshHost({
      destination,
      sshCommand: port === undefined ? ssh : [...ssh, "-p", port],
      ...(peerCommand === undefined ? {} : { peerCommand }),
    }),
  );
  const storage = disposables.use(await host.openStorage(rawPathFromText(path)));
  const held = disposables.move();
  return {
    location: storage.location,
    promises: storage.promises,
    create: async (options) => await storage.create(options),
    save: async (file, parts, options) => await storage.save(file, parts, options),
    load: async (file, options) => await storage.load(file, options),
    stat: async (file, options) => await storage.stat(file, options),
    list: (type, options) => storage.list(type, options),
    remove: async (file, options) => await storage.remove(file, options),
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

/**
 * A repository is a folder of this machine, written as restic would, "/srv/recovery" or
 * "local:/srv/recovery", or one of another machine, "ssh://dr@vault.example.net/srv/recovery".
 */
export function repositoryFolder(named: string, workingFolder: string): string {
  const path = named.replace(/^local:/, "");
  if (!isElsewhere(path)) return resolve(workingFolder, path.replace(/^~(?=\/|$)/, homedir()));
  const { destination, port, path: folder } = sshLocation(path);
  return `ssh://${destination}${port === undefined ? "" : `:${port}`}${folder}`;
}

/** Whether a location is on another machine. */
export function isElsewhere(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(location);
}

type SshLocation = {
  /** What ssh is told: "dr@vault.example.net". */
  readonly destination: string;
  readonly port: string | undefined;
  /** Absolute folder over there. */
  readonly path: string;
};

function sshLocation(location: string): SshLocation {
  const match =
    /^ssh:\/\/((?:[^/@:]+@)?(?:\[[0-9a-f:.]+\]|[^/@:[\]]+))(?::(\d{1,5}))?(\/.+)$/i.exec(location);
  const [, destination, port, path] = match ?? [];
  if (destination === undefined || path === undefined) throw notHereYet(location);
  return { destination: destination.replace(/\[|\]/g, ""), port, path: tidied(path) };
}

/** "/a//b/" is "/a/b": two names of one place must be one. */
function tidied(path: string): string {
  return path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");
}

function wordsOf(text: string | undefined): readonly string[] | undefined {
  const words = text?.split(/\s+/).filter((word) => word !== "") ?? [];
  return words.length === 0 ? undefined : words;
}

function notHereYet(location: string): CliError {
  return new CliError(
    "cli.no-copy",
    `Cannot open "${safeText(withoutSecret(location))}": a copy lies in a folder of this machine, or of another over SSH`,
    {
      hint: "Name a folder, or ssh://user@host/folder; keys belong to ssh, a password does not belong here.",
    },
  );
}

/** A URL may hold a password between its user and its host. */
function withoutSecret(url: string): string {
  return url.replace(/(:\/\/[^/@:]*):[^/@]*@/, "$1@");
}
