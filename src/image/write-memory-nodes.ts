import { chmod, lutimes, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { writeExtendedAttribute } from "./extended-attributes.ts";
import type { MemoryNode, MemoryNodes } from "./memory-image.ts";
import { joinRawPath, rawParent, type RawPath, rawPathToBytes } from "./raw-path.ts";

/**
 * Writes what `memoryImage` takes into an existing folder of this machine: files, folders and
 * symbolic links, with mode, mtime and extended attributes. For tests and demonstrations.
 */
export async function writeMemoryNodes(folder: RawPath, nodes: MemoryNodes): Promise<void> {
  const folders: [Buffer, MemoryNode][] = [];
  for (const [path, value] of Object.entries(nodes)) {
    const node: MemoryNode =
      value instanceof Uint8Array || typeof value === "string" ? { bytes: value } : value;
    const target = joinRawPath(folder, path as RawPath);
    const bytes = rawPathToBytes(target);
    await mkdir(rawPathToBytes(rawParent(target)), { recursive: true });
    if (node.linkTarget !== undefined)
      await symlink(rawPathToBytes(node.linkTarget as RawPath), bytes);
    else if (node.bytes !== undefined) await writeFile(bytes, node.bytes);
    else {
      await mkdir(bytes, { recursive: true });
      folders.push([bytes, node]);
    }
    for (const [name, attribute] of Object.entries(node.extendedAttributes ?? {})) {
      writeExtendedAttribute(target, { name, value: Buffer.from(attribute) });
    }
    if (node.bytes !== undefined || node.linkTarget !== undefined) await finish(bytes, node);
  }
  // Folders last: what is written into one changes its mtime.
  for (const [bytes, node] of folders.reverse()) await finish(bytes, node);
}

async function finish(path: Buffer, node: MemoryNode): Promise<void> {
  if (node.mode !== undefined && node.linkTarget === undefined) await chmod(path, node.mode);
  if (node.mtimeNs === undefined) return;
  const seconds = Number(node.mtimeNs / 1_000_000n) / 1000;
  await (node.linkTarget === undefined ? utimes : lutimes)(path, seconds, seconds);
}
