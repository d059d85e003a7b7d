import { arrivedAccount, type ArrivedMessage } from "#methods";
import { exportMail, type ExportFormat, type ExportSource } from "#recovery";
import { formatBytes } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { viewMomentJson } from "../moment-view.ts";
import { countText, plural, safeText } from "../text.ts";
import { showArrived } from "./arrived-report.ts";
import { type OpenArrived, openArrived } from "./open-arrived.ts";

/** Writes out what the server took and nobody saw in its store, an INBOX for each owner. */
export async function exportArrived(
  typed: string,
  context: CommandContext,
  { to, format }: { readonly to: string; readonly format: ExportFormat },
): Promise<ExitCode> {
  const { output, surroundings } = context;
  await using opened = await openArrived(typed, context);
  await showArrived(opened, context);
  const { missing, chosen, copy } = opened;
  if (missing.size === 0) throw nothingMissing(typed);
  const result = await exportMail(
    [...missing].map(([owner, messages]) => sourceOf(owner, messages, opened)),
    {
      to,
      format,
      levels: missing.size > 1 ? "addresses" : "none",
      uidValidity: Number(chosen.point.atNs / 1_000_000_000n) % 0xffff_ffff || 1,
      signal: surroundings.signal,
    },
  );
  const { messages, bytes, failures, failureCount } = result;
  await output.text(
    `${safeText(to)}: ${plural(messages, "message")} of ${plural(missing.size, "mailbox", "mailboxes")}, ${formatBytes(bytes)}, as ${format}\n`,
  );
  if (failureCount > 0)
    output.warning(`${countText(failureCount)} could not be read and are not in it:`);
  for (const { address, reason } of failures.slice(0, 20))
    output.warning(`${safeText(address)}: ${safeText(reason)}`);
  await output.document({
    type: "summary",
    verb: "export",
    moment: viewMomentJson({ chosen, opened: { copy } }),
    to,
    format,
    folders: result.mailboxes,
    messages,
    bytes,
    failed: failureCount,
    failures: failures.map(({ address, reason }) => ({ address, reason })),
  });
  return failureCount > 0 ? exitCodes.partial : exitCodes.done;
}

function sourceOf(
  owner: string,
  messages: readonly ArrivedMessage[],
  { journal }: OpenArrived,
): ExportSource {
  const account = arrivedAccount({ journal, owner, messages });
  return {
    address: owner,
    name: "INBOX",
    list: async (signal) => await account.messages({ path: account.root }, signal),
    read: (message, options) => account.read(message, options),
  };
}

export function nothingMissing(typed: string): CliError {
  return new CliError(
    "cli.nothing-matched",
    `Cannot bring back what arrived for "${safeText(typed)}": nothing of it may be missing`,
    { hint: "`restante moments TARGET --arrived` says what became of it." },
  );
}
