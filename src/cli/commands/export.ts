import { resolve } from "node:path";
import {
  type ExportFailure,
  exportFormats,
  type ExportFormat,
  type ExportLevels,
  exportMail,
  type ExportResult,
  type ExportSource,
} from "#recovery";
import { formatBytes } from "#time";
import { type ImageProblem, isImageError } from "#image";
import { isMailError, type MailAccount } from "#mail";
import { accountAddress } from "../mailbox-address.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { pathJson } from "../message-summary.ts";
import {
  absoluteOf,
  type MomentView,
  openMoment,
  readingView,
  shownPath,
  tellOthers,
  viewMomentJson,
} from "../moment-view.ts";
import { requireAbsent } from "../new-file.ts";
import { requireArrived } from "../arrived/require-arrived.ts";
import { findMailbox, type Scope, scopesOf } from "../scope.ts";
import {
  accountsIn,
  type MeantMailbox,
  meantMailboxes,
  type SelectMailOptions,
} from "../selected-mail.ts";
import { countText, plural, safeText } from "../text.ts";

/** Failures are shown one by one up to here. */
const shownFailures = 20;

export async function run(context: CommandContext): Promise<ExitCode> {
  const startedMs = context.surroundings.clockMs();
  const [typed = ""] = context.arguments.positionals;
  const { to, format } = destinationOf(context);
  await requireAbsent(to);
  requireArrived(context.arguments);
  if (context.arguments.has("arrived")) {
    const { exportArrived } = await import("../arrived/export-arrived.ts");
    return await exportArrived(typed, context, { to, format });
  }
  await using view = await openMoment(typed, context);
  return await readingView(view, context, async () => {
    const scopes = await scopesOf(view);
    const mailboxes = await mailboxesOf(scopes, { view, context, typed });
    const levels = levelsOf(mailboxes);
    const isOneMessage = scopes.length === 1 && isMessage(scopes[0] as Scope, mailboxes);
    const result = await exportAll(mailboxes, { view, context, to, format, levels, isOneMessage });
    const unseen = unseenIn(scopes, view, result);
    await show(result, { view, context, to, format, startedMs, unseen });
    if (result.failureCount + unseen.length === 0) return exitCodes.done;
    tellOthers(view, context.output);
    return exitCodes.partial;
  });
}

type Destination = { readonly to: string; readonly format: ExportFormat };

function destinationOf({ arguments: typed, surroundings }: CommandContext): Destination {
  const to = typed.text("to");
  if (to === undefined) {
    throw new CliError("cli.usage", "Cannot export without --to: it says where to", {
      hint: "Name a file or folder that is not there yet: --to support.mbox",
    });
  }
  const wanted = typed.text("format") ?? /\.([a-z]+)$/i.exec(to)?.[1]?.toLowerCase();
  const format = exportFormats.find((name) => name === wanted);
  if (format === undefined) {
    const subject = typed.has("format")
      ? `Cannot export as "${safeText(wanted ?? "")}": no such format`
      : `Cannot tell the format of "${safeText(to)}": its ending is none of them`;
    throw new CliError("cli.usage", subject, {
      hint: `Say --format and one of ${exportFormats.join(", ")}.`,
    });
  }
  return { to: resolve(surroundings.workingFolder, to), format };
}

type Selecting = {
  readonly view: MomentView;
  readonly context: CommandContext;
  readonly typed: string;
};

/** The folders of mail that are meant; at least one, else exit code 22. */
async function mailboxesOf(
  scopes: readonly Scope[],
  { view, context, typed }: Selecting,
): Promise<readonly MeantMailbox[]> {
  const { signal } = context.surroundings;
  const selection = { image: view.image, root: view.root, signal };
  const found: MeantMailbox[] = [];
  for (const scope of scopes)
    for (const account of await accountsIn(scope, selection))
      found.push(...(await mailboxesIn({ ...scope, account }, selection)));
  const folder = context.arguments.text("in");
  const meant = folder === undefined ? found : inFolder(found, folder);
  if (meant.length > 0) return meant;
  throw new CliError(
    "cli.nothing-matched",
    found.length === 0
      ? `Cannot export "${safeText(typed)}": there is no mail in it`
      : `Cannot export folder "${safeText(folder ?? "")}" of "${safeText(typed)}": it is not in that moment`,
    { hint: "`restante ls` shows the folders of a moment." },
  );
}

/** Of an account whose folders cannot be listed, something that fails in its turn: the others go on. */
async function mailboxesIn(
  scope: Scope & { readonly account: MailAccount },
  selection: SelectMailOptions,
): Promise<readonly MeantMailbox[]> {
  try {
    return await Array.fromAsync(meantMailboxes(scope, selection));
  } catch (error) {
    if (!isImageError(error) && !isMailError(error)) throw error;
    const { account } = scope;
    return [
      {
        account,
        address: accountAddress(account, selection.root),
        mailbox: { name: "*", path: account.root, dependsOn: [], problems: [] },
        list: async () => await Promise.reject(error),
      },
    ];
  }
}

function inFolder(found: readonly MeantMailbox[], folder: string): readonly MeantMailbox[] {
  const byAccount = Map.groupBy(found, ({ account }) => account);
  return [...byAccount.values()].flatMap((mailboxes) => {
    const mailbox = findMailbox(
      mailboxes.map((one) => one.mailbox),
      folder,
    );
    return mailboxes.filter((one) => one.mailbox === mailbox || one.mailbox.name === "*");
  });
}

