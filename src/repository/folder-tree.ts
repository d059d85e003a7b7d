/** From a folder whose content is known to its tree and its section of the scan cache. */
import {
  type ExtendedAttribute,
  type Image,
  type RawName,
  joinRawPath,
  readExtendedAttributes,
} from "#image";
import type { CaptureFrame } from "./capture-frame.ts";
import type { ContentStore } from "./content-store.ts";
import { isFileMode } from "./compare-folder.ts";
import {
  type FolderState,
  type ScannedFolder,
  flagAttributes,
  flagBare,
  flagIncomplete,
} from "./scan-cache.ts";
import type { TreeEncoder } from "./tree-encoder.ts";

const idBytes = 32;

export type FolderTreeOptions = {
  readonly image: Image;
  readonly store: ContentStore;
  readonly encoder: TreeEncoder;
  /** Trees of the subfolders by the position of their entry. */
  readonly subtrees: ReadonlyMap<number, Uint8Array>;
};

export async function storeFolderTree(
  frame: CaptureFrame,
  options: FolderTreeOptions,
): Promise<FolderState> {
  const { listing, dropped } = frame;
  const attributes = new Map<number, readonly ExtendedAttribute[]>();
  for (let at = 0; at < listing.length; at++) {
    if (dropped.has(at)) frame.flags[at] = flagIncomplete;
    else if (needsAttributes(frame, at)) {
      const own = await readAttributes(frame, { at, image: options.image });
      if (own.length > 0) attributes.set(at, own);
    }
  }
  const { ids, idEnds } = gatherIds(frame, options.subtrees);
  const tree = options.encoder.encode({ listing, ids, idEnds, attributes, dropped });
  const treeId = await options.store.addBlob(tree, "tree");
  return { treeId, listing, flags: frame.flags, idEnds, ids };
}

/** The IDs of all entries one after the other: of this run, else those of last time. */
function gatherIds(
  { listing, contents, earlier, comparison }: CaptureFrame,
  subtrees: ReadonlyMap<number, Uint8Array>,
): { readonly ids: Uint8Array; readonly idEnds: Uint32Array } {
  const idEnds = new Uint32Array(listing.length);
  const isKept = (at: number): boolean =>
    comparison.same[at] === 1 && isFileMode(listing.modes[at] as number);
  let count = 0;
  for (let at = 0; at < listing.length; at++) {
    const content = subtrees.get(at) ?? contents[at];
    if (content !== undefined) count += content.length / idBytes;
    else if (earlier !== undefined && isKept(at)) {
      const there = comparison.earlier[at] as number;
      count += (earlier.idEnds[there] as number) - idStart(earlier, there);
    }
    idEnds[at] = count;
  }
  const ids = new Uint8Array(count * idBytes);
  // What is kept of consecutive entries is copied at once, where it lay side by side before.
  let run = { from: 0, to: 0, bytes: 0 };
  const copyRun = (): void => {
    if (run.bytes > 0 && earlier !== undefined)
      ids.set(earlier.ids.subarray(run.from, run.from + run.bytes), run.to);
  };
  for (let at = 0, to = 0; at < listing.length; at++) {
    const end = (idEnds[at] as number) * idBytes;
    const content = subtrees.get(at) ?? contents[at];
    if (content !== undefined) ids.set(content, to);
    else if (earlier !== undefined && end > to) {
      const from = idStart(earlier, comparison.earlier[at] as number) * idBytes;
      const follows = from === run.from + run.bytes && to === run.to + run.bytes;
      if (!follows) {
        copyRun();
        run = { from, to, bytes: 0 };
      }
      run.bytes += end - to;
    }
    to = end;
  }
  copyRun();
  return { ids, idEnds };
}

function idStart(folder: ScannedFolder, at: number): number {
  return at <= 0 ? 0 : (folder.idEnds[at - 1] as number);
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
