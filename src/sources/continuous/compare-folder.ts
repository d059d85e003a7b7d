/** Compares one folder of the store with what is observed, and asks for a look at what differs. */
import { isImageError, joinRawPath, type Listing, type RawName, type RawPath, Turns } from "#image";
import type { ObservedEntry } from "./state/observed-file.ts";
import type { ObservedState } from "./state/observed-state.ts";
import { isMaildirTemporary, isPassing, type StoreFiles } from "./store-files.ts";
import type { Origin, WorkQueue } from "./work-queue.ts";

export type CompareFolderParts = {
  readonly state: ObservedState;
  readonly files: StoreFiles;
  readonly queue: WorkQueue;
  readonly isOpen: (path: RawPath) => boolean;
  readonly onProblem: (path: RawPath, error: Error) => void;
  /** Called where a folder has nothing in it now and had something: false where that cannot be. */
  readonly mayBeEmpty: (path: RawPath) => boolean;
};

export type ComparedFolder = {
  /** Folders in it that are known and there, ascending. */
  readonly folders: readonly RawPath[];
  readonly entries: number;
};

const formatBits = 0o170000;
const folderFormat = 0o040000;

export async function compareFolder(
  path: RawPath,
  origin: Origin,
  parts: CompareFolderParts,
): Promise<ComparedFolder> {
  const { state, files, queue, isOpen, onProblem, mayBeEmpty } = parts;
  const nothing: ComparedFolder = { folders: [], entries: 0 };
  const has = (one: RawPath): boolean => state.has(one);
  if (!isOpen(path) || isMaildirTemporary(path, has)) return nothing;
  let listing: Listing | undefined;
  try {
    listing = await files.list(path);
  } catch (error) {
    if (!isImageError(error)) throw error;
    onProblem(path, error);
    return nothing;
  }
  if (listing === undefined || !state.has(path)) {
    if (path !== "") queue.addName(path, { origin, below: true });
    else mayBeEmpty(path);
    return nothing;
  }
  if (listing.length === 0 && !state.isEmpty(path) && !mayBeEmpty(path)) return nothing;
  return {
    folders: await compareNames(path, origin, { ...parts, listing }),
    entries: listing.length,
  };
}

async function compareNames(
  folder: RawPath,
  origin: Origin,
  { state, queue, isOpen, listing }: CompareFolderParts & { readonly listing: Listing },
): Promise<readonly RawPath[]> {
  const turns = new Turns();
  const folders: RawPath[] = [];
  const known = state.each(folder);
  let next = known.next();
  for (let index = 0; index < listing.length; index++) {
    if (turns.isDue) await turns.give();
    const name = listing.names[index] as RawName;
    for (; next.done !== true && next.value.name < name; next = known.next())
      queue.addName(next.value.path, { origin });
    let before: ObservedEntry | undefined;
    if (next.done !== true && next.value.name === name) {
      before = next.value;
      next = known.next();
    }
    const path = joinRawPath(folder, name);
    const isFolder = ((listing.modes[index] as number) & formatBits) === folderFormat;
    if (!isOpen(path) || (!isFolder && isPassing(path))) continue;
    if (before === undefined || !looksSame(before, listing, index)) queue.addName(path, { origin });
    if (before !== undefined && isFolder && before.state.type === "directory") folders.push(path);
  }
  for (; next.done !== true; next = known.next()) queue.addName(next.value.path, { origin });
  return folders;
}

function looksSame({ state, sizeBytes }: ObservedEntry, listing: Listing, index: number): boolean {
  const isFolder = state.type === "directory";
  const mode = listing.modes[index] as number;
  return (
    state.inode === listing.inodes[index] &&
    state.ctimeNs === listing.ctimesNs[index] &&
    state.mode === (mode & 0o7777) &&
    state.uid === listing.uids[index] &&
    state.gid === listing.gids[index] &&
    isFolder === ((mode & formatBits) === folderFormat) &&
    (isFolder ||
      (sizeBytes === listing.sizes[index] &&
        state.mtimeNs === listing.mtimesNs[index] &&
        state.links === listing.links[index]))
  );
}
