/** Knowing a file again by its inode: under another name, or as a copy has it. */
import type { Entry, RawPath } from "#image";
import type { ObservedEntry } from "./state/observed-file.ts";
import type { ObservedState } from "./state/observed-state.ts";

export type OtherName = {
  readonly entry: ObservedEntry;
  /** It was renamed; otherwise the name is a link more. */
  readonly isGone: boolean;
};

export type OtherNameParts = {
  readonly state: ObservedState;
  /** What is there now; "unseen" where that cannot be told. */
  readonly look: (path: RawPath) => Entry | undefined | "unseen";
  /** Whether what is at one path can be the file that was known at the other. */
  readonly mayBeOne: (path: RawPath, known: RawPath) => boolean;
  /** Asked before a name is taken for gone. */
  readonly mayRemove: (path: RawPath) => boolean;
};

/** The same file under a name that is known: one that is gone, or else one that is still there. */
export function otherName(
  path: RawPath,
  entry: Entry,
  { state, look, mayBeOne, mayRemove }: OtherNameParts,
): OtherName | undefined {
  let linked: ObservedEntry | undefined;
  const isFolder = entry.type === "directory";
  for (const known of state.withInode(entry.inode)) {
    if (known.path === path || known.state.type !== entry.type) continue;
    // Its inode may be that of a clone.
    if (state.hasInodesOfCopy && known.content === undefined) continue;
    if (path.startsWith(`${known.path}/`) || known.path.startsWith(`${path}/`)) continue;
    const { mtimeNs } = known.state;
    const isSame = known.sizeBytes === entry.sizeBytes && mtimeNs === entry.mtimeNs;
    if (!isFolder && !isSame) continue;
    if (!mayBeOne(path, known.path)) continue;
    const now = look(known.path);
    if (now === "unseen") continue;
    // A folder is known by its inode alone: where another has its place, it may be a new one.
    if (isFolder && now !== undefined) continue;
    if (now?.inode === entry.inode) linked ??= known;
    else if (mayRemove(known.path)) return { entry: known, isGone: true };
  }
  return linked === undefined ? undefined : { entry: linked, isGone: false };
}

/** The same file as in the copy that the state was filled from, which was made of a clone of the store. */
export function isAsCopied(
  entry: Entry,
  { state: before, sizeBytes, content }: ObservedEntry,
  state: ObservedState,
): boolean {
  const isSame = sizeBytes === entry.sizeBytes && before.mtimeNs === entry.mtimeNs;
  return state.hasInodesOfCopy && content === undefined && before.type === entry.type && isSame;
}
