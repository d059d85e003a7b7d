import type { MailLayout } from "#mail";
import { findPrograms, toolPath } from "../look/find-program.ts";
import type { HostLook } from "../look/host-look.ts";
import type { FoundProcess } from "../look/processes.ts";
import { parsePostfixSettings, parseShellSettings } from "../look/setting-lines.ts";

/** Where a program that takes mail from the network puts it. */
export type Delivery = {
  readonly layout: Extract<MailLayout, "mbox" | "maildir">;
  /** Absolute, or below each home ("~/…"). */
  readonly written: string;
};

/** A mail transfer agent as it is set up on a host. */
export type MailTransfer = {
  readonly name: "Postfix" | "Exim" | "sendmail";
  readonly isRunning: boolean | undefined;
  /** Its configuration's folder, absolute. */
  readonly configuration: string;
  /** Mail that is on its way, absolute. */
  readonly queue: string;
  readonly deliveries: readonly Delivery[];
  /** It gives mail to another program, which files it: "lmtp:unix:private/dovecot-lmtp". */
  readonly handsTo?: string;
  readonly evidence: readonly string[];
};

type Processes = readonly FoundProcess[] | undefined;

/** The transfer agents of a host that files mail by itself, or gives it to a server. */
export async function findMailTransfer(
  look: HostLook,
  processes: Processes,
): Promise<MailTransfer | undefined> {
  return (
    (await findPostfix(look, processes)) ??
    (await findExim(look, processes)) ??
    (await findSendmail(look, processes))
  );
}

const postfixSettings = [
  "mail_spool_directory",
  "home_mailbox",
  "mailbox_command",
  "mailbox_transport",
  "virtual_transport",
  "virtual_mailbox_base",
  "virtual_mailbox_maps",
  "virtual_mailbox_domains",
  "queue_directory",
] as const;

async function findPostfix(
  look: HostLook,
  processes: Processes,
): Promise<MailTransfer | undefined> {
  const folder = "/etc/postfix";
  const text = await look.text(`${folder}/main.cf`);
  if (text === undefined) return undefined;
  const tools = await findPrograms(look, ["postconf"]);
  const postconf = toolPath(tools, "postconf");
  const answer =
    postconf === undefined ? undefined : await look.run([postconf, "-x", ...postfixSettings]);
  const settings = parsePostfixSettings(answer?.ok === true ? answer.stdout : text);
  const master = processes?.find(
    ({ program, words }) => program === "master" && words[0]?.includes("postfix") === true,
  );
  const by = answer?.ok === true ? "postconf" : "our own parser";
  return {
    name: "Postfix",
    isRunning: processes === undefined ? undefined : master !== undefined,
    configuration: folder,
    queue: settings.get("queue_directory") ?? "/var/spool/postfix",
    ...(await postfixDeliveries(look, settings)),
    evidence: [
      ...(master === undefined ? [] : [`Postfix runs as process ${master.pid} of ${master.user}`]),
      `configuration ${folder}/main.cf, read by ${by}`,
    ],
  };
}

/** local(8) and virtual(8): a path that ends with "/" is a Maildir, any other an mbox. */
async function postfixDeliveries(
  look: HostLook,
  settings: ReadonlyMap<string, string>,
): Promise<Pick<MailTransfer, "deliveries" | "handsTo">> {
  const of = (name: (typeof postfixSettings)[number]): string => settings.get(name) ?? "";
  const deliveries: Delivery[] = [];
  const other = of("mailbox_transport") || of("mailbox_command");
  if (other === "") {
    const home = of("home_mailbox");
    const spool = of("mail_spool_directory") || "/var/mail";
    const layout = (home || spool).endsWith("/") ? "maildir" : "mbox";
    deliveries.push({ layout, written: trimmed(home === "" ? spool : `~/${home}`) });
  }
  const base = of("virtual_mailbox_base");
  const ownTransport = of("virtual_transport");
  const isVirtual = ownTransport === "" || ownTransport === "virtual";
  if (base !== "" && of("virtual_mailbox_maps") !== "" && isVirtual) {
    for (const layout of await virtualLayouts(look, of("virtual_mailbox_maps")))
      deliveries.push({ layout, written: trimmed(base) });
  }
  const handsTo = other !== "" ? other : isVirtual ? "" : ownTransport;
  return { deliveries, ...(handsTo === "" ? {} : { handsTo: handsTo.split(/\s/)[0] ?? "" }) };
}

