import { joinRawPath, type RawName, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { decodeMailboxName } from "../mailbox-name.ts";
import { type DboxAccountFiles, dboxMailsName, mailboxesName } from "./dbox-account-files.ts";

/** A mailbox by its place: `mailboxes/Archive/2024/dbox-Mails`. */
export type DboxFolder = {
  /** "INBOX", "Archive/2024". */
  readonly name: string;
  /** The folder `dbox-Mails`. */
  readonly path: RawPath;
  readonly problems: readonly MailProblem[];
};

/** Folders below folders; more than a server makes. */
const depthLimit = 32;

/**
 * Finds the mailboxes of an account: folders below `mailboxes/` with a `dbox-Mails` in them. With
 * LAYOUT=maildir++ they lie side by side, and dots stand between levels. INBOX first, then by name.
 */
export async function findDboxFolders(
  { image, root }: DboxAccountFiles,
  signal?: AbortSignal,
): Promise<readonly DboxFolder[]> {
  const found: { readonly levels: readonly string[]; readonly path: RawPath }[] = [];
  const waiting: { readonly levels: readonly string[]; readonly path: RawPath }[] = [
    { levels: [], path: joinRawPath(root, mailboxesName) },
  ];
  for (;;) {
    const folder = waiting.pop();
    if (folder === undefined) break;
    signal?.throwIfAborted();
    const listing = await image.list(folder.path, signal);
    for (const entry of listing) {
      if (entry.type !== "directory") continue;
      const path = joinRawPath(folder.path, entry.name);
      if (entry.name === dboxMailsName) found.push({ levels: folder.levels, path });
      else if (folder.levels.length < depthLimit)
        waiting.push({ levels: [...folder.levels, ...levelsOf(entry.name, folder.levels)], path });
    }
  }
  const areUtf8 = found.some(({ levels }) => levels.some(isUtf8));
  const folders = found.map(({ levels, path }) => {
    const problems: MailProblem[] = [];
    const name = mailboxName(levels, { areUtf8, problems });
    return { name, path, problems };
  });
  return folders.sort(inboxFirst);
}

/** A name at the top that starts with a dot is of Maildir++: `.Archive.2024`. */
function levelsOf(name: RawName, above: readonly string[]): readonly string[] {
  return above.length === 0 && name.startsWith(".") ? name.slice(1).split(".") : [name];
}

/** `areUtf8`: names of this account are stored as text, not as modified UTF-7. */
export function mailboxName(
  levels: readonly string[],
  { areUtf8, problems }: { readonly areUtf8: boolean; readonly problems: MailProblem[] },
): string {
  if (levels.length === 0) return "INBOX";
  const names = levels.map((raw) => {
    if (areUtf8 && (isUtf8(raw) || !/[^ -~]/.test(raw)))
      return Buffer.from(raw, "latin1").toString("utf8");
    const { name, problem } = decodeMailboxName(raw);
    if (problem !== undefined) addProblem(problems, "mailbox-name", problem);
    return name;
  });
  return names.join("/");
}

/** Bytes beyond ASCII, and what they are is text: modified UTF-7 has none. */
export function isUtf8(raw: string): boolean {
  if (!/[\x80-\xff]/.test(raw)) return false;
  const bytes = Buffer.from(raw, "latin1");
  return Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes);
}

function inboxFirst(a: DboxFolder, b: DboxFolder): number {
  if (a.name === b.name) return a.path < b.path ? -1 : 1;
  if (a.name === "INBOX") return -1;
  if (b.name === "INBOX") return 1;
  return a.name < b.name ? -1 : 1;
}
