import { displayPath, type Entry, joinRawPath, type RawPath } from "#image";
import { type MailAccount, type StoredMailbox, type StoredMessage, openMailStore } from "#mail";
import { formatBytes, formatInstant, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { mailboxAddress } from "../mailbox-address.ts";
import { type MessageSummary, pathJson, summarise } from "../message-summary.ts";
import {
  absoluteOf,
  type MomentView,
  openMoment,
  readingView,
  shownPath,
  viewMomentJson,
} from "../moment-view.ts";
import { type Scope, scopesOf } from "../scope.ts";
import { clipped, countText, plural, safeText, tableText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const [typed = ""] = context.arguments.positionals;
  await using view = await openMoment(typed, context);
  return await readingView(view, context, async () => await list(view, context));
}

async function list(view: MomentView, context: CommandContext): Promise<ExitCode> {
  const { output } = context;
  const filesOnly = context.arguments.has("files");
  const scopes: object[] = [];
  for (const scope of await scopesOf(view)) {
    const listed = filesOnly ? undefined : await listMail(scope, view, context);
    const shown = listed ?? (await listFiles(scope, view));
    await output.text(shown.text);
    scopes.push({ scope: scope.shown, ...shown.json });
  }
  await output.document({ type: "listing", moment: viewMomentJson(view), scopes });
  return exitCodes.done;
}

type Shown = { readonly text: string; readonly json: object };

/** Folders with their counts, and the messages of the folder that was named; undefined where there is no mail. */
async function listMail(
  scope: Scope,
  view: MomentView,
  context: CommandContext,
): Promise<Shown | undefined> {
  const { image } = view;
  if (scope.entry !== undefined && scope.entry.type !== "directory") return undefined;
  const accounts =
    scope.account === undefined
      ? (await openMailStore(image, { root: scope.path })).accounts
      : [scope.account];
  if (accounts.length === 0) return undefined;
  const folders: FolderRow[] = [];
  let text = "";
  const messages: MessageRow[] = [];
  for (const account of accounts) {
    const address = mailboxAddress(absoluteOf(view.root, account.root));
    for (const mailbox of await account.mailboxes()) {
      if (!isWithin(mailbox, scope)) continue;
      const { messages: found } = await account.messages(mailbox);
      folders.push({ account, mailbox, address, count: found.length });
      const isNamed = scope.account !== undefined && isNamedFolder(mailbox, scope);
      if (isNamed)
        messages.push(
          ...(await messageRows(
            found.filter(({ path }) => isPartOf(path, scope)),
            view,
            context.surroundings.signal,
          )),
        );
    }
  }
  const isOneFolder = folders.length === 1 && messages.length > 0;
  if (!isOneFolder)
    text += tableText(
      folders.map(({ mailbox, address, count }) => [
        safeText(address),
        safeText(mailbox.name),
        countText(count),
        shownPath(view.root, mailbox.path),
      ]),
      { right: [2] },
    );
  text += tableText(messages.map((row) => messageText(row, view, context.output.columns)));
  return {
    text,
    json: {
      folders: folders.map((row) => folderJson(row, view)),
      messages: messages.map((row) => messageJson(row, view)),
    },
  };
}

type FolderRow = {
  readonly account: MailAccount;
  readonly mailbox: StoredMailbox;
  readonly address: string;
  readonly count: number;
};
type MessageRow = { readonly message: StoredMessage; readonly summary: MessageSummary };

/** A folder of the mailbox that the scope is, or that lies below it. */
function isWithin(mailbox: StoredMailbox, { path, parts }: Scope): boolean {
  if (parts.length > 1) return mailbox.path === path;
  return (
    path === "" ||
    mailbox.path === path ||
    mailbox.path.startsWith(`${path}/`) ||
    (path.startsWith(`${mailbox.path}/`) && isMessageFolder(mailbox, path))
  );
}

/** The messages of a folder are listed where it was named itself, or its `cur` or `new`. */
function isNamedFolder(mailbox: StoredMailbox, { path }: Scope): boolean {
  return mailbox.path === path || isMessageFolder(mailbox, path);
}

function isMessageFolder(mailbox: StoredMailbox, path: RawPath): boolean {
  return (
    path === joinRawPath(mailbox.path, "cur" as RawPath) ||
    path === joinRawPath(mailbox.path, "new" as RawPath)
  );
}

function isPartOf(path: RawPath, scope: Scope): boolean {
  return scope.parts.some((part) => part === "" || path.startsWith(`${part}/`));
}

async function messageRows(
  messages: readonly StoredMessage[],
  { image }: MomentView,
  signal: AbortSignal,
): Promise<MessageRow[]> {
  const rows: MessageRow[] = [];
  for (const message of messages.toSorted((a, b) =>
    a.internalDateNs < b.internalDateNs ? -1 : a.internalDateNs > b.internalDateNs ? 1 : 0,
  )) {
    signal.throwIfAborted();
    rows.push({ message, summary: await summarise(image, message.path, signal) });
  }
  return rows;
}

const flagLetters: Readonly<Record<string, string>> = {
  "\\Seen": "S",
  "\\Answered": "R",
  "\\Flagged": "F",
  "\\Deleted": "T",
  "\\Draft": "D",
};

function messageText(
  { message, summary }: MessageRow,
  { root, site }: MomentView,
  columns: number | undefined,
): string[] {
  // The path comes last and whole, so that it can be copied; what stands before it takes what is left.
  const room = columns === undefined ? 60 : Math.max(20, Math.floor((columns - 40) / 2));
  return [
    formatInstant(message.internalDateNs, site.zone),
    message.flags.map((flag) => flagLetters[flag] ?? "").join(""),
    clipped(safeText(summary.from), 30),
    clipped(safeText(summary.subject), room),
    shownPath(root, message.path),
  ];
}

function messageJson({ message, summary }: MessageRow, { root }: MomentView): object {
  const { internalDateNs, path, flags, keywords, uid, sizeBytes } = message;
  return {
    ...pathJson(absoluteOf(root, path)),
    ...summary,
    received: toRfc3339Nano(internalDateNs),
    flags,
    keywords,
    ...(uid === undefined ? {} : { uid }),
    sizeBytes,
  };
}

function folderJson({ mailbox, address, count }: FolderRow, { root }: MomentView): object {
  const { name, path, uidValidity, uidNext } = mailbox;
  return {
    mailbox: address,
    name,
    ...pathJson(absoluteOf(root, path)),
    messages: count,
    ...(uidValidity === undefined ? {} : { uidValidity }),
    ...(uidNext === undefined ? {} : { uidNext }),
  };
}

async function listFiles(scope: Scope, { image, root, site }: MomentView): Promise<Shown> {
  const isFile = scope.entry !== undefined && scope.entry.type !== "directory";
  const found: { path: RawPath; entry: Entry }[] = [];
  if (isFile) found.push({ path: scope.path, entry: scope.entry });
  else
    for (const part of scope.parts)
      for (const entry of await image.list(part))
        found.push({ path: joinRawPath(part, entry.name), entry });
  const rows = found.map(({ path, entry }) => [
    entry.type === "file" ? formatBytes(entry.sizeBytes) : entry.type,
    formatInstant(entry.mtimeNs, site.zone),
    entry.linkTarget === undefined
      ? shownPath(root, path)
      : `${shownPath(root, path)} -> ${displayPath(entry.linkTarget)}`,
  ]);
  const text =
    rows.length === 0
      ? `${safeText(scope.shown)} is empty\n`
      : `${tableText(rows, { right: [0] })}${plural(rows.length, "entry", "entries")}\n`;
  return {
    text,
    json: { entries: found.map(({ path, entry }) => entryJson(absoluteOf(root, path), entry)) },
  };
}

function entryJson(path: RawPath, { type, sizeBytes, mtimeNs, mode, uid, gid }: Entry): object {
  return { ...pathJson(path), type, sizeBytes, modified: toRfc3339Nano(mtimeNs), mode, uid, gid };
}
