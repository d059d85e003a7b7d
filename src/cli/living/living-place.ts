import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ImapConfig } from "#policy";
import {
  type DoveadmOptions,
  doveadmServer,
  type ImapServer,
  imapServerText,
  isLoopback,
} from "#recovery";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import type { PasswordSource } from "../passwords.ts";
import { secretSource } from "../secrets.ts";
import type { Site } from "../site.ts";
import { safeText } from "../text.ts";

/** A running server that messages are put back into, and who logs in. */
export type LivingPlace = {
  readonly server: ImapServer;
  /** Logs in as everybody. */
  readonly master?: string;
  /** Whose mail it is, where that was said. */
  readonly user?: string;
  readonly passwordSource?: PasswordSource;
  /** Reached by the server's own program on this machine: for the record. */
  readonly doveadm?: DoveadmOptions;
  /** PEM file, for the record: an undo reads it again. */
  readonly authorityPath?: string;
};

/** The word for the server that the configuration names. */
const configured = "imap";

const onlyForLogins = ["imap-master", "imap-authority", "imap-plain"] as const;
const onlyForServers = ["imap-user", ...onlyForLogins] as const;

export type LivingPlaceOptions = {
  readonly context: CommandContext;
  readonly site: Site;
  /** The captured folder that the target lies in. */
  readonly store: string;
  /** Files cannot be put back there: a server that is configured is meant. */
  readonly isOfServer: boolean;
};

/** Whether `--to` names a server; undefined where files are restored. */
export async function livingPlace(options: LivingPlaceOptions): Promise<LivingPlace | undefined> {
  const { context, site, store, isOfServer } = options;
  const { arguments: typed } = context;
  const to = typed.text("to");
  const imap = site.config?.servers.find(({ path }) => path === store)?.imap;
  const isMeant = to === configured || (to === undefined && isOfServer && imap !== undefined);
  if (isMeant) {
    if (imap !== undefined) return await configuredPlace(imap, context);
    throw new CliError(
      "cli.usage",
      `Cannot restore to "${configured}": the configuration names no running server for "${safeText(store)}"`,
      {
        hint: `Add imap: {url: …} to that server, or write --to imaps://HOST; a folder of that name is ./${configured}.`,
      },
    );
  }
  const doveadm = doveadmPlace(to, context);
  if (doveadm !== undefined) return doveadm;
  const { isImapUrl, parseImapUrl } = await import("#policy");
  if (to === undefined || !isImapUrl(to)) {
    const stray = onlyForServers.find((name) => typed.has(name) || typed.text(name) !== undefined);
    if (stray === undefined) return undefined;
    throw new CliError("cli.usage", `Cannot use --${stray}: nothing is restored to a server`, {
      hint: "Name the server: --to imaps://HOST.",
    });
  }
  const place = parseImapUrl(to);
  if ("code" in place)
    throw new CliError("cli.usage", `Cannot restore to that server: ${place.message}`, {
      hint: place.hint ?? "Write it like imaps://mx1.example.org.",
    });
  return await withTyped({ place, ...sameServer(imap, place) }, context);
}

/** "doveadm", or "doveadm:FILE" with the file of its configuration: the Dovecot of this machine, without a login. */
function doveadmPlace(
  to: string | undefined,
  { arguments: typed, surroundings }: CommandContext,
): LivingPlace | undefined {
  const found = /^doveadm(?::(.*))?$/.exec(to ?? "");
  if (found === null) return undefined;
  const stray = onlyForLogins.find((name) => typed.has(name) || typed.text(name) !== undefined);
  if (stray !== undefined)
    throw new CliError("cli.usage", `Cannot use --${stray}: nobody logs in with doveadm`, {
      hint: "Leave it out; --imap-user names the user whose mail it is.",
    });
  const [, file = ""] = found;
  const configurationFile = file === "" ? undefined : resolve(surroundings.workingFolder, file);
  const user = typed.text("imap-user");
  return {
    server: doveadmServer(configurationFile === undefined ? {} : { configurationFile }),
    doveadm: configurationFile === undefined ? {} : { configurationFile },
    ...(user === undefined ? {} : { user }),
  };
}

/** What is configured for the very server that was typed holds too. */
function sameServer(imap: ImapConfig | undefined, place: ImapConfig["place"]): Partial<ImapConfig> {
  const isSame =
    imap !== undefined && imap.place.host === place.host && imap.place.port === place.port;
  return isSame ? imap : {};
}

async function configuredPlace(imap: ImapConfig, context: CommandContext): Promise<LivingPlace> {
  return await withTyped(imap, context);
}

async function withTyped(imap: ImapConfig, context: CommandContext): Promise<LivingPlace> {
  const { arguments: typed, surroundings } = context;
  const master = typed.text("imap-master") ?? imap.master;
  const user = typed.text("imap-user");
  const authority = typed.text("imap-authority") ?? imap.authority;
  const authorityPath =
    authority === undefined ? undefined : resolve(surroundings.workingFolder, authority);
  const { scheme, host, port } = imap.place;
  const isPlain = typed.has("imap-plain") || isLoopback(host);
  const security = scheme === "imaps" ? "tls" : isPlain ? "none" : "starttls";
  const source =
    imap.password === undefined ? undefined : secretSource(imap.password, surroundings);
  return {
    server: await serverOf({ host, port, security, authorityPath }),
    ...(master === undefined ? {} : { master }),
    ...(user === undefined ? {} : { user }),
    ...(source === undefined ? {} : { passwordSource: source }),
    ...(authorityPath === undefined ? {} : { authorityPath }),
  };
}

/** A server as it is reached, with its authority's certificate read. */
export async function serverOf({
  authorityPath,
  ...server
}: Pick<ImapServer, "host" | "port" | "security"> & {
  readonly authorityPath?: string | undefined;
}): Promise<ImapServer> {
  if (authorityPath === undefined) return server;
  try {
    return { ...server, authorities: await readFile(authorityPath, "utf8") };
  } catch (cause) {
    throw new CliError(
      "cli.usage",
      `Cannot trust ${imapServerText(server)} by "${safeText(authorityPath)}": the file cannot be read`,
      { hint: "Name a PEM file that is readable.", cause },
    );
  }
}
