import {
  type Entry,
  type EntryType,
  rawBaseName,
  rawParent,
  type RawName,
  type RawPath,
} from "#image";
import type { BaseFiles } from "./base-files.ts";
import type { Overlay } from "./overlay.ts";
import type { OverlayNode } from "./overlay-node.ts";

/** What stands at a path: a node that events made, or what the base has. Undefined: nothing. */
export type Found =
  | { readonly node: OverlayNode; readonly base?: undefined }
  | { readonly base: RawPath; readonly node?: undefined };

/** Tells new inodes from those of the base, whose st_dev is anything but this. */
const observedDevices = 1n << 63n;

/** Looks up what events and the base together have at a path. */
export class NodeFinder {
  readonly #overlay: Overlay;
  readonly #files: BaseFiles;

  constructor(overlay: Overlay, files: BaseFiles) {
    this.#overlay = overlay;
    this.#files = files;
  }

  async find(path: RawPath, signal?: AbortSignal): Promise<Found | undefined> {
    if (path === "") return { node: this.#overlay.root };
    const name = rawBaseName(path);
    if (name === "" || name === "." || name === ".." || name.includes("\0")) return undefined;
    const folder = await this.find(rawParent(path), signal);
    if (folder === undefined) return undefined;
    return await this.childOf(folder, name, signal);
  }

  /** What a folder has under a name. A base's file that does not exist is found all the same: `entryOf` tells. */
  async childOf(folder: Found, name: RawName, signal?: AbortSignal): Promise<Found | undefined> {
    if (folder.base !== undefined) return await this.#inBase(folder.base, name, signal);
    const { node } = folder;
    if (node.children?.has(name) === true) {
      const child = node.children.get(name);
      return child ? { node: child } : undefined;
    }
    if (!(await this.isFolder(node, signal))) return undefined;
    const base = await this.baseOf(node, signal);
    return base === undefined ? undefined : await this.#inBase(base, name, signal);
  }

  /** The file behind an entry of the base: another name of it may have been changed. */
  async linkedTo(
    path: RawPath,
    entry: Entry,
    signal?: AbortSignal,
  ): Promise<OverlayNode | undefined> {
    const { linked } = this.#overlay;
    if (linked.size === 0 || entry.links < 2 || entry.type === "directory") return undefined;
    const node = linked.get(this.#overlay.inodeKey(path, entry.inode));
    if (node === undefined) return undefined;
    if (!this.#files.isFrozen) {
      // The same file, by the one name that the base saw it under.
      if ((await this.baseOf(node, signal)) === undefined && !node.isWhole) node.base = path;
      return node;
    }
    // The base has to say so, too: a frozen copy may keep files under inodes of its own.
    const base = (await this.baseOf(node, signal)) ?? node.origin;
    if (base === undefined) return undefined;
    const other = await this.#files.entry(base, signal);
    return other?.inode === entry.inode && other.deviceId === entry.deviceId ? node : undefined;
  }

  async #inBase(folder: RawPath, name: RawName, signal?: AbortSignal): Promise<Found> {
    const path = (folder === "" ? name : `${folder}/${name}`) as RawPath;
    if (this.#overlay.linked.size === 0) return { base: path };
    const entry = await this.#files.entry(path, signal);
    const node = entry === undefined ? undefined : await this.linkedTo(path, entry, signal);
    return node === undefined ? { base: path } : { node };
  }

  /** Where the base has what a node stands for. Undefined: nowhere, or it is all new. */
  async baseOf(node: OverlayNode, signal?: AbortSignal): Promise<RawPath | undefined> {
    const { candidates } = node;
    if (candidates === undefined) return node.base;
    const chosen = await this.#chosen(node, candidates, signal);
    node.base = chosen;
    node.candidates = undefined;
    return chosen;
  }

  /** The same, where the base has anything there. */
  async baseThere(node: OverlayNode, signal?: AbortSignal): Promise<RawPath | undefined> {
    const base = await this.baseOf(node, signal);
    if (base === undefined || base === "") return base;
    return (await this.#files.entry(base, signal)) === undefined ? undefined : base;
  }

  async #chosen(
    node: OverlayNode,
    candidates: readonly RawPath[],
    signal?: AbortSignal,
  ): Promise<RawPath | undefined> {
    const { row, evidence } = node;
    const inode = row >= 0 ? this.#overlay.states.inode(row) : evidence?.inode;
    const there: { readonly path: RawPath; readonly entry: Entry }[] = [];
    for (const path of candidates) {
      const entry = await this.#files.entry(path, signal);
      if (entry !== undefined) there.push({ path, entry });
    }
    // A folder in which something happened, and of which nothing else was said.
    if (inode === undefined) return there.at(-1)?.path;
    const same = there.findLast(({ entry }) => entry.inode === inode);
    if (same !== undefined) return same.path;
    // What was read from the living store has its inodes. A frozen copy may have others.
    if (!this.#files.isFrozen) return undefined;
    const alike = there.findLast(
      ({ entry }) =>
        entry.type !== "directory" &&
        entry.sizeBytes === evidence?.sizeBytes &&
        entry.mtimeNs === evidence.mtimeNs,
    );
    return (alike ?? there[0])?.path;
  }

  async isFolder(node: OverlayNode, signal?: AbortSignal): Promise<boolean> {
    if (node === this.#overlay.root) return true;
    if (node.row >= 0) return this.#overlay.states.isFolder(node.row);
    if (node.edit >= 0) return false;
    const base = await this.baseEntry(node, signal);
    if (base !== undefined) return base.type === "directory";
    return hasLiving(node);
  }

  /** What a node is under a name; undefined where it is not there at all. */
  async entryOf(
    node: OverlayNode,
    { name, path }: { readonly name: RawName; readonly path: RawPath },
    signal?: AbortSignal,
  ): Promise<{ readonly entry: Entry; readonly unseen?: EntryType } | undefined> {
    const { row, sizeBytes, names, evidence } = node;
    const isSized = sizeBytes >= 0;
    const base = row >= 0 && isSized ? undefined : await this.baseEntry(node, signal);
    if (row >= 0) {
      const { extendedAttributes: _attributes, ...state } = this.#overlay.states.get(row);
      const size = isSized ? sizeBytes : (state.linkTarget?.length ?? base?.sizeBytes ?? 0);
      const deviceId = observedDevices + BigInt(this.#overlay.volumeOf(path));
      const links = Math.max(state.links, names);
      const entry = { ...state, name, sizeBytes: size, deviceId, links };
      const isWithoutBytes = !isSized && base === undefined && state.type === "file";
      return isWithoutBytes ? { entry, unseen: "file" } : { entry };
    }
    if (base !== undefined) {
      const links = base.type === "directory" ? base.links : Math.max(base.links, names);
      return { entry: { ...base, name, links } };
    }
    const isFolder = hasLiving(node);
    if (!isFolder && evidence === undefined) return undefined;
    const type = isFolder ? "directory" : "file";
    const made = { type, mode: isFolder ? 0o700 : 0o600, uid: 0, gid: 0, links: 1 } as const;
    const known = evidence ?? { inode: 0n, sizeBytes: 0, mtimeNs: 0n };
    const deviceId = observedDevices + BigInt(this.#overlay.volumeOf(path));
    return {
      entry: { name, ...made, ...known, ctimeNs: known.mtimeNs, deviceId },
      unseen: type,
    };
  }

  /** What the base has of a node, or at a path of its own. */
  async baseEntry(of: OverlayNode | RawPath, signal?: AbortSignal): Promise<Entry | undefined> {
    const base = typeof of === "string" ? of : await this.baseOf(of, signal);
    return base === undefined ? undefined : await this.#files.entry(base, signal);
  }
}

/** Whether events put anything into a folder that is still there. */
function hasLiving({ children }: OverlayNode): boolean {
  for (const child of children?.values() ?? [])
    if (child !== null && (isSeen(child) || hasLiving(child))) return true;
  return false;
}

/** Whether an event said that it is there, and not only something below it. */
function isSeen({ row, edit, evidence }: OverlayNode): boolean {
  return row >= 0 || edit >= 0 || evidence !== undefined;
}
