import { type MailAccount, openMailStore } from "#mail";
import type { CommandContext } from "../command.ts";
import type { MomentView } from "../moment-view.ts";
import type { Scope } from "../scope.ts";

/**
 * Whether files cannot be put back there while the server runs: what it keeps for itself is a conflict then,
 * and stays, so that nothing would come back.
 */
export async function isOfServer(
  scopes: readonly Scope[],
  { site, target, image }: MomentView,
  { arguments: typed }: CommandContext,
): Promise<boolean> {
  if (scopes.some(({ account }) => account !== undefined && isForeign(account))) return true;
  // Before an alarm the server ran, and it runs still: of all of it the messages are meant.
  if (!typed.has("before") || typed.has("exact") || typed.has("to")) return false;
  const isConfigured = site.config?.servers.some(
    ({ path, imap }) => path === target.store && imap !== undefined,
  );
  return isConfigured === true && (await openMailStore(image)).accounts.some(isForeign);
}

/** Not one file for each message, and nothing else. */
function isForeign({ layout }: MailAccount): boolean {
  return layout !== "maildir";
}
