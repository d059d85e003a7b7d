import {
  displayPath,
  type Entry,
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
} from "#image";
import type { LookedAt } from "../layout-finder.ts";
import { isMaildirFolder } from "../maildir/maildir-find.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { MailAccount } from "../mail-store.ts";
import { decodeMailboxName } from "../mailbox-name.ts";
import { looksInside, type MboxFiles } from "./look-inside.ts";
import { type FoundMbox, openMboxAccount } from "./mbox-account.ts";

const depthLimit = 32;
const mailboxLimit = 100_000;
/** Names that mail programs give their mailboxes: with one of them a folder is a user's, no spool. */
const usualName =
  /^(?:in-?box|mbox|sent|sent[-_ ]?(?:mail|items|messages)|outbox|drafts?|postponed(?:-msgs)?|trash|deleted[-_ ](?:items|messages)|junk|spam|archives?|saved-messages|received|templates)$/i;
const spoolPath = /(?:^|\/)(?:var|spool)\/mail$/;
const domainName = /^[^.]+(?:\.[^.]+)+$/;

/**
 * Finds mboxes: a spool, in which each file is the INBOX of its own account, or a user's mail folder,
 * in which each file, and those in folders below it, is a mailbox of one account. Which of them it
 * is, is told by the path, the owners of the files, and what lies beside them.
 */
export async function findMboxes(folder: LookedAt): Promise<readonly MailAccount[] | undefined> {
  const { image, path, listing, problems, signal } = folder;
  const files = await looksInside(image, path, { listing, signal });
  const isDovecots = isDovecotFolder(listing);
  if (files.mboxes.length === 0 && !isDovecots) return undefined;
  if (await isSpool(image, path, { files, isDovecots })) {
    for (const { name } of subfolders(listing)) folder.lookBelow(joinRawPath(path, name));
    return openSpool(image, path, files);
  }
  const search = new MailFolderSearch(folder, isDovecots);
  await search.take({ path, listing, files, levels: [] });
  const { mboxes } = search;
  if (mboxes.length >= mailboxLimit)
    addProblem(problems, "index", `A mail folder has more than ${mailboxLimit} mailboxes`);
  return [openMboxAccount(image, { root: path, mboxes: inboxFirst(mboxes) })];
}

function openSpool(image: Image, path: RawPath, files: MboxFiles): readonly MailAccount[] {
  const { mboxes, damaged, empty, unreadable } = files;
  return [...mboxes, ...damaged, ...empty, ...unreadable].map(({ name }) => {
    const file = joinRawPath(path, name);
    return openMboxAccount(image, {
      root: file,
      mboxes: [{ name: "INBOX", path: file, problems: [] }],
    });
  });
}

/** Where Dovecot keeps the indexes of a mail folder, or what its owner subscribed to. */
function isDovecotFolder(listing: Listing): boolean {
  return (
    typeOf(listing, ".imap" as RawName) === "directory" ||
    typeOf(listing, ".subscriptions" as RawName) === "file"
  );
}

function typeOf(listing: Listing, name: RawName): Entry["type"] | undefined {
  const index = listing.indexOf(name);
  return index < 0 ? undefined : listing.entry(index).type;
}

type SpoolSigns = { readonly files: MboxFiles; readonly isDovecots: boolean };

async function isSpool(
  image: Image,
  path: RawPath,
  { files, isDovecots }: SpoolSigns,
): Promise<boolean> {
  if (spoolPath.test(path) || domainName.test(rawBaseName(path))) return files.mboxes.length > 0;
  if (isDovecots) return false;
  const { mboxes } = files;
  if (new Set(mboxes.map(({ uid }) => uid)).size > 1) return true;
  if (mboxes.some(({ name, user }) => user !== undefined && displayPath(name) === user))
    return true;
  if (mboxes.some(({ name }) => usualName.test(name))) return false;
  const owner = await ownerOf(image, path);
  return owner === undefined || owner === 0 || mboxes.some(({ uid }) => uid !== owner);
}

async function ownerOf(image: Image, path: RawPath): Promise<number | undefined> {
  if (path === "") return undefined;
  const listing = await image.list(rawParent(path));
  const index = listing.indexOf(rawBaseName(path));
  return index < 0 ? undefined : listing.uids[index];
}

