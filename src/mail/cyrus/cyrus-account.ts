import { displayPath, isImageError, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { MailAccount, StoredMailbox, Subscriptions } from "../mail-store.ts";
import { parseIndexHeader } from "./cyrus-index.ts";
import {
  type CyrusName,
  levelMark,
  ownerOf,
  parseInternalName,
  parseKeyName,
  shownName,
} from "./cyrus-name.ts";
import {
  type CyrusSpool,
  foldersOfMailbox,
  type KnownMailbox,
  locateMailbox,
  rootOf,
  userFiles,
} from "./cyrus-spool.ts";
import { readDatabase } from "./database.ts";
import { fileIn, headerLimitBytes, readIfThere } from "./mailbox-folder.ts";
import { readCyrusMessages } from "./cyrus-messages.ts";

export type CyrusAccountOptions = {
  /** Undefined: what belongs to no user. */
  readonly owner: string | undefined;
  readonly mailboxes: readonly KnownMailbox[];
};

/** The mailboxes of one owner of one Cyrus, or those that are shared. */
export function openCyrusAccount(
  spool: CyrusSpool,
  { owner, mailboxes }: CyrusAccountOptions,
): MailAccount {
  const { image, options } = spool;
  // An owner's own state stands in the index; of what nobody owns, each user's in a file of theirs.
  const seenFiles =
    owner === undefined && options.seenBy !== undefined
      ? userFiles(spool, options.seenBy, "seen")
      : [];
  return {
    layout: "cyrus",
    root: rootOf(spool),
    ...(owner === undefined ? {} : { owner }),
    mailboxes: async (signal) => {
      const stored: StoredMailbox[] = [];
      for (const mailbox of mailboxes) {
        signal?.throwIfAborted();
        stored.push(await readMailbox(spool, mailbox, { seenFiles, signal }));
      }
      return stored.toSorted(byName);
    },
    messages: (mailbox, signal) =>
      readCyrusMessages(spool, { path: mailbox.path, seenFiles, signal }),
    read: (message, readOptions) => image.read(message.path, readOptions),
    subscriptions: (signal) =>
      owner === undefined
        ? Promise.resolve({ names: [], problems: [] })
        : readSubscriptions(spool, owner, signal),
  };
}

function byName(a: StoredMailbox, b: StoredMailbox): number {
  if (a.name === b.name) return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
  if (a.name === "INBOX" || b.name === "INBOX") return a.name === "INBOX" ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

async function readMailbox(
  spool: CyrusSpool,
  mailbox: KnownMailbox,
  {
    seenFiles,
    signal,
  }: { readonly seenFiles: readonly RawPath[]; readonly signal: AbortSignal | undefined },
): Promise<StoredMailbox> {
  const problems: MailProblem[] = [];
  const { path, indexStart } = await locateMailbox(spool, mailbox, { problems, signal });
  const header = indexStart === undefined ? undefined : parseIndexHeader(indexStart);
  if (indexStart !== undefined && header === undefined)
    addProblem(
      problems,
      "index",
      `The header of "${displayPath(fileIn(path, "cyrus.index"))}" is damaged`,
    );
  const uidValidity = header?.uidValidity ?? mailbox.uidValidity;
  return {
    name: nameOf(mailbox, problems),
    path,
    ...(uidValidity === undefined ? {} : { uidValidity }),
    ...(header === undefined
      ? {}
      : { uidNext: header.lastUid + 1, highestModseq: header.highestModseq }),
    ...(mailbox.uniqueId === undefined ? {} : { guid: mailbox.uniqueId }),
    dependsOn: [
      ...foldersOfMailbox(spool, path),
      ...(header?.sharesSeen === true ? [] : seenFiles),
    ],
    problems,
  };
}

function nameOf({ name, uniqueId, paths }: KnownMailbox, problems: MailProblem[]): string {
  if (name === undefined) {
    addProblem(problems, "mailbox-name", "Nothing that is left says what this mailbox was called");
    return `Unnamed/${uniqueId ?? displayPath(paths[0] ?? ("" as RawPath))}`;
  }
  const shown = shownName(name);
  if (shown.problem !== undefined) addProblem(problems, "mailbox-name", shown.problem);
  return shown.name;
}

async function readSubscriptions(
  spool: CyrusSpool,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<Subscriptions> {
  const problems: MailProblem[] = [];
  const names: string[] = [];
  for (const path of userFiles(spool, owner, "sub")) {
    try {
      const bytes = await readIfThere(spool.image, path, { limitBytes: headerLimitBytes, signal });
      if (bytes === undefined) continue;
      const { records, problems: found } = readDatabase(bytes);
      for (const problem of found) addProblem(problems, "subscriptions", problem);
      const isKeyed = records.some(({ key }) => key === `${levelMark}VER${levelMark}`);
      for (const { key } of records) {
        if (key.startsWith(levelMark)) continue;
        const name = subscribedName(key, { owner, isKeyed });
        if (name === undefined)
          addProblem(problems, "subscriptions", "The name of a subscription cannot be read");
        else names.push(name);
      }
    } catch (error) {
      if (!isImageError(error)) throw error;
      addProblem(problems, "subscriptions", error.message);
    }
    break;
  }
  return { names: names.toSorted(), problems };
}

const ownInbox = "NINBOX";

/** Since 3.6 a letter N, and "INBOX" for the owner's own; before, an internal name. */
function subscribedName(
  key: string,
  { owner, isKeyed }: { readonly owner: string; readonly isKeyed: boolean },
): string | undefined {
  if (isKeyed && (key === ownInbox || key.startsWith(ownInbox + levelMark))) {
    const name = parseKeyName(["user", `owner${key.slice(ownInbox.length)}`].join(levelMark));
    return name === undefined ? undefined : shownName(name).name;
  }
  const name: CyrusName | undefined = isKeyed ? parseKeyName(key.slice(1)) : parseInternalName(key);
  if (name === undefined) return undefined;
  const whose = ownerOf(name);
  if (whose === owner) return shownName(name).name;
  // As Cyrus names them by default (userprefix, sharedprefix).
  const { name: shown } = shownName({ folders: name.folders });
  return whose === undefined
    ? `Shared Folders/${shown}`
    : ["Other Users", whose, ...(shown === "" ? [] : [shown])].join("/");
}
