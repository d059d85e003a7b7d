import {
  listIfThere,
  type Image,
  isImageError,
  isWithin,
  rawParent,
  type RawPath,
  rootPath,
} from "#image";
import { AccountSearch } from "./account-search.ts";
import type { MailPlaces } from "./mail-places.ts";
import { addProblem, type MailProblem } from "./mail-problem.ts";
import type { MailAccount, MailStore } from "./mail-store.ts";
import { type PlacesOf, placesByFacts } from "./places/account-places.ts";
import { findMaildirs, isMaildirFolder } from "./maildir/maildir-find.ts";
import { openMaildirAccount } from "./maildir/maildir-store.ts";

export type OpenMailStoreOptions = {
  /** Where to look, with all that lies below it. Default: the whole Image. */
  readonly root?: RawPath;
  readonly places?: MailPlaces;
  readonly signal?: AbortSignal;
};

/**
 * Opens all mail below `root`, whichever layout it has. Messages are not read yet. Throws ImageError
 * where `root` itself cannot be listed; folders below it that cannot be are problems.
 */
export async function openMailStore(
  image: Image,
  { root = rootPath, places, signal }: OpenMailStoreOptions = {},
): Promise<MailStore> {
  const problems: MailProblem[] = [];
  const placesOf = await knownPlaces(image, { given: places, problems, signal });
  const search = new AccountSearch({ image, places, placesOf, problems, signal });
  const found = await findMaildirs(image, root, {
    problems,
    signal,
    claim: (folder) => search.look(folder),
  });
  const maildirs = found.map((account) =>
    openMaildirAccount(image, account, placesOf(account.root)),
  );
  const accounts = [...maildirs, ...(await search.accounts())];
  const parts = new Set(accounts.flatMap(({ alsoIn = [] }) => alsoIn));
  return { accounts: accounts.filter(({ root: at }) => !parts.has(at)).sort(byRoot), problems };
}

/** As they were given, else as the server's configuration had them when the Image was taken. */
async function knownPlaces(
  image: Image,
  {
    given,
    problems,
    signal,
  }: {
    readonly given: MailPlaces | undefined;
    readonly problems: MailProblem[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<PlacesOf> {
  if (given?.dovecot !== undefined) return () => given.dovecot;
  const nowhere: PlacesOf = () => undefined;
  try {
    const facts = await image.serverFacts?.(signal);
    return facts === undefined ? nowhere : placesByFacts(facts);
  } catch (error) {
    if (!isImageError(error)) throw error;
    const message = `Where the server kept its indexes cannot be read: ${error.message}`;
    addProblem(problems, "unreadable", message);
    return nowhere;
  }
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
  const options = signal === undefined ? {} : { signal };
  const placesOf = await knownPlaces(image, { given: undefined, problems: [], signal });
  let outermost: RawPath | undefined;
  let around: readonly MailAccount[] = [];
  let isCyrus = false;
  for (const folder of pathsUpwards(path)) {
    const listing = await listIfThere(image, folder, signal);
    if (listing === undefined) continue;
    if (isMaildirFolder(listing)) outermost = folder;
    else if (outermost === undefined) {
      const search = new AccountSearch({ image, placesOf, problems: [], signal });
      if ((await search.look({ path: folder, listing })) === undefined) continue;
      isCyrus ||= search.hasCyrus;
      // Whose a Cyrus spool is cannot be told from within: looking at all of it would be in vain.
      if (search.hasCyrus) continue;
      const found = (await search.accounts()).filter(({ root }) => isWithin(path, root));
      // A folder of mail may lie in a larger store: the outermost is what a server opens.
      if (found.length > 0) around = found;
    }
  }
  // What says it lies elsewhere: there is no way to it but all of the Image.
  if (isCyrus) {
    const places = { cyrus: { around: path } };
    const { accounts } = await openMailStore(image, { ...options, places });
    return accounts.filter(({ layout, root }) => layout === "cyrus" && isWithin(path, root));
  }
  if (outermost === undefined) return around;
  const { accounts } = await openMailStore(image, { ...options, root: outermost });
  return accounts.filter(({ root }) => root === outermost);
}

function* pathsUpwards(path: RawPath): Iterable<RawPath> {
  let at = path;
  for (; at !== rootPath; at = rawParent(at)) yield at;
  yield rootPath;
}

function byRoot(a: MailAccount, b: MailAccount): number {
  if (a.root !== b.root) return a.root < b.root ? -1 : 1;
  const [one = "", other = ""] = [a.owner, b.owner];
  return one < other ? -1 : one > other ? 1 : 0;
}
