import type { ServerConfig } from "#policy";
import type { MailServer } from "#servers";
import { isRecoveryError } from "#errors";
import type { StorePlan } from "./capture-plan.ts";
import type { CaptureRun } from "./capture-store.ts";
import { openHost, touches } from "./found-store.ts";
import { mailboxAddress } from "./mailbox-address.ts";
import { foldersOf } from "./server-places.ts";
import { safeText } from "./text.ts";

/**
 * What the running servers say to what was captured, after it is safe: what the configuration wants
 * captured and lies elsewhere, and accounts that a server still has and whose mail is gone. The
 * servers are asked only where the configuration wants either.
 */
export async function tellServerFindings(
  plans: readonly StorePlan[],
  run: CaptureRun,
): Promise<void> {
  const { context, site } = run;
  const captured = new Set(plans.map(({ shown }) => shown));
  const asked = (site.config?.servers ?? []).filter(
    (server) => captured.has(server.name) && isAsked(server, run),
  );
  if (asked.length === 0) return;
  const { surroundings, output } = context;
  const { signal } = surroundings;
  try {
    const { findServers } = await import("#servers");
    await using host = await openHost(surroundings);
    const { servers } = await findServers(host, { signal, nameOfPlace: mailboxAddress });
    for (const server of asked) {
      const found = servers.find(({ volumes }) => touches(volumes, server.path));
      if (found === undefined) {
        output.warning(`${server.name}: no running mail server was found that has this store`);
        continue;
      }
      await tellLacking(server, found, run);
      await tellStillThere(server, found, run);
    }
  } catch (error) {
    signal.throwIfAborted();
    // The mail is captured; that a server could not be asked about it is no failure of that.
    if (!isRecoveryError(error)) throw error;
    output.warning(`the mail server could not be asked: ${safeText(error.message)}`);
  }
}

function isAsked({ name, alsoProtect, mailboxList }: ServerConfig, run: CaptureRun): boolean {
  const isGone = run.disappeared.some(({ shown }) => shown === name);
  return alsoProtect.kinds.length > 0 || (mailboxList === "from doveadm" && isGone);
}

async function tellLacking(
  server: ServerConfig,
  found: MailServer,
  { context: { output, surroundings } }: CaptureRun,
): Promise<void> {
  const { name, alsoProtect } = server;
  const { kinds, folders } = alsoProtect;
  if (kinds.length === 0) return;
  const { missedBy } = await import("#servers");
  const items = await found.alsoProtect(surroundings.signal);
  const wanted = items.filter(({ kind }) => kinds.includes(kind));
  for (const item of missedBy(found, wanted, [...foldersOf(server), ...folders]).items) {
    await output.document({ type: "not-captured", server: name, kind: item.kind, path: item.path });
    output.warning(
      `${name}: the capture lacks ${item.kind} in ${safeText(item.path)}. ${item.why} Add it to also_protect`,
    );
  }
}

/** An account that was deleted is gone from the server's list too. */
async function tellStillThere(
  { name, mailboxList }: ServerConfig,
  found: MailServer,
  { context: { output, surroundings }, disappeared }: CaptureRun,
): Promise<void> {
  const gone = disappeared
    .filter(({ shown }) => shown === name)
    .flatMap(({ accounts }) => accounts);
  if (mailboxList !== "from doveadm" || gone.length === 0) return;
  const { accounts, isComplete, problems } = await found.accounts(surroundings.signal);
  for (const problem of problems) output.warning(`${name}: ${safeText(problem)}`);
  if (!isComplete) return;
  const known = new Set(accounts.flatMap(({ name: account, mail }) => [account, mail ?? account]));
  for (const { address, path } of gone) {
    if (!known.has(address) && !known.has(path)) continue;
    await output.document({ type: "account-without-mail", server: name, address, path });
    output.warning(
      `${name}: ${safeText(address)} is still an account of ${safeText(found.title)}, and its mail is gone from ${safeText(path)}: this is no deleted account`,
    );
  }
}
