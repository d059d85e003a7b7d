import { joinRawPath, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { decodeMailboxName } from "../mailbox-name.ts";
import { type DboxAccountFiles, mailboxesName } from "./dbox-account-files.ts";
import { readMailboxList } from "./mailbox-list.ts";

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

/** A folder of LAYOUT=index is named by the GUID of its mailbox. */
export function isGuidName(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}

type Place = { readonly levels: readonly string[]; readonly path: RawPath };

/**
 * Finds the mailboxes of an account: folders below `mailboxes/` with a `dbox-Mails` in them, and with
 * LAYOUT=index those named by a GUID. INBOX first, then by name.
 */
export async function findDboxFolders(
  files: DboxAccountFiles,
  signal?: AbortSignal,
): Promise<readonly DboxFolder[]> {
  const { image, root, mailsName } = files;
  const found: Place[] = [];
  const unnamed: { readonly guid: string; readonly path: RawPath }[] = [];
  const waiting: Place[] = [{ levels: [], path: joinRawPath(root, mailboxesName) }];
  for (;;) {
    const folder = waiting.pop();
    if (folder === undefined) break;
    signal?.throwIfAborted();
    const listing = await image.list(folder.path, signal);
    for (const entry of listing) {
      if (entry.type !== "directory") continue;
      const path = joinRawPath(folder.path, entry.name);
      if (entry.name === mailsName) found.push({ levels: folder.levels, path });
      else if (folder.levels.length === 0 && (await isNamedByGuid(files, path, entry.name)))
        unnamed.push({ guid: entry.name, path });
      else if (folder.levels.length < depthLimit)
        waiting.push({ levels: [...folder.levels, entry.name], path });
    }
  }
  const areUtf8 = found.some(({ levels }) => levels.some(isUtf8));
  const folders = found.map((place) => namedFolder(place, areUtf8));
  return [...folders, ...(await nameFolders(files, unnamed))].sort(inboxFirst);
}

async function isNamedByGuid(
  files: DboxAccountFiles,
  path: RawPath,
  name: string,
): Promise<boolean> {
  if (!isGuidName(name)) return false;
  // Somebody may call a mailbox so.
  return (await files.image.list(path)).indexOf(files.mailsName) < 0;
}

async function nameFolders(
  files: DboxAccountFiles,
  unnamed: readonly { readonly guid: string; readonly path: RawPath }[],
): Promise<readonly DboxFolder[]> {
  if (unnamed.length === 0) return [];
  const problems: MailProblem[] = [];
  const names = await readMailboxList(files, problems);
  const areUtf8 = [...names.values()].some((levels) => levels.some(isUtf8));
  return unnamed.map(({ guid, path }) => {
    const levels = names.get(guid);
    if (levels !== undefined) {
      const folder = namedFolder({ levels, path }, areUtf8);
      return { ...folder, problems: [...problems, ...folder.problems] };
    }
    const own = [...problems];
    addProblem(own, "mailbox-name", "The list of mailboxes has no name for it");
    return { name: guid, path, problems: own };
  });
}

function namedFolder({ levels, path }: Place, areUtf8: boolean): DboxFolder {
  const problems: MailProblem[] = [];
  return { name: mailboxName(levels, { areUtf8, problems }), path, problems };
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
