import {
  type Entry,
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  ListingBuilder,
  type RawName,
  type RawPath,
  statModeOf,
} from "#image";
import { isMaildirFolder } from "#mail";
import { messageNameOf } from "./message-name.ts";
import { isPartialName } from "./staging.ts";
import { isUndoName } from "./undo-folder.ts";

/** A message file of a Maildir++ tree. */
export type MailboxMessage = {
  readonly path: RawPath;
  /** The Maildir folder, above cur and new. */
  readonly folder: RawPath;
  /** The same below the mailbox's root: "" is the inbox. */
  readonly below: string;
  readonly part: "cur" | "new";
  readonly name: RawName;
  /** The name without flags: a hint at who it is, no proof. */
  readonly base: string;
  readonly sizeBytes: number;
  readonly entry: () => Entry;
};

/** A Maildir and the folders below it: what one user sees as a mailbox. */
export type Mailbox = {
  readonly image: Image;
  readonly root: RawPath;
  readonly messages: readonly MailboxMessage[];
  /** The Maildir folders in it, `root` first. */
  readonly folders: ReadonlySet<RawPath>;
};

const folderMode = statModeOf({ type: "directory", mode: 0 });
const fileMode = statModeOf({ type: "file", mode: 0 });

/** Names in cur and new that begin with a dot are no messages (maildir(5)). */
export function isMessageEntry(name: string, statMode: number): boolean {
  return (statMode & 0o170000) === fileMode && !name.startsWith(".");
}

export type ReadMailboxOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Pass over folders that cannot be listed. Only where somebody else reports them and nothing is removed. */
  readonly skipUnlistable?: boolean;
};

function isPart(name: string): name is RawName & ("cur" | "new") {
  return name === "cur" || name === "new";
}

/** Every message of the mailbox at `root`. Throws what `list` throws: a failed listing is never an empty one. */
export async function readMailbox(
  image: Image,
  root: RawPath,
  options: ReadMailboxOptions = {},
): Promise<Mailbox> {
  const list = async (path: RawPath): Promise<Listing> => {
    try {
      return await image.list(path, options.signal);
    } catch (error) {
      if (options.skipUnlistable !== true || !isImageError(error)) throw error;
      return new ListingBuilder().build();
    }
  };
  const messages: MailboxMessage[] = [];
  const folders = new Set<RawPath>();
  const stack: RawPath[] = [root];
  for (let folder = stack.pop(); folder !== undefined; folder = stack.pop()) {
    const listing = await list(folder);
    const isOne = isMaildirFolder(listing);
    if (isOne) folders.add(folder);
    for (const [index, name] of listing.names.entries()) {
      if (((listing.modes[index] as number) & 0o170000) !== folderMode) continue;
      if (isPartialName(name) || isUndoName(name)) continue;
      const path = joinRawPath(folder, name);
      if (isOne && isPart(name)) {
        collect(messages, { root, folder, part: name, listing: await list(path) });
      } else if (!isOne || name !== "tmp") {
        stack.push(path);
      }
    }
  }
  return { image, root, messages, folders };
}

function collect(
  messages: MailboxMessage[],
  {
    root,
    folder,
    part,
    listing,
  }: {
    readonly root: RawPath;
    readonly folder: RawPath;
    readonly part: "cur" | "new";
    readonly listing: Listing;
  },
): void {
  const below = folder.slice(root === "" || folder === root ? root.length : root.length + 1);
  const prefix = `${joinRawPath(folder, part as RawName)}/`;
  for (const [index, name] of listing.names.entries()) {
    if (!isMessageEntry(name, listing.modes[index] as number)) continue;
    messages.push({
      path: (prefix + name) as RawPath,
      folder,
      below,
      part,
      name,
      base: messageNameOf(name).base,
      sizeBytes: listing.sizes[index] as number,
      entry: () => listing.entry(index),
    });
  }
}

/** The mailbox that a folder (or cur, new, a folder of it) belongs to: the highest Maildir at most three steps up. */
export async function enclosingMailbox(
  path: RawPath,
  isMaildirAt: (path: RawPath) => Promise<boolean>,
): Promise<RawPath | undefined> {
  let found: RawPath | undefined;
  let at: RawPath = path;
  for (let step = 0; step < 3; step++) {
    if (await isMaildirAt(at)) found = at;
    if (at === "" || at === "/") break;
    const slash = at.lastIndexOf("/");
    at = (slash <= 0 ? (at.startsWith("/") ? "/" : "") : at.slice(0, slash)) as RawPath;
  }
  return found;
}