function* subfolders(listing: Listing): IterableIterator<Entry> {
  for (let index = 0; index < listing.length; index++) {
    const entry = listing.entry(index);
    if (entry.type === "directory" && !entry.name.startsWith(".")) yield entry;
  }
}

type Folder = {
  readonly path: RawPath;
  readonly listing: Listing;
  readonly files: MboxFiles;
  /** Names from the mail folder down to this one. */
  readonly levels: readonly RawName[];
};

/** Goes through a mail folder for its mailboxes; leaves folders that are none of it to be looked at. */
class MailFolderSearch {
  readonly mboxes: FoundMbox[] = [];
  readonly #folder: LookedAt;
  readonly #isDovecots: boolean;

  constructor(folder: LookedAt, isDovecots: boolean) {
    this.#folder = folder;
    this.#isDovecots = isDovecots;
  }

  async take({ path, listing, files, levels }: Folder): Promise<void> {
    for (const entry of this.#mailboxesOf(files, path)) {
      if (this.mboxes.length >= mailboxLimit) return;
      const problems: MailProblem[] = [];
      const name = mailboxName([...levels, entry.name], problems);
      this.mboxes.push({ name, path: joinRawPath(path, entry.name), problems });
    }
    for (const { name } of subfolders(listing)) {
      const below = await this.#belongs(joinRawPath(path, name), [...levels, name]);
      if (below === undefined) this.#folder.lookBelow(joinRawPath(path, name));
      else await this.take(below);
    }
  }

  /** Whose list of mailboxes Dovecot makes takes in every file; else an empty one counts by its name. */
  #mailboxesOf(files: MboxFiles, path: RawPath): readonly Entry[] {
    const { mboxes, damaged, empty, unreadable } = files;
    if (this.#isDovecots) return [...mboxes, ...damaged, ...empty, ...unreadable];
    for (const { name } of unreadable)
      addProblem(
        this.#folder.problems,
        "unreadable",
        `${JSON.stringify(joinRawPath(path, name))} cannot be read: it may be a mailbox`,
      );
    return [...mboxes, ...empty.filter(({ name }) => usualName.test(name))];
  }

  /** A folder with mboxes in it, or with nothing but such folders. */
  async #belongs(path: RawPath, levels: readonly RawName[]): Promise<Folder | undefined> {
    const { image, problems, signal } = this.#folder;
    signal?.throwIfAborted();
    if (levels.length > depthLimit) return undefined;
    let listing: Listing;
    try {
      listing = await image.list(path, signal);
    } catch (error) {
      if (!isImageError(error)) throw error;
      addProblem(problems, "unreadable", error.message);
      return undefined;
    }
    if (isMaildirFolder(listing)) return undefined;
    // A folder with indexes of its own in one that has none is another account.
    if (isDovecotFolder(listing) && !this.#isDovecots) return undefined;
    const files = await looksInside(image, path, { listing, signal });
    const folder = { path, listing, files, levels };
    if (files.mboxes.length > 0 || (this.#isDovecots && isDovecotFolder(listing))) return folder;
    if (files.others > 0) return undefined;
    for (const { name } of subfolders(listing))
      if ((await this.#belongs(joinRawPath(path, name), [...levels, name])) !== undefined)
        return folder;
    return undefined;
  }
}

function mailboxName(levels: readonly RawName[], problems: MailProblem[]): string {
  const names = levels.map((raw) => {
    const decoded = decodeMailboxName(raw);
    if (decoded.problem !== undefined) addProblem(problems, "mailbox-name", decoded.problem);
    return decoded.name;
  });
  return names.join("/");
}

/** "inbox" at the top is INBOX, whichever way it is written. */
function inboxFirst(mboxes: readonly FoundMbox[]): readonly FoundMbox[] {
  const byName = mboxes.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const inbox = byName.find(({ name }) => name.toUpperCase() === "INBOX");
  if (inbox === undefined) return byName;
  return [{ ...inbox, name: "INBOX" }, ...byName.filter((mbox) => mbox !== inbox)];
}
