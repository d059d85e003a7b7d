import { displayPath, type Entry, joinRawPath, type RawPath } from "#image";
import { isMailError, type StoredMessage } from "#mail";
import { formatBytes, formatInstant, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { messageName } from "../message-number.ts";
import { type MessageSummary, pathJson, summariseBytes } from "../message-summary.ts";
import {
  absoluteOf,
  type MomentView,
  openMoment,
  readingView,
  shownPath,
  viewMomentJson,
} from "../moment-view.ts";
import { type Scope, scopesOf } from "../scope.ts";
import { type SelectedMailbox, selectedMail } from "../selected-mail.ts";
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
  const { image, root } = view;
  const { signal } = context.surroundings;
  const isFile = scope.entry !== undefined && scope.entry.type !== "directory";
  if (isFile && scope.account?.layout !== "mbox") return undefined;
  const selection = { image, root, signal };
  const folders: SelectedMailbox[] = [];
  for await (const folder of selectedMail(scope, selection)) folders.push(folder);
  if (folders.length === 0) return undefined;
  for (const { mailbox, address, problems } of folders)
    for (const { message } of problems)
      context.output.warning(safeText(`${address}/${mailbox.name}: ${message}`));
  const messages: MessageRow[] = [];
  for (const folder of folders)
    if (isNamed(folder, scope))
      messages.push(...(await messageRows(folder, { scope, root, signal })));
  const isOneFolder = folders.length === 1 && messages.length > 0;
  const shownFolders = isOneFolder
    ? ""
    : tableText(
        folders.map(({ mailbox, address, messages: { length } }) => [
          safeText(address),
          safeText(mailbox.name),
          countText(length),
          shownPath(root, mailbox.path),
        ]),
        { right: [2] },
      );
  return {
    text:
      shownFolders +
      tableText(messages.map((row) => messageText(row, view, context.output.columns))),
    json: {
      folders: folders.map((row) => folderJson(row, view)),
      messages: messages.map((row) => messageJson(row, view)),
    },
  };
}

type MessageRow = {
  readonly message: StoredMessage;
  /** What names it on the command line: its file, or its folder and UID. */
  readonly name: string;
  /** Absent where it cannot be read. */
  readonly summary?: MessageSummary;
};

/** The messages of a folder are listed where it was named itself, or its `cur` or `new`. */
function isNamed({ mailbox }: SelectedMailbox, { account, mailbox: named, path }: Scope): boolean {
  if (account === undefined) return false;
  return named !== undefined || mailbox.path === path || path.startsWith(`${mailbox.path}/`);
}

type RowOptions = {
  readonly scope: Scope;
  readonly root: RawPath;
  readonly signal: AbortSignal;
};

async function messageRows(
  { account, address, mailbox, messages }: SelectedMailbox,
  { scope, root, signal }: RowOptions,
): Promise<MessageRow[]> {
  const rows: MessageRow[] = [];
  const folder =
    scope.mailbox === undefined ? shownPath(root, mailbox.path) : `${address}/${mailbox.name}`;
  const byDate = messages.toSorted((a, b) =>
    a.internalDateNs < b.internalDateNs ? -1 : a.internalDateNs > b.internalDateNs ? 1 : 0,
  );
  for (const message of byDate) {
    signal.throwIfAborted();
    const name = messageName(message, { account, folder, root });
    try {
      rows.push({
        message,
        name,
        summary: await summariseBytes(account.read(message, { signal })),
      });
    } catch (error) {
      // The others are there all the same; that it is listed and cannot be read is shown in its place.
      if (!isMailError(error)) throw error;
      rows.push({ message, name });
    }
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
  { message, name, summary }: MessageRow,
  { site }: MomentView,
  columns: number | undefined,
): string[] {
  // The path comes last and whole, so that it can be copied; what stands before it takes what is left.
  const room = columns === undefined ? 60 : Math.max(20, Math.floor((columns - 40) / 2));
  return [
    formatInstant(message.internalDateNs, site.zone),
    message.flags.map((flag) => flagLetters[flag] ?? "").join(""),
    clipped(safeText(summary?.from ?? ""), 30),
    clipped(safeText(summary?.subject ?? "(it cannot be read)"), room),
    safeText(name),
  ];
}

function messageJson({ message, name, summary }: MessageRow, { root }: MomentView): object {
  const { internalDateNs, path, flags, keywords, uid, sizeBytes } = message;
  return {
    ...pathJson(absoluteOf(root, path)),
    target: name,
    ...summary,
    ...(summary === undefined ? { unreadable: true } : {}),
    received: toRfc3339Nano(internalDateNs),
    flags,
    keywords,
    ...(uid === undefined ? {} : { uid }),
    sizeBytes,
  };
}

function folderJson(
  { mailbox, address, account, messages }: SelectedMailbox,
  { root }: MomentView,
): object {
  const { name, path, uidValidity, uidNext } = mailbox;
  return {
    mailbox: address,
    name,
    ...pathJson(absoluteOf(root, path)),
    layout: account.layout,
    messages: messages.length,
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
