/** What the journal says of one name: what capture compares the store with. */
import { createHash } from "node:crypto";
import { type Entry, type ExtendedAttribute, type RawName, type RawPath } from "#image";
import type { FileState } from "#journal";

/** Digests of a file's blocks, as they are in the journal. */
export type ContentDigests = {
  readonly blockBytes: number;
  /** `digestBytes` for each block, the last of which may be shorter. */
  readonly digests: Uint8Array;
};

export type ObservedFile = {
  readonly state: FileState;
  readonly sizeBytes: number;
  /** Absent where the content came with a copy, or is no file's. */
  readonly content?: ContentDigests;
  /** dbox: everything before is whole messages, which do not change any more. */
  readonly validatedBytes?: number;
};

/** A name as it is observed, with where it lies. */
export type ObservedEntry = ObservedFile & { readonly path: RawPath; readonly name: RawName };

export const digestBytes = 16;
const smallestBlock = 4096;
const mostBlocks = 1024;

/** Larger files have larger blocks, so that what is kept of a file stays small. */
export function blockBytesFor(sizeBytes: number): number {
  let block = smallestBlock;
  while (block * mostBlocks < sizeBytes) block *= 2;
  return block;
}

export function digestOf(block: Uint8Array): Uint8Array {
  return createHash("sha256").update(block).digest().subarray(0, digestBytes);
}

export function stateOf(entry: Entry, attributes: readonly ExtendedAttribute[]): FileState {
  const { type, mode, uid, gid, mtimeNs, ctimeNs, inode, links, linkTarget, device } = entry;
  return {
    type,
    mode,
    uid,
    gid,
    mtimeNs,
    ctimeNs,
    inode,
    links,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device }),
    ...(attributes.length === 0 ? {} : { extendedAttributes: attributes }),
  };
}

/** Whether two say the same of an inode, but for its size. */
export function isSameState(a: FileState, b: FileState): boolean {
  return (
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.inode === b.inode &&
    a.links === b.links &&
    hasSameRights(a, b) &&
    a.device === b.device
  );
}

/** What of a folder is kept: its times and links change with every file in it. */
export function hasSameRights(a: FileState, b: FileState): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.linkTarget === b.linkTarget &&
    sameAttributes(a.extendedAttributes ?? [], b.extendedAttributes ?? [])
  );
}

function sameAttributes(a: readonly ExtendedAttribute[], b: readonly ExtendedAttribute[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ name, value }, index) => {
    const other = b[index];
    return other?.name === name && Buffer.compare(value, other.value) === 0;
  });
}
