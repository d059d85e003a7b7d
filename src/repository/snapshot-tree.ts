/**
 * What stands above the captured folder in a snapshot: the folders of its absolute path, as
 * restic stores them, and beside them `.restante/manifest.json`.
 */
import { lstatSync } from "node:fs";
import {
  type Entry,
  type Image,
  type RawName,
  type RawPath,
  entryTypeOf,
  rawBaseName,
  readExtendedAttributes,
} from "#image";
import type { ContentStore } from "./content-store.ts";
import { encodeNode, encodeTree, nodeRecordOf } from "./tree.ts";

export const manifestFolder: RawName = ".restante" as RawName;
export const manifestName: RawName = "manifest.json" as RawName;

/** The ID of the snapshot's root tree. */
export async function storeSnapshotTree(
  store: ContentStore,
  options: {
    readonly image: Image;
    /** Absolute path under which the Image's root is stored. */
    readonly path: RawPath;
    readonly rootTreeId: Uint8Array;
    /** Where several folders were captured: the trees of those at the top of the machine. */
    readonly subtrees?: ReadonlyMap<RawName, Uint8Array> | undefined;
    readonly manifest: Uint8Array;
    readonly nowNs: bigint;
  },
): Promise<Uint8Array> {
  if (options.subtrees !== undefined) {
    const nodes = Array.from(options.subtrees, ([name, subtree]) =>
      folderNode(`/${name}` as RawPath, subtree, undefined),
    );
    nodes.push(await manifestNode(store, options));
    return await store.addTopBlob(encodeTree(sortedNodes(nodes)), "tree");
  }
  const components = options.path.split("/").filter((name) => name !== "");
  let subtree = options.rootTreeId;
  for (let depth = components.length; depth > 0; depth--) {
    const place = `/${components.slice(0, depth).join("/")}` as RawPath;
    const isRoot = depth === components.length;
    const nodes = [folderNode(place, subtree, isRoot ? options.image : undefined)];
    if (depth === 1) nodes.push(await manifestNode(store, options));
    subtree = await store.addTopBlob(encodeTree(sortedNodes(nodes)), "tree");
  }
  if (components.length > 0) return subtree;
  // The captured folder is "/" itself: its own tree is the root, and the manifest stays out of it.
  return options.rootTreeId;
}

type NamedNode = { readonly name: string; readonly json: string };

function sortedNodes(nodes: readonly NamedNode[]): readonly string[] {
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((node) => node.json);
}

function folderNode(place: RawPath, subtree: Uint8Array, image: Image | undefined): NamedNode {
  const entry = describeFolder(image?.local?.root ?? place, rawBaseName(place));
  const attributes = image?.local === undefined ? [] : readExtendedAttributes(image.local.root);
  const record = nodeRecordOf(entry, { subtree: Buffer.from(subtree).toString("hex"), attributes });
  return { name: entry.name, json: encodeNode(record) };
}

/** The folder as it is on this machine; a plain 0755 one where the Image comes from elsewhere. */
function describeFolder(place: RawPath, name: RawName): Entry {
  const plain = { name, type: "directory", mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 } as const;
  try {
    const stat = lstatSync(Buffer.from(place, "latin1"), { bigint: true });
    if (!stat.isDirectory()) throw new RangeError("not a folder");
    return {
      name,
      type: entryTypeOf(Number(stat.mode)),
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      sizeBytes: 0,
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      inode: stat.ino,
      deviceId: stat.dev,
      links: Number(stat.nlink),
    };
  } catch {
    return { ...plain, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, deviceId: 0n, links: 1 };
  }
}

async function manifestNode(
  store: ContentStore,
  { manifest, nowNs }: { readonly manifest: Uint8Array; readonly nowNs: bigint },
): Promise<NamedNode> {
  const blob = await store.addTopBlob(manifest, "data");
  const common = {
    uid: 0,
    gid: 0,
    mtimeNs: nowNs,
    ctimeNs: nowNs,
    inode: 0n,
    deviceId: 0n,
    links: 1,
  };
  const file: Entry = {
    ...common,
    name: manifestName,
    type: "file",
    mode: 0o600,
    sizeBytes: manifest.length,
  };
  const fileNode = encodeNode(nodeRecordOf(file, { blobs: [Buffer.from(blob).toString("hex")] }));
  const tree = await store.addTopBlob(encodeTree([fileNode]), "tree");
  const folder: Entry = {
    ...common,
    name: manifestFolder,
    type: "directory",
    mode: 0o700,
    sizeBytes: 0,
  };
  const subtree = Buffer.from(tree).toString("hex");
  return { name: manifestFolder, json: encodeNode(nodeRecordOf(folder, { subtree })) };
}
