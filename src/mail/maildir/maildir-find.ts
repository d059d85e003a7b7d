import { type Image, joinRawPath, type Listing, type RawName, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";

/** A mailbox owner's Maildirs: the inbox, and the folders in or below it. */
export type FoundAccount = {
  readonly root: RawPath;
  /** Maildirs, relative to the root, ascending; "" is the inbox itself. */
  readonly folders: readonly RawPath[];
};

/** Folders below folders; more than a server makes, less than a loop of them needs. */
const depthLimit = 32;
const reservedNames: ReadonlySet<string> = new Set(["cur", "new", "tmp"]);

/** Whether this is the listing of a Maildir: `cur` and `new` are folders. (`tmp` holds no mail and may be left out of a copy.) */
export function isMaildirFolder(listing: Pick<Listing, "indexOf" | "entry">): boolean {
  return isFolder(listing, "cur") && isFolder(listing, "new");
}

function isFolder(listing: Pick<Listing, "indexOf" | "entry">, name: string): boolean {
  const index = listing.indexOf(name as RawName);
  return index >= 0 && listing.entry(index).type === "directory";
}

type Folder = {
  readonly path: RawPath;
  readonly depth: number;
  /** The account whose Maildir lies above, if one does. */
  readonly account: AccountBuilder | undefined;
};

type AccountBuilder = { readonly root: RawPath; readonly folders: RawPath[] };

export type FindMaildirsOptions = {
  readonly problems: MailProblem[];
  /**
   * Whether a folder that is no Maildir and lies in none is mail of another layout: then nothing
   * below it is looked at but the folders that are returned.
   */
  readonly claim?: (folder: {
    readonly path: RawPath;
    readonly listing: Listing;
  }) => Promise<readonly RawPath[] | undefined>;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Finds every Maildir below the root. One whose name starts with "." belongs to the folder it
 * lies in (Maildir++), one below another to that (Dovecot's LAYOUT=fs), any other is an
 * account of its own. Never lists the `cur`, `new` and `tmp` of one, never follows a symbolic link.
 */
export async function findMaildirs(
  image: Image,
  root: RawPath,
  { problems, claim, signal }: FindMaildirsOptions,
): Promise<readonly FoundAccount[]> {
  const accounts = new Map<RawPath, AccountBuilder>();
  const accountAt = (path: RawPath): AccountBuilder => {
    const account = accounts.get(path) ?? { root: path, folders: [] };
    accounts.set(path, account);
    return account;
  };
  const waiting: Folder[] = [{ path: root, depth: 0, account: undefined }];
  for (;;) {
    const folder = waiting.pop();
    if (folder === undefined) break;
    signal?.throwIfAborted();
    const listing = await listOrComplain(image, folder, { isRoot: folder.path === root, problems });
    if (listing === undefined) continue;
    let account = folder.account;
    if (isMaildirFolder(listing)) {
      account ??= accountAt(ownerOf(folder.path, root));
      account.folders.push(relativeTo(account.root, folder.path));
    } else if (account === undefined) {
      const below = await claim?.({ path: folder.path, listing });
      if (below !== undefined) {
        for (const path of below)
          waiting.push({ path, depth: folder.depth + 1, account: undefined });
        continue;
      }
    }
    const isWayDown = account === undefined && isNoPartOfMaildir(listing);
    for (let index = listing.length - 1; index >= 0; index--) {
      const entry = listing.entry(index);
      if (entry.type !== "directory") continue;
      if (!isWayDown && reservedNames.has(entry.name)) continue;
      waiting.push({
        path: joinRawPath(folder.path, entry.name),
        depth: folder.depth + 1,
        account,
      });
    }
  }
  const found = [...accounts.values()];
  for (const account of found) account.folders.sort(compareRaw);
  return found.toSorted((a, b) => compareRaw(a.root, b.root));
}

/** One folder alone that is called "tmp" or "new" may be on the way to a store: the system's /tmp is. */
function isNoPartOfMaildir(listing: Listing): boolean {
  return listing.names.filter((name) => reservedNames.has(name)).length < 2;
}

/** The folder itself (`~/.maildir` too), or the one around a Maildir++ folder that has no inbox beside it. */
function ownerOf(path: RawPath, root: RawPath): RawPath {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  const isDotted = name.startsWith(".") && name.toLowerCase() !== ".maildir" && path !== root;
  return (isDotted ? path.slice(0, Math.max(slash, 0)) : path) as RawPath;
}

function relativeTo(root: RawPath, path: RawPath): RawPath {
  if (root === "") return path;
  return path.slice(root.length + 1) as RawPath;
}

async function listOrComplain(
  image: Image,
  folder: Folder,
  { isRoot, problems }: { readonly isRoot: boolean; readonly problems: MailProblem[] },
): Promise<Listing | undefined> {
  if (folder.depth > depthLimit) {
    addProblem(problems, "too-deep", `Folders below "${shown(folder.path)}" are nested too deeply`);
    return undefined;
  }
  try {
    return await image.list(folder.path);
  } catch (error) {
    // The top must be there; one folder among many must not hide the others.
    if (isRoot) throw error;
    addProblem(problems, "unreadable", messageOf(error));
    return undefined;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shown(path: RawPath): string {
  return JSON.stringify(path).slice(1, -1);
}

function compareRaw(a: RawPath, b: RawPath): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
