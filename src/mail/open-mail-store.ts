import { type Image, type RawPath, rootPath } from "#image";
import { type CyrusPlaces, CyrusSearch } from "./cyrus/cyrus-search.ts";
import type { LayoutFinder } from "./layout-finder.ts";
import type { MailProblem } from "./mail-problem.ts";
import type { MailAccount, MailStore } from "./mail-store.ts";
import { findMaildirs } from "./maildir/maildir-find.ts";
import { openMaildirAccount } from "./maildir/maildir-store.ts";

export type OpenMailStoreOptions = {
  /** Where to look, with all that lies below it. Default: the whole Image. */
  readonly root?: RawPath;
  /** Where parts of a store lie that are spread over the Image, where that is known. */
  readonly places?: { readonly cyrus?: CyrusPlaces };
  readonly signal?: AbortSignal;
};

/**
 * Opens all mail below `root`, whichever layout it has. Messages are not read yet. Throws ImageError
 * where `root` itself cannot be listed; folders below it that cannot be are problems.
 */
export async function openMailStore(
  image: Image,
  { root = rootPath, places = {}, signal }: OpenMailStoreOptions = {},
): Promise<MailStore> {
  const cyrus = new CyrusSearch(places.cyrus);
  // Asked in this order about every folder that is not a Maildir and lies in none.
  const finders: readonly LayoutFinder[] = [cyrus.look];
  const problems: MailProblem[] = [];
  const others: MailAccount[] = [];
  const found = await findMaildirs(image, root, {
    problems,
    signal,
    claim: async (folder) => {
      for (const finder of finders) {
        const accounts = await finder({ ...folder, image, problems, signal });
        if (accounts === undefined) continue;
        others.push(...accounts);
        return true;
      }
      return false;
    },
  });
  others.push(...(await cyrus.accounts({ image, problems, signal })));
  const accounts = [...found.map((account) => openMaildirAccount(image, account)), ...others];
  return { accounts: accounts.sort(byRoot), problems };
}

function byRoot(a: MailAccount, b: MailAccount): number {
  if (a.root !== b.root) return a.root < b.root ? -1 : 1;
  const [one = "", other = ""] = [a.owner, b.owner];
  return one < other ? -1 : one > other ? 1 : 0;
}
