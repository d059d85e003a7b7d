import { type Image, isImageError, type Listing, rawParent, type RawPath, rootPath } from "#image";
import { findDbox } from "./dovecot/dbox-find.ts";
import type { DboxPlaces } from "./dovecot/dbox-places.ts";
import type { LayoutFinder, LookedAt } from "./layout-finder.ts";
import type { MailProblem } from "./mail-problem.ts";
import type { MailAccount, MailStore } from "./mail-store.ts";
import { findMaildirs, isMaildirFolder } from "./maildir/maildir-find.ts";
import { openMaildirAccount } from "./maildir/maildir-store.ts";
import { findMboxes } from "./mbox/find-mboxes.ts";

export type OpenMailStoreOptions = {
  /** Where to look, with all that lies below it. Default: the whole Image. */
  readonly root?: RawPath;
  /** Where an account of Dovecot keeps what is not in its mail folder; for a `root` that is one account. */
  readonly places?: DboxPlaces;
  readonly signal?: AbortSignal;
};

/** Asked in this order about every folder that is not a Maildir and lies in none. */
const finders: readonly LayoutFinder[] = [findDbox, findMboxes];

/**
 * Opens all mail below `root`, whichever layout it has. Messages are not read yet. Throws ImageError
 * where `root` itself cannot be listed; folders below it that cannot be are problems.
 */
export async function openMailStore(
  image: Image,
  { root = rootPath, places, signal }: OpenMailStoreOptions = {},
): Promise<MailStore> {
  const problems: MailProblem[] = [];
  const others: MailAccount[] = [];
  const found = await findMaildirs(image, root, {
    problems,
    signal,
    claim: async (folder) => {
      const below: RawPath[] = [];
      const lookBelow = (path: RawPath): void => void below.push(path);
      const accounts = await accountsOf({
        ...folder,
        image,
        places,
        problems,
        signal,
        lookBelow,
      });
      others.push(...(accounts ?? []));
      return accounts === undefined ? undefined : below;
    },
  });
  const accounts = [...found.map((account) => openMaildirAccount(image, account)), ...others];
  return { accounts: accounts.sort(byRoot), problems };
}

/**
 * The accounts that a file or folder is, or is a part of: one, or those that share a spool. Looks
 * upwards only, so that a large store is not walked for it. Empty where it is no mail.
 */
export async function openAccountsAround(
  image: Image,
  path: RawPath,
  signal?: AbortSignal,
): Promise<readonly MailAccount[]> {
  let outermost: RawPath | undefined;
  let others: readonly MailAccount[] = [];
  for (const folder of pathsUpwards(path)) {
    const listing = await listIfThere(image, folder, signal);
    if (listing === undefined) continue;
    if (isMaildirFolder(listing)) outermost = folder;
    else if (outermost === undefined) {
      const found = await accountsOf({
        image,
        path: folder,
        listing,
        places: undefined,
        problems: [],
        signal,
        lookBelow: () => undefined,
      });
      // A folder of mail may lie in a larger store: the outermost is what a server opens.
      const around = found?.filter(({ root }) => isWithin(path, root)) ?? [];
      if (around.length > 0) others = around;
    }
  }
  if (outermost === undefined) return others;
  const { accounts } = await openMailStore(image, {
    root: outermost,
    ...(signal === undefined ? {} : { signal }),
  });
  return accounts.filter(({ root }) => root === outermost);
}

async function accountsOf(folder: LookedAt): Promise<readonly MailAccount[] | undefined> {
  for (const finder of finders) {
    const accounts = await finder(folder);
    if (accounts !== undefined) return accounts;
  }
  return undefined;
}

function* pathsUpwards(path: RawPath): Iterable<RawPath> {
  let at = path;
  for (; at !== rootPath; at = rawParent(at)) yield at;
  yield rootPath;
}

function isWithin(path: RawPath, folder: RawPath): boolean {
  return folder === rootPath || path === folder || path.startsWith(`${folder}/`);
}

async function listIfThere(
  image: Image,
  path: RawPath,
  signal: AbortSignal | undefined,
): Promise<Listing | undefined> {
  try {
    return await image.list(path, signal);
  } catch (error) {
    const isAbsent =
      isImageError(error) &&
      (error.code === "image.not-found" || error.code === "image.not-a-folder");
    if (isAbsent) return undefined;
    throw error;
  }
}

function byRoot(a: MailAccount, b: MailAccount): number {
  if (a.root !== b.root) return a.root < b.root ? -1 : 1;
  const [one = "", other = ""] = [a.owner, b.owner];
  return one < other ? -1 : one > other ? 1 : 0;
}