/** What has to be told apart in what is written. */
function levelsOf(mailboxes: readonly MeantMailbox[]): ExportLevels {
  const [first] = mailboxes;
  if (mailboxes.some(({ address }) => address !== first?.address)) return "addresses";
  return mailboxes.length > 1 ? "folders" : "none";
}

/** Whether one message was named, by its file or its UID. */
function isMessage({ entry, uid, path }: Scope, [only]: readonly MeantMailbox[]): boolean {
  return uid !== undefined || (entry?.type === "file" && only?.mailbox.path !== path);
}

type Exporting = Destination & {
  readonly view: MomentView;
  readonly context: CommandContext;
  readonly levels: ExportLevels;
  readonly isOneMessage: boolean;
};

async function exportAll(
  mailboxes: readonly MeantMailbox[],
  { view, context, to, format, levels, isOneMessage }: Exporting,
): Promise<ExportResult> {
  const { surroundings, output } = context;
  const progress = output.progress(surroundings.clockMs);
  try {
    return await exportMail(mailboxes.map(sourceOf), {
      to,
      format,
      levels,
      isOneMessage,
      uidValidity: Number(view.image.at.toNs / 1_000_000_000n) % 0xffff_ffff || 1,
      signal: surroundings.signal,
      onProgress: ({ messages, bytes }) =>
        progress.update({
          label: "export",
          unit: "messages",
          done: messages,
          total: 0,
          bytesDone: bytes,
        }),
    });
  } finally {
    progress.finish();
  }
}

function sourceOf({ account, address, mailbox, list }: MeantMailbox): ExportSource {
  const { name, uidValidity, uidNext } = mailbox;
  return {
    address,
    name,
    ...(uidValidity === undefined ? {} : { uidValidity }),
    ...(uidNext === undefined ? {} : { uidNext }),
    list: async (signal = new AbortController().signal) => await list(signal),
    read: (message, options) => account.read(message, options),
  };
}

/** What the Image could not read of what was meant, and is not among the failures: no mail was seen in it. */
function unseenIn(
  scopes: readonly Scope[],
  { image }: MomentView,
  { failures }: ExportResult,
): readonly ImageProblem[] {
  const reasons = new Set(failures.map(({ reason }) => reason));
  return image.problems.filter(
    ({ code, path, message }) =>
      (code === "unlistable" || code === "unreadable") &&
      !reasons.has(message) &&
      scopes.some((scope) => scope.path === "" || `${path}/`.startsWith(`${scope.path}/`)),
  );
}

type Shown = Destination & {
  readonly unseen: readonly ImageProblem[];
  readonly view: MomentView;
  readonly context: CommandContext;
  readonly startedMs: number;
};

async function show(
  result: ExportResult,
  { view, context, to, format, startedMs, unseen }: Shown,
): Promise<void> {
  const { output, surroundings } = context;
  const { mailboxes, messages, bytes, failures, failureCount, remarks, keywordsLost } = result;
  for (const remark of remarks.slice(0, shownFailures)) output.warning(safeText(remark));
  if (keywordsLost > 0)
    output.warning(
      `${plural(keywordsLost, "keyword", "keywords")} of messages left out: a Maildir has 26 in a folder`,
    );
  await output.text(
    `${safeText(to)}: ${countText(messages)} ${messages === 1 ? "message" : "messages"} of ${plural(mailboxes, "folder", "folders")}, ${formatBytes(bytes)}, as ${format}\n`,
  );
  const failed = failureCount + unseen.length;
  const lines = [
    ...failures.map((failure) => `${failureName(failure, view)}: ${safeText(failure.reason)}`),
    ...unseen.map(({ path, message }) => `${shownPath(view.root, path)}: ${safeText(message)}`),
  ];
  if (failed > 0) {
    output.warning(
      `${countText(failed)} could not be read and ${failed === 1 ? "is" : "are"} not in it:`,
    );
    for (const line of lines.slice(0, shownFailures)) output.warning(line);
    if (failed > shownFailures)
      output.warning(`… and ${countText(failed - shownFailures)} more; --json has them`);
  }
  await output.document({
    type: "summary",
    verb: "export",
    moment: viewMomentJson(view),
    to,
    format,
    folders: mailboxes,
    messages,
    bytes,
    failed,
    failures: [
      ...failures.map((failure) => failureJson(failure, view)),
      ...unseen.map(({ path, message }) => ({
        ...pathJson(absoluteOf(view.root, path)),
        reason: message,
      })),
    ],
    remarks,
    keywordsLost,
    elapsedMs: Math.round(surroundings.clockMs() - startedMs),
  });
}

function failureName({ address, mailbox, message }: ExportFailure, { root }: MomentView): string {
  const folder = safeText(`${address}/${mailbox}`);
  if (message === undefined) return folder;
  return message.uid === undefined
    ? `${folder}, ${shownPath(root, message.path)}`
    : `${folder}#${message.uid}`;
}

function failureJson(
  { address, mailbox, message, reason }: ExportFailure,
  { root }: MomentView,
): object {
  const where =
    message === undefined
      ? {}
      : {
          ...pathJson(absoluteOf(root, message.path)),
          ...(message.uid === undefined ? {} : { uid: message.uid }),
        };
  return { address, folder: mailbox, ...where, reason };
}
