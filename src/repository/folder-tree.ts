/** From a folder whose content is known to its tree and its section of the scan cache. */
import {
  type Entry,
  type ExtendedAttribute,
  type Image,
  type RawName,
  joinRawPath,
  readExtendedAttributes,
} from "#image";
import type { CaptureFrame } from "./capture-frame.ts";
import type { ContentStore } from "./content-store.ts";
import { type FolderState, flagAttributes, flagBare, flagIncomplete } from "./scan-cache.ts";
import { encodeNode, encodeTree, nodeRecordOf } from "./tree.ts";

export type FolderTreeOptions = {
  readonly image: Image;
  readonly store: ContentStore;
  /** Trees of the subfolders by the position of their entry. */
  readonly subtrees: ReadonlyMap<number, Uint8Array>;
};

export async function storeFolderTree(
  frame: CaptureFrame,
  options: FolderTreeOptions,
): Promise<FolderState> {
  const { listing } = frame;
  const nodes: string[] = [];
  const idEnds = new Uint32Array(listing.length);
  const ids: Uint8Array[] = [];
  let end = 0;
  for (let at = 0; at < listing.length; at++) {
    const content = options.subtrees.get(at) ?? frame.contents[at];
    if (content !== undefined) {
      ids.push(content);
      end += content.length / 32;
    }
    idEnds[at] = end;
    if (frame.dropped.has(at)) {
      frame.flags[at] = flagIncomplete;
      continue;
    }
    const attributes = needsAttributes(frame, at)
      ? await readAttributes(frame, { at, image: options.image })
      : noAttributes;
    nodes.push(encodeEntry(listing.entry(at), { content, attributes }));
  }
  const treeId = await options.store.addBlob(encodeTree(nodes), "tree");
  return { treeId, listing, flags: frame.flags, idEnds, ids: Buffer.concat(ids) };
}

const noAttributes: readonly ExtendedAttribute[] = [];

type EntryContent = {
  readonly content: Uint8Array | undefined;
  readonly attributes: readonly ExtendedAttribute[];
};

function encodeEntry(entry: Entry, { content, attributes }: EntryContent): string {
  const hex = content === undefined ? "" : bytesToHex(content);
  if (entry.type === "directory")
    return encodeNode(nodeRecordOf(entry, { subtree: hex, attributes }));
  if (entry.type !== "file") return encodeNode(nodeRecordOf(entry, { attributes }));
  const blobs: string[] = [];
  for (let from = 0; from < hex.length; from += 64) blobs.push(hex.slice(from, from + 64));
  return encodeNode(nodeRecordOf(entry, { blobs, attributes }));
}

function bytesToHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** An unchanged entry without attributes still has none: setting one moves ctime. */
function needsAttributes(frame: CaptureFrame, at: number): boolean {
  const flags = frame.flags[at] as number;
  if ((flags & flagBare) !== 0) return false;
  return frame.comparison.same[at] !== 1 || (flags & flagAttributes) !== 0;
}

async function readAttributes(
  frame: CaptureFrame,
  { at, image }: { readonly at: number; readonly image: Image },
): Promise<readonly ExtendedAttribute[]> {
  const flags = frame.flags[at] as number;
  const path = joinRawPath(frame.path, frame.listing.names[at] as RawName);
  if (image.local === undefined) {
    const attributes = await image.extendedAttributes(path);
    if (attributes.length > 0) frame.flags[at] = flags | flagAttributes;
    return attributes;
  }
  const attributes = readExtendedAttributes(joinRawPath(image.local.root, path));
  if (attributes.length > 0) frame.flags[at] = flags | flagAttributes;
  // Renamed since its content was read: it will have them under its new name next time.
  else if ((flags & flagAttributes) !== 0) frame.flags[at] = flags | flagIncomplete;
  return attributes;
}
