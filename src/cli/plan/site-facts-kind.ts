import {
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  openDirectoryImage,
  rawBaseName,
  type RawName,
  type RawPath,
  rawPathFromText,
  rootPath,
} from "#image";
import { isMaildirFolder } from "#mail";
import type { MailServerId } from "#planner";

/** Mail servers that are told apart by what they leave in a store. */
export type StoreKind = Extract<
  MailServerId,
  "dovecot-maildir" | "dovecot-dbox" | "courier" | "cyrus" | "maildir" | "mbox"
>;

export type StoreKinds = {
  /** What there is most of; undefined where nothing looks like a store that is known. */
  readonly kind: StoreKind | undefined;
  /** All that was seen, with how many folders (of mbox: files). */
  readonly seen: ReadonlyMap<StoreKind, number>;
  readonly folders: number;
  /** False where a limit was reached or a folder could not be listed. */
  readonly complete: boolean;
};

export type StoreKindOptions = {
  readonly limits: { readonly folders: number; readonly ms: number };
  readonly clockMs: () => number;
  readonly signal: AbortSignal;
};

/** Looks at names, and at the first bytes of a few files. Throws ImageError when the folder itself cannot be listed. */
export async function findStoreKind(
  folder: string,
  options: StoreKindOptions,
): Promise<StoreKinds> {
  const { limits, clockMs, signal } = options;
  const endMs = clockMs() + limits.ms;
  await using image = await openDirectoryImage(rawPathFromText(folder));
  const seen = new Map<StoreKind, number>();
  // Breadth first: the first mailboxes say what the others are.
  const pending: RawPath[] = [rootPath];
  let folders = 0;
  let complete = true;
  for (const path of pending) {
    if (folders >= limits.folders || clockMs() > endMs) {
      complete = false;
      break;
    }
    const listing = await listingOf(image, path, signal);
    if (listing === undefined) {
      complete = false;
      continue;
    }
    folders++;
    const kind = kindOf(listing, path);
    if (kind === undefined) {
      const files = await mboxFiles({ image, path, listing, signal });
      if (files > 0) seen.set("mbox", (seen.get("mbox") ?? 0) + files);
    } else seen.set(kind, (seen.get(kind) ?? 0) + 1);
    for (const below of foldersBelow({ listing, path, kind })) {
      // One more than will be looked at: so the limit is noticed.
      if (pending.length > limits.folders) break;
      pending.push(below);
    }
  }
  return { kind: mostOf(seen), seen, folders, complete };
}

async function listingOf(
  image: Image,
  path: RawPath,
  signal: AbortSignal,
): Promise<Listing | undefined> {
  signal.throwIfAborted();
  try {
    return await image.list(path, signal);
  } catch (error) {
    // Mail goes on meanwhile; only the store itself must be there.
    if (path === rootPath || !isImageError(error)) throw error;
    return undefined;
  }
}

function kindOf(listing: Listing, path: RawPath): StoreKind | undefined {
  const has = (name: string): boolean => listing.indexOf(name as RawName) >= 0;
  if (has("cyrus.header") || has("cyrus.index")) return "cyrus";
  if (has("dbox-Mails")) return "dovecot-dbox";
  if (isStorage(listing, path)) return "dovecot-dbox";
  if (!isMaildirFolder(listing)) return undefined;
  // Who moved from Courier to Dovecot still has Courier's files.
  if (has("dovecot-uidlist")) return "dovecot-maildir";
  return has("courierimapuiddb") ? "courier" : "maildir";
}

/** The storage folder of mdbox: files m.1, m.2 … */
function isStorage(listing: Listing, path: RawPath): boolean {
  if (path === rootPath || rawBaseName(path) !== "storage") return false;
  for (let index = 0; index < Math.min(listing.length, mostNames); index++)
    if (/^m\.\d+$/.test(listing.entry(index).name)) return true;
  return false;
}

/** Names of one folder that are looked at. */
const mostNames = 1000;
/** Files of one folder whose first bytes are read. */
const mostReads = 200;
/** What they hold has no more folders for us, and Maildirs have very many files in them. */
const messageFolders: ReadonlySet<string> = new Set(["cur", "new", "tmp", "dbox-Mails"]);

function* foldersBelow(folder: {
  readonly listing: Listing;
  readonly path: RawPath;
  readonly kind: StoreKind | undefined;
}): Generator<RawPath> {
  const { listing, path, kind } = folder;
  for (let index = 0; index < listing.length; index++) {
    const { type, name } = listing.entry(index);
    if (type !== "directory") continue;
    if (kind === undefined || !messageFolders.has(name)) yield joinRawPath(path, name);
  }
}

/** Files that begin as an mbox does ("From "). */
async function mboxFiles(folder: {
  readonly image: Image;
  readonly path: RawPath;
  readonly listing: Listing;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { image, path, listing, signal } = folder;
  let files = 0;
  let reads = 0;
  for (let index = 0; index < Math.min(listing.length, mostNames); index++) {
    const { type, name, sizeBytes } = listing.entry(index);
    if (type !== "file" || sizeBytes < mboxStart.length) continue;
    if (++reads > mostReads) break;
    if (await beginsAsMbox({ image, path: joinRawPath(path, name), signal })) files++;
  }
  return files;
}

const mboxStart = "From ";

async function beginsAsMbox(file: {
  readonly image: Image;
  readonly path: RawPath;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { image, path, signal } = file;
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of image.read(path, { lengthBytes: mboxStart.length, signal }))
      pieces.push(piece);
  } catch (error) {
    if (!isImageError(error)) throw error;
    return false;
  }
  return Buffer.concat(pieces).toString("latin1") === mboxStart;
}

/** What only one server writes says more than a plain Maildir or an mbox, of which any store has some. */
const certain: readonly StoreKind[] = ["dovecot-maildir", "dovecot-dbox", "courier", "cyrus"];
const plain: readonly StoreKind[] = ["maildir", "mbox"];

function mostOf(seen: ReadonlyMap<StoreKind, number>): StoreKind | undefined {
  for (const kinds of [certain, plain]) {
    const [most] = kinds
      .filter((kind) => seen.has(kind))
      .toSorted((left, right) => (seen.get(right) ?? 0) - (seen.get(left) ?? 0));
    if (most !== undefined) return most;
  }
  return undefined;
}
