import {
  listIfThere,
  type Image,
  joinRawPath,
  type Listing,
  type RawName,
  type RawPath,
} from "#image";
import type { LayoutFinder } from "../layout-finder.ts";
import { dboxMailsName, mailboxesName, storageName } from "./dbox-account-files.ts";
import { isGuidName } from "./dbox-folders.ts";
import { openDboxAccount } from "./dbox-account.ts";

/** Folders below `mailboxes/` that are looked into for a `dbox-Mails`. */
const foldersTried = 64;

/**
 * Finds Dovecot's sdbox and mdbox: a folder with `mailboxes/` in it, and in that somewhere a
 * `dbox-Mails` or one named by a GUID. mdbox has `storage/` beside it.
 */
export const findDbox: LayoutFinder = async ({ image, path, listing, placesOf }) => {
  if (!hasFolder(listing, mailboxesName)) return undefined;
  const places = placesOf(path);
  const mailsName = places?.directoryName ?? dboxMailsName;
  if (!(await holdsMailbox(image, joinRawPath(path, mailboxesName), mailsName))) return undefined;
  const layout = hasFolder(listing, storageName) ? "mdbox" : "sdbox";
  return [
    await openDboxAccount(image, {
      layout,
      root: path,
      ...(places === undefined ? {} : { places }),
    }),
  ];
};

async function holdsMailbox(
  image: Image,
  mailboxes: RawPath,
  mailsName: RawName,
): Promise<boolean> {
  const waiting: RawPath[] = [mailboxes];
  for (let tried = 0; tried < foldersTried; tried++) {
    const path = waiting.shift();
    if (path === undefined) return false;
    const listing = await listIfThere(image, path);
    if (listing === undefined) continue;
    if (hasFolder(listing, mailsName)) return true;
    if (path === mailboxes && listing.names.some(isGuidName)) return true;
    for (const { name, type } of listing)
      if (type === "directory" && waiting.length < foldersTried)
        waiting.push(joinRawPath(path, name));
  }
  return false;
}

function hasFolder(listing: Listing, name: RawName): boolean {
  const index = listing.indexOf(name);
  return index >= 0 && listing.entry(index).type === "directory";
}
