import { type Host, isHostError } from "#hosts";
import { staticFolder } from "#mail";
import type { ConfiguredPlaces, FoundServer, GenerateConfigOptions } from "#policy";
import {
  type CaptureAdvice,
  captureAdvice,
  findServers,
  isWithin,
  type MailServer,
} from "#servers";
import type { CommandContext } from "./command.ts";
import { mailboxAddress } from "./mailbox-address.ts";
import type { Surroundings } from "./terminal.ts";
import { plural } from "./text.ts";

const defaultStore = "/var/mail";
const questionMs = 10_000;

/** What of a generated configuration is about the server. */
export type FoundStore = Pick<GenerateConfigOptions, "path" | "type" | "found">;

/**
 * The server of this machine as a configuration has it: the one whose mail lies in the folder that was
 * named, else the first that was found; a plain folder where none is known.
 */
export async function findStore(
  { surroundings }: Pick<CommandContext, "surroundings">,
  folder?: string,
): Promise<FoundStore> {
  await using host = await openHost(surroundings);
  const { signal } = surroundings;
  const { servers } = await findServers(host, {
    signal,
    nameOfPlace: mailboxAddress,
    ...(folder === undefined ? {} : { folders: [folder] }),
  });
  const server = servers.find(({ volumes }) => folder === undefined || touches(volumes, folder));
  const advice =
    server === undefined ? undefined : await captureAdvice(server, { host, path: folder, signal });
  if (server === undefined || advice === undefined) return { path: folder ?? defaultStore };
  return {
    path: advice.path,
    type: server.kind === "generic" ? "folder" : server.kind,
    found: await foundServer(server, { advice, host, signal }),
  };
}

/** The machine on which mail servers are looked for. The room of hosts is loaded only for this. */
export async function openHost({ openHost: open }: Surroundings): Promise<Host> {
  return await (open?.() ?? (await import("#hosts")).localHost());
}

/** Whether a folder has some of these volumes, or lies in one. */
export function touches(volumes: MailServer["volumes"], folder: string): boolean {
  return volumes.some(({ path }) => isWithin(path, folder) || isWithin(folder, path));
}

async function foundServer(
  server: MailServer,
  {
    advice,
    host,
    signal,
  }: { readonly advice: CaptureAdvice; readonly host: Host; readonly signal: AbortSignal },
): Promise<FoundServer> {
  const { accounts, origin, isComplete } = await server.accounts(signal);
  const { stop, start } = server.commands;
  const freezes = await freezingFilesystem(advice.path, { host, signal });
  return {
    remarks: [
      `${server.title}: ${server.evidence.join("; ")}`,
      accounts.length === 0
        ? "Its mailboxes are not known."
        : `${plural(accounts.length, "mailbox", "mailboxes")} by ${origin}`,
      ...server.remarks,
      ...(advice.path === "/home" ? ["What else people keep in their homes is captured too."] : []),
      ...advice.left.map(({ kind, path, why }) => `Not captured: ${kind} in ${path}. ${why}`),
    ],
    ...(freezes === undefined || advice.volumes.length > 0
      ? {
          dataSource: "live application",
          ...(freezes === undefined
            ? {}
            : { dataSourceWhy: `${freezes} freezes one folder, and the store lies in several` }),
        }
      : {
          dataSource: "hot split snapshot",
          dataSourceWhy: `${freezes} freezes it; restante doctor says how`,
          ...(server.kind === "dovecot" && !isValidatedByDovecot(server)
            ? { validate: "reader" }
            : {}),
        }),
    ...(origin === "doveadm user" && isComplete ? { mailboxes: "from doveadm" } : {}),
    volumes: advice.volumes.map(({ path, role }) => ({ path, role })),
    places: placesWithin(server, advice),
    alsoProtect: [...advice.within, ...advice.folders],
    ...(stop === undefined || start === undefined ? {} : { stop: stop.words, start: start.words }),
    ...hintsOf(server),
  };
}

/** The log that a daemon could follow, where the server writes one. */
function hintsOf({ kind, changes }: MailServer): Pick<FoundServer, "hints"> {
  const log = changes.find(({ isOn, log: path }) => isOn && path !== undefined)?.log;
  if (log === undefined || (kind !== "dovecot" && kind !== "cyrus")) return {};
  return { hints: { key: kind, log } };
}

/** Those of the accounts in the folder that is captured. */
function placesWithin(
  { places = [] }: MailServer,
  { path, volumes }: CaptureAdvice,
): readonly ConfiguredPlaces[] {
  const folders = [path, ...volumes.map((volume) => volume.path)];
  return places.filter(({ mail }) => {
    const folder = staticFolder(mail);
    return folder !== undefined && folders.some((one) => touchesFolder(folder, one));
  });
}

function touchesFolder(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/** doveadm of 2.3 is asked, about three layouts; all else our reader looks at. */
function isValidatedByDovecot({ version, layouts }: MailServer): boolean {
  return version?.startsWith("2.3.") === true && layouts.every((layout) => layout !== "mbox");
}

/** The filesystem of a folder, where it is one that freezes or shares blocks. */
async function freezingFilesystem(
  path: string,
  { host, signal }: { readonly host: Host; readonly signal: AbortSignal },
): Promise<string | undefined> {
  try {
    const command = ["stat", "-f", "-c", "%T", "--", path];
    const { stdout } = await host.run(command, { timeoutMs: questionMs, signal });
    const type = Buffer.from(stdout).toString().trim();
    return type === "btrfs" || type === "xfs" ? type : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (isHostError(error)) return undefined;
    throw error;
  }
}
