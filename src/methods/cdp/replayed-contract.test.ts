import { createHash } from "node:crypto";
import {
  type Image,
  memoryImage,
  type MemoryNode,
  type MemoryNodes,
  type RawPath,
  rawParent,
} from "#image";
import { type Journal, memoryJournal } from "#journal";
import { imageContract } from "../../image/image.contract.ts";
import { replayedImage } from "./replayed.ts";

const nowNs = 1_600_000_000_000_000_000n;

function nodeOf(value: MemoryNodes[string]): MemoryNode {
  return value instanceof Uint8Array || typeof value === "string" ? { bytes: value } : value;
}

/** Tells a journal of a node, as if it had just been seen. */
function tell(journal: Journal, path: RawPath, node: MemoryNode, inode: bigint): void {
  const { bytes, linkTarget, mode, mtimeNs = nowNs } = node;
  const type =
    node.type ??
    (linkTarget !== undefined ? "symlink" : bytes === undefined ? "directory" : "file");
  const attributes = Object.entries(node.extendedAttributes ?? {})
    .map(([name, value]) => ({ name, value: Buffer.from(value) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const state = {
    type,
    mode: mode ?? (type === "directory" ? 0o755 : 0o600),
    uid: 0,
    gid: 0,
    mtimeNs,
    ctimeNs: mtimeNs,
    inode,
    links: 1,
    ...(linkTarget === undefined ? {} : { linkTarget: linkTarget as RawPath }),
    ...(attributes.length === 0 ? {} : { extendedAttributes: attributes }),
  };
  if (type === "directory") {
    journal.append({ type: "mkdir", path, state }, nowNs);
    return;
  }
  const content = Buffer.from(bytes ?? "");
  const pieces = content.length === 0 ? [] : journal.store(content, nowNs);
  const sizeBytes = linkTarget?.length ?? content.length;
  journal.append({ type: "put", path, state, sizeBytes, content: pieces }, nowNs);
}

/** Some of the nodes lie in the base, the others were seen later; none of both, or all. */
function replayOf(isSeen: (path: string) => boolean) {
  return async (nodes: MemoryNodes): Promise<Image> => {
    const journal = memoryJournal();
    const base: Record<string, MemoryNodes[string]> = {};
    const folders = new Set<string>();
    let inode = 10_000n;
    for (const [path, value] of Object.entries(nodes)) {
      if (!isSeen(path)) {
        base[path] = value;
        continue;
      }
      const parents: RawPath[] = [];
      for (let at = rawParent(path as RawPath); at !== ""; at = rawParent(at)) parents.push(at);
      for (const parent of parents.reverse()) {
        if (folders.has(parent) || parent in nodes) continue;
        folders.add(parent);
        tell(journal, parent, { type: "directory" }, inode++);
      }
      tell(journal, path as RawPath, nodeOf(value), inode++);
    }
    const options = { at: { toNs: nowNs - 60_000_000_000n }, consistency: "crash" } as const;
    return await replayedImage({
      base: memoryImage(base, options),
      journal,
      fromSequence: 1,
      upTo: journal.lastSequence,
    });
  };
}

function isOdd(path: string): boolean {
  return (createHash("sha256").update(path).digest()[0] ?? 0) % 2 === 1;
}

const options = { extendedAttributes: true };
imageContract(
  "replay of nothing on a base",
  replayOf(() => false),
  options,
);
imageContract(
  "replay of everything on an empty base",
  replayOf(() => true),
  options,
);
imageContract("replay of one half on the other", replayOf(isOdd), options);
