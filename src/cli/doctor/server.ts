import { type FoundServers, findServers, type MailServer, missedBy } from "#servers";
import { touches } from "../found-store.ts";
import type { Host } from "#hosts";
import { mailboxAddress } from "../mailbox-address.ts";
import { plural, safeText } from "../text.ts";
import { type Check, ok, warn } from "./check.ts";

/** Of each kind of thing so many are shown; the rest is counted. */
const shownUnseen = 10;

export type ServerChecks = {
  readonly host: Host;
  /** Folders that are captured, or would be: stores, and what is protected beside them. Absolute. */
  readonly captured: readonly string[];
  readonly signal: AbortSignal;
};

/** The mail servers of this machine: what they are, and what a capture of these folders would not have. */
export async function* checkServers({
  host,
  captured,
  signal,
}: ServerChecks): AsyncGenerator<Check> {
  const found = await findServers(host, {
    signal,
    nameOfPlace: mailboxAddress,
    ...(captured.length === 0 ? {} : { folders: captured }),
  });
  if (found.servers.length === 0)
    yield warn(
      "mail-server",
      "no mail server was found on this machine",
      "Folders are captured all the same; what belongs to the server beside them is not known.",
    );
  for (const server of found.servers) yield* checkServer(server, { captured, signal });
  yield* checkTransfer(found);
  for (const { what, why } of found.unseen.slice(0, shownUnseen))
    yield warn(
      "mail-server.unseen",
      `not looked at: ${safeText(what)}: ${safeText(why)}`,
      "Run doctor as a user who may, to know what is there.",
    );
  if (found.unseen.length > shownUnseen)
    yield warn(
      "mail-server.unseen",
      `${plural(found.unseen.length - shownUnseen, "more thing")} could not be looked at`,
      "--json has no more of them either: run doctor as a user who may look.",
    );
}

type Looked = Omit<ServerChecks, "host">;

async function* checkServer(
  server: MailServer,
  { captured, signal }: Looked,
): AsyncGenerator<Check> {
  const { title, evidence, layouts, volumes, remarks } = server;
  const kinds = layouts.length === 0 ? "" : ` (${layouts.join(", ")})`;
  yield ok("mail-server", `${safeText(title)}${kinds}: ${evidence.map(safeText).join("; ")}`);
  for (const { place, role, path } of volumes)
    yield ok("mail-server.volume", `its ${place} is in ${safeText(path)}: ${roleText[role]}`);
  for (const remark of remarks)
    yield warn(
      "mail-server.remark",
      safeText(remark),
      "Look at its configuration, or name the folder.",
    );
  yield* checkChanges(server);
  yield* checkAccounts(server, signal);
  if (captured.length === 0) return;
  if (captured.some((folder) => touches(volumes, folder)))
    return yield* checkMissed(server, { captured, signal });
  yield warn(
    "mail-server.not-captured",
    `none of the mail of ${safeText(title)} lies in the folders that were named`,
    `Name its folder where its mail is to be protected: ${safeText(volumes[0]?.path ?? "restante doctor FOLDER")}`,
  );
}

const roleText = {
  database: "database",
  log: "logs",
  mixed: "database and logs in one folder",
} as const;

/** The logs in which it tells of changes: for hosts on which the kernel does not. */
function* checkChanges({ kind, changes }: MailServer): Generator<Check> {
  for (const { name, isOn, log, lacks } of changes) {
    if (log === undefined && lacks === undefined) continue;
    const where = safeText(log ?? "ITS-LOG");
    const key = `hints: {${kind}: ${where}} in the configuration, or \`restante daemon FOLDER --hints ${kind}=${where}\``;
    if (!isOn) yield ok("mail-server.hints", `its ${name} does not tell of changes, and may`);
    else if (lacks === undefined)
      yield ok("mail-server.hints", `its ${name} tells of changes: ${key}`);
    else
      yield warn(
        "mail-server.hints",
        `its ${name} does not tell of all changes: ${safeText(lacks)}`,
        `Worth it where the daemon cannot watch the whole filesystem, with ${key}.`,
      );
  }
}

async function* checkAccounts(server: MailServer, signal: AbortSignal): AsyncGenerator<Check> {
  const { accounts, origin, isComplete, problems } = await server.accounts(signal);
  const count = plural(accounts.length, "account");
  if (isComplete) yield ok("mail-server.accounts", `${count} by ${safeText(origin)}`);
  else
    yield warn(
      "mail-server.accounts",
      accounts.length === 0
        ? "its accounts are not known"
        : `${count} by ${safeText(origin)}, which may not be all`,
      "An account that disappears is noticed by its mail; with the server running, as a user who may ask it, also by its name.",
    );
  for (const problem of problems)
    yield warn(
      "mail-server.accounts",
      safeText(problem),
      "What could not be listed is not taken for nothing.",
    );
}

async function* checkMissed(
  server: MailServer,
  { captured, signal }: Looked,
): AsyncGenerator<Check> {
  const items = await server.alsoProtect(signal);
  const missed = missedBy(server, items, captured);
  for (const { place, path } of missed.volumes)
    yield warn(
      "mail-server.missed",
      `the capture lacks ${safeText(path)}: its ${place}`,
      `Add it to volumes: restante config generate writes it.`,
    );
  for (const { kind, path, why } of missed.items)
    yield warn(
      "mail-server.missed",
      `the capture lacks ${kind} in ${safeText(path)}. ${why}`,
      `Add it to also_protect, by its folder: restante config generate writes it.`,
    );
  if (missed.volumes.length + missed.items.length === 0)
    yield ok(
      "mail-server.missed",
      `the capture has everything that is known to belong to it: ${[...new Set(items.map(({ kind }) => kind))].join(", ")}`,
    );
}

function* checkTransfer({ transfer }: FoundServers): Generator<Check> {
  if (transfer === undefined) return;
  const { name, evidence, handsTo, queue } = transfer;
  const gives = handsTo === undefined ? "" : `, and gives it to ${safeText(handsTo)}`;
  yield ok(
    "mail-server.transfer",
    `${name} takes mail (${evidence.map(safeText).join("; ")})${gives}; what is on its way lies in ${safeText(queue)}`,
  );
}
