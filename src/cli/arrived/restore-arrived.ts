import { arrivedAccount } from "#methods";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { livingPlace } from "../living/living-place.ts";
import { type AccountRestore, restoreAccounts } from "../living/restore-messages.ts";
import { showArrived } from "./arrived-report.ts";
import { nothingMissing } from "./export-arrived.ts";
import { openArrived } from "./open-arrived.ts";

/**
 * Puts back into a running server what it took and nobody saw in its store. The server is looked through
 * first: what it has, in whichever folder, is not put back again.
 */
export async function restoreArrived(typed: string, context: CommandContext): Promise<ExitCode> {
  const startedMs = context.surroundings.clockMs();
  if (context.arguments.has("exact"))
    throw new CliError("cli.usage", "Cannot restore what arrived exactly: it is not all mail", {
      hint: "Leave --exact out: what is missing is put back, and nothing is deleted.",
    });
  await using opened = await openArrived(typed, context);
  const { site, journal, copy, chosen, store, missing } = opened;
  const place = await livingPlace({ context, site, store, isOfServer: true });
  if (place === undefined)
    throw new CliError("cli.usage", "Cannot restore what arrived into files", {
      hint: "Name a running server: --to imaps://HOST, --to imap or --to doveadm; or write it out with `restante export --arrived`.",
    });
  await showArrived(opened, context);
  if (missing.size === 0) throw nothingMissing(typed);
  const restores = [...missing].map(([owner, messages]): AccountRestore => ({
    shown: owner,
    owner,
    user: place.user ?? owner,
    account: arrivedAccount({ journal, owner, messages }),
    selection: { wantsMailbox: () => true },
  }));
  return await restoreAccounts(restores, {
    view: { site, chosen, opened: { copy } },
    context,
    place,
    startedMs,
  });
}