/** Of a map whose source is text (hash:/etc/postfix/vmailbox): what its values say. */
async function virtualLayouts(
  look: HostLook,
  maps: string,
): Promise<readonly Delivery["layout"][]> {
  const found = new Set<Delivery["layout"]>();
  for (const map of maps.split(/[\s,]+/)) {
    const [, file = ""] =
      /^(?:proxy:)?(?:hash|btree|lmdb|cdb|dbm|texthash):(\/\S+)$/.exec(map) ?? [];
    const text = file === "" ? undefined : await look.text(file);
    for (const line of (text ?? "").split("\n")) {
      const value = /^[^#\s]\S*\s+(\S+)/.exec(line)?.[1];
      if (value !== undefined) found.add(value.endsWith("/") ? "maildir" : "mbox");
    }
  }
  return found.size === 0 ? ["maildir"] : [...found];
}

const eximFiles = [
  "/etc/exim4/exim4.conf",
  "/etc/exim/exim.conf",
  "/etc/exim.conf",
  "/usr/exim/configure",
] as const;

async function findExim(look: HostLook, processes: Processes): Promise<MailTransfer | undefined> {
  const debian = "/etc/exim4/update-exim4.conf.conf";
  const answers = await look.text(debian);
  const file = answers === undefined ? await look.firstThere(eximFiles) : debian;
  if (file === undefined) return undefined;
  const daemon = processes?.find(({ program }) => /^exim4?$/.test(program));
  const deliveries =
    answers === undefined
      ? eximDeliveries((await look.text(file)) ?? "")
      : debianDeliveries(parseShellSettings(answers).get("dc_localdelivery") ?? "mail_spool");
  return {
    name: "Exim",
    isRunning: processes === undefined ? undefined : daemon !== undefined,
    configuration: file.slice(0, file.lastIndexOf("/")),
    queue: answers === undefined ? "/var/spool/exim" : "/var/spool/exim4",
    deliveries: deliveries ?? [],
    ...(deliveries === undefined
      ? { handsTo: parseShellSettings(answers ?? "").get("dc_localdelivery") ?? "" }
      : {}),
    evidence: [
      ...(daemon === undefined ? [] : [`Exim runs as process ${daemon.pid} of ${daemon.user}`]),
      `configuration ${file}`,
    ],
  };
}

/** Undefined of a transport that gives mail to another program. */
function debianDeliveries(transport: string): readonly Delivery[] | undefined {
  if (transport === "mail_spool") return [{ layout: "mbox", written: "/var/mail" }];
  if (transport === "maildir_home") return [{ layout: "maildir", written: "~/Maildir" }];
  return undefined;
}

/** Transports with "driver = appendfile": `file` is an mbox, `directory` with maildir_format a Maildir. */
export function eximDeliveries(text: string): readonly Delivery[] {
  const found: Delivery[] = [];
  const parts = text.split(/^[ \t]*([A-Za-z0-9_]+):[ \t]*$/m);
  for (let index = 2; index < parts.length; index += 2) {
    const part = parts[index] ?? "";
    if (!/^\s*driver\s*=\s*appendfile\b/m.test(part)) continue;
    const [, key, value = ""] = /^\s*(file|directory)\s*=\s*(\S+)/m.exec(part) ?? [];
    // $address_file and its like are told by a message's own address.
    if (key === undefined || value.startsWith("$address")) continue;
    const written = value.replace(/^\$\{?home\}?(?=\/)/, "~").replace(/\/?\$\{?local_part.*$/s, "");
    if (!/^[/~]/.test(written)) continue;
    found.push({ layout: key === "file" ? "mbox" : "maildir", written: trimmed(written) });
  }
  return found;
}

async function findSendmail(
  look: HostLook,
  processes: Processes,
): Promise<MailTransfer | undefined> {
  const file = await look.firstThere(["/etc/mail/sendmail.cf", "/etc/sendmail.cf"]);
  if (file === undefined) return undefined;
  const daemon = processes?.find(
    ({ program }) => program === "sendmail" || program === "sendmail-mta",
  );
  return {
    name: "sendmail",
    isRunning: processes === undefined ? undefined : daemon !== undefined,
    configuration: file.slice(0, file.lastIndexOf("/")),
    queue: "/var/spool/mqueue",
    deliveries: [{ layout: "mbox", written: "/var/mail" }],
    evidence: [
      ...(daemon === undefined ? [] : [`sendmail runs as process ${daemon.pid} of ${daemon.user}`]),
      `configuration ${file}`,
    ],
  };
}

function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
