import { type CatalogStatus, type KnownMailbox, removeCatalog, type SightingKind } from "#catalog";
import { formatBytes, formatInstant, toRfc3339Nano } from "#time";
import { catalogFolder, fillFromCopy, openCopyCatalog, tellFilled } from "../catalog-access.ts";
import { catalogActions } from "../catalog-command.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { copyPlace } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { placedAccounts } from "../find-scope.ts";
import { openAnyCopy } from "../methods/index.ts";
import { openSite, type Site } from "../site.ts";
import { countText, plural, safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const [typed = "status"] = context.arguments.positionals;
  const action = catalogActions.find((one) => one === typed);
  if (action === undefined) {
    throw new CliError(
      "cli.usage",
      `Cannot do "${safeText(typed)}" with a catalog: it is no action`,
      {
        hint: `There are ${catalogActions.join(", ")}.`,
      },
    );
  }
  const site = await openSite(context);
  await using opened = await openAnyCopy(copyPlace(context, site), { context, site });
  if (action !== "status") removeCatalog(await catalogFolder(opened, context));
  if (action === "remove") {
    await context.output.document({ type: "catalog-removed", copy: opened.place.name });
    await context.output.text("The catalog is gone; `restante find` makes it again.\n");
    return exitCodes.done;
  }
  await using catalog = await openCopyCatalog(opened, { context, site });
  if (action === "rebuild")
    tellFilled(await fillFromCopy(catalog, opened, { context }), { context, site });
  const placed = await placedAccounts(catalog);
  const status = await catalog.status();
  const mailboxes = await catalog.mailboxes();
  const show: Show = {
    context,
    site,
    addressOf: ({ account }) => placed.get(account.id)?.address ?? "",
  };
  await tell(status, mailboxes, show);
  return exitCodes.done;
}

type Show = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly addressOf: (mailbox: KnownMailbox) => string;
};

async function tell(
  status: CatalogStatus,
  mailboxes: readonly KnownMailbox[],
  { context, site, addressOf }: Show,
): Promise<void> {
  const { output } = context;
  const doubtful = mailboxes.filter(({ isDoubtful }) => isDoubtful);
  await output.document({
    type: "catalog",
    location: status.location,
    sizeBytes: status.sizeBytes,
    fullText: status.fullText,
    messages: status.messages,
    placements: status.placements,
    accounts: status.accounts.length,
    mailboxes: mailboxes.length,
    moments: status.moments.map(({ id, group, hostname, paths, atNs, problems }) => ({
      id,
      group,
      hostname,
      paths,
      at: toRfc3339Nano(atNs),
      problems,
    })),
    doubtful: doubtful.map((mailbox) => ({
      address: addressOf(mailbox),
      mailbox: mailbox.name,
      now: mailbox.now,
      messages: mailbox.messages,
      since: toRfc3339Nano(mailbox.since.atNs),
    })),
  });
  await output.text(
    `${safeText(status.location)}: ${formatBytes(status.sizeBytes)}, ${status.fullText ? "with" : "without"} the words of messages\n` +
      `${plural(status.moments.length, "moment")}, ${plural(status.messages, "message")} in ${countText(status.placements)} places of ${plural(mailboxes.length, "folder")} of ${plural(status.accounts.length, "account")}\n`,
  );
  for (const { atNs, problems } of status.moments)
    for (const problem of problems)
      await output.text(`${formatInstant(atNs, site.zone)}: ${safeText(problem)}\n`);
  for (const mailbox of doubtful) {
    await output.text(
      `${safeText(addressOf(mailbox))}/${safeText(mailbox.name)} ${states[mailbox.now]} since ${formatInstant(mailbox.since.atNs, site.zone)}: nobody knows what became of ${plural(mailbox.messages, "message")}\n`,
    );
  }
}

const states: Readonly<Record<SightingKind, string>> = {
  absent: "is not there",
  failed: "cannot be read",
  empty: "is empty, after it was full,",
  partial: "was not captured whole",
  complete: "is there",
};
