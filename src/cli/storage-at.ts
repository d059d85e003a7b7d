import type { FreeSpace, Host, LogFolder } from "#hosts";
import { rawPathFromText } from "#image";
import { directoryStorage, type Storage } from "#storage";
import { CliError } from "./cli-error.ts";
import { isElsewhere, localFolder } from "./local-folder.ts";
import type { Surroundings } from "./terminal.ts";
import { safeText } from "./text.ts";

/** How ssh and the other side's program are called, as words with spaces between them (as borg's BORG_RSH is). */
export const remoteVariables = {
  ssh: "RESTANTE_SSH_COMMAND",
  peer: "RESTANTE_PEER_COMMAND",
} as const;

export type StorageAtOptions = Pick<Surroundings, "environment"> &
  Partial<Pick<Surroundings, "signal">>;

/**
 * Opens the storage of a repository by where it lies, the one place that knows every kind of location: an
 * absolute folder of this machine, or ssh://user@host:port/folder of another, on which Restante is installed.
 */
export async function openStorageAt(
  location: string,
  options: StorageAtOptions = { environment: {} },
): Promise<Storage> {
  if (!isElsewhere(location)) return directoryStorage(location);
  const { path } = sshLocation(location);
  await using disposables = new AsyncDisposableStack();
  const host = disposables.use(await openHostOf(location, options));
  const storage = disposables.use(
    await host.openStorage(rawPathFromText(path), onlySignal(options)),
  );
  const held = disposables.move();
  return {
    location: storage.location,
    // Changes when the repository is made.
    get promises() {
      return storage.promises;
    },
    create: async (given) => await storage.create(given),
    save: async (file, parts, given) => await storage.save(file, parts, given),
    load: async (file, given) => await storage.load(file, given),
    stat: async (file, given) => await storage.stat(file, given),
    list: (type, given) => storage.list(type, given),
    remove: async (file, given) => await storage.remove(file, given),
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

/** The room that a repository of another machine has. */
export async function freeSpaceAt(location: string, options: StorageAtOptions): Promise<FreeSpace> {
  await using host = await openHostOf(location, options);
  return await host.freeSpace(rawPathFromText(sshLocation(location).path), onlySignal(options));
}

/** A folder of a log on this machine or another. Reaches out to no host yet. */
export async function logAt(
  location: string,
  options: StorageAtOptions,
): Promise<AsyncDisposable & { readonly log: LogFolder }> {
  const isHere = location.startsWith("/");
  const { localHost } = await import("#hosts");
  const host = isHere ? localHost() : await openHostOf(location, options);
  const path = isHere ? location : sshLocation(location).path;
  return {
    log: host.openLog(rawPathFromText(path)),
    [Symbol.asyncDispose]: async () => await host[Symbol.asyncDispose](),
  };
}

/** The room of hosts is loaded only where there is another host. */
async function openHostOf(location: string, { environment }: StorageAtOptions): Promise<Host> {
  const { destination, port } = sshLocation(location);
  const { sshHost } = await import("#hosts");
  const ssh = wordsOf(environment[remoteVariables.ssh]) ?? ["ssh", "-o", "BatchMode=yes"];
  const peerCommand = wordsOf(environment[remoteVariables.peer]);
  return sshHost({
    destination,
    // As in the location: two sshds of one machine are two places.
    name: hostOf(location),
    sshCommand: port === undefined ? ssh : [...ssh, "-p", port],
    ...(peerCommand === undefined ? {} : { peerCommand }),
  });
}

function onlySignal({ signal }: StorageAtOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Of a location on another machine: "dr@vault.example.net:2222". */
export function hostOf(location: string): string {
  return location.replace(/^ssh:\/\/([^/]+).*$/is, "$1");
}

/**
 * A repository is a folder of this machine, written as restic would, "/srv/recovery" or
 * "local:/srv/recovery", or one of another machine, "ssh://dr@vault.example.net/srv/recovery".
 */
export function repositoryFolder(named: string, workingFolder: string): string {
  const path = named.replace(/^local:/, "");
  // As scp writes it. A folder of that name here would be taken for a copy elsewhere.
  if (/^[^/@]+@[^/:]+:/.test(path)) throw notHereYet(path);
  const folder = localFolder(path, workingFolder);
  if (folder !== undefined) return folder;
  const { destination, port, path: over } = sshLocation(path);
  return `ssh://${destination}${port === undefined ? "" : `:${port}`}${over}`;
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
      hint: "Name a folder (./NAME where its name looks otherwise), or ssh://user@host/folder; keys belong to ssh, a password does not belong here.",
    },
  );
}

/** A URL may hold a password between its user and its host; so may what somebody types for scp. */
function withoutSecret(url: string): string {
  return url.includes("://")
    ? url.replace(/(:\/\/[^/@:]*):[^/]*@/, "$1@")
    : url.replace(/^([^/@:]*):[^/]*@/, "$1@");
}
