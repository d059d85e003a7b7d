import { joinRawPath, rawBaseName, rawParent, type RawName, type RawPath, rootPath } from "#image";
import type { FileState, JournalEvent, JournalRecord } from "#journal";
import { EditTable } from "./edit-table.ts";
import { OverlayNode } from "./overlay-node.ts";
import { StateTable } from "./state-table.ts";

type Put = Extract<JournalEvent, { type: "put" }>;
type Write = Extract<JournalEvent, { type: "write" | "truncate" }>;
type Move = Extract<JournalEvent, { type: "rename" | "link" }>;

export type OverlayOptions = {
  /** Folders that volumes are mounted at: an inode's number is that of its volume. */
  readonly volumeRoots: readonly RawPath[];
};

/**
 * What events made of a base copy, without looking at it. Applying says for each name what became of
 * it; what no event told of stays as the base has it.
 *
 * A base copy takes time, and each of its files may be of before or after an event. Events say what
 * a file became, so those that the base already has change nothing; only of a name that moved nobody
 * knows whether the base has it by the old or the new one. While the base is not settled such a file
 * keeps both, and its inode tells when it is read. From then on a move is a move.
 */
export class Overlay {
  readonly root: OverlayNode = new OverlayNode(rootPath);
  readonly states: StateTable = new StateTable();
  readonly edits: EditTable = new EditTable();
  /** Files with several names: the base may have others of them. */
  readonly linked: Map<bigint, OverlayNode> = new Map();
  /** Files of the base that were moved: whether they have other names nobody said. */
  readonly #moved = new Map<bigint, OverlayNode>();
  /** Events that name a path which leaves the Image, or a folder within itself. */
  ignored = 0;
  readonly #volumeRoots: readonly RawPath[];
  #isSettled = false;
  /** Folders by path, as they are now: most events are of the folder of the event before. */
  readonly #folders = new Map<RawPath, OverlayNode>();

  constructor({ volumeRoots }: OverlayOptions) {
    this.#volumeRoots = volumeRoots;
    this.root.children = new Map();
  }

  /** `isSettled`: the base was complete before this was seen. */
  apply({ event }: JournalRecord, isSettled: boolean): void {
    this.#isSettled = isSettled;
    switch (event.type) {
      case "put":
        this.#put(event);
        return;
      case "write":
      case "truncate":
        this.#write(event);
        return;
      case "attributes":
        this.#describe(event.path, event.state);
        return;
      case "mkdir":
        this.#makeFolder(event.path, event.state);
        return;
      case "remove":
      case "rmdir":
        this.#remove(event.path);
        return;
      case "rename":
      case "link":
        this.#move(event);
        return;
      case "data":
      case "arrived":
      case "outcome":
      case "mark":
      case "gap":
        return;
    }
  }

  /** Whether the bytes of this name come from events alone, or an event said that it is gone. */
  isReplaced(path: RawPath): boolean {
    let node: OverlayNode | undefined = this.root;
    const names = path.split("/") as readonly string[] as readonly RawName[];
    for (const name of names.slice(0, -1)) node = node?.children?.get(name) ?? undefined;
    const child = node?.children?.get(names.at(-1) ?? ("" as RawName));
    return child === null || child?.isWhole === true;
  }

  /** The key of an inode in `linked`. */
  inodeKey(path: RawPath, inode: bigint): bigint {
    return inode * 1024n + BigInt(this.volumeOf(path));
  }

  /** The number of the volume that a path lies on. */
  volumeOf(path: RawPath): number {
    let best = 0;
    let length = -1;
    for (const [index, root] of this.#volumeRoots.entries()) {
      const isAbove = root === "" || path === root || path.startsWith(`${root}/`);
      if (isAbove && root.length > length) [best, length] = [index, root.length];
    }
    return best % 1024;
  }

  #put(event: Put): void {
    const place = this.#place(event.path);
    if (place === undefined || event.state.type === "directory") return this.#ignore();
    const [folder, name] = place;
    const known = folder.children?.get(name);
    const node = this.#fileOf(known, event) ?? new OverlayNode();
    if (event.state.links > 1)
      node.origin ??= node.base ?? (known === undefined ? folder.childBases(name)[0] : undefined);
    node.base = undefined;
    node.candidates = undefined;
    node.isWhole = true;
    node.children = undefined;
    const { sizeBytes, content } = event;
    node.edit = this.edits.add({ kind: "put", offset: 0, sizeBytes, content }, -1);
    node.sizeBytes = sizeBytes;
    if (node !== known) this.#setChild(place, node);
    this.#setState(node, event.path, event.state);
  }

  /** The file that is rewritten under this name, where that is no new one: it has other names, too. */
  #fileOf(known: OverlayNode | null | undefined, { path, state }: Put): OverlayNode | undefined {
    if (known && this.#inodeOf(known) === state.inode && known.children === undefined) return known;
    return state.links > 1 ? this.#known(path, state.inode) : undefined;
  }

  #write(event: Write): void {
    const node = this.#touched(event.path, event.state);
    if (node === undefined || node.children !== undefined) return this.#ignore();
    const edit =
      event.type === "write"
        ? { kind: event.type, ...event }
        : { kind: event.type, offset: 0, content: [], sizeBytes: event.sizeBytes };
    node.edit = this.edits.add(edit, node.edit);
    node.sizeBytes = event.sizeBytes;
    this.#setState(node, event.path, event.state);
  }

  #describe(path: RawPath, state: FileState): void {
    const node = path === "" ? this.root : this.#touched(path, state);
    if (node === undefined) return this.#ignore();
    this.#setState(node, path, state);
  }

  #makeFolder(path: RawPath, state: FileState): void {
    if (path === "") return this.#setState(this.root, path, state);
    const place = this.#place(path);
    if (place === undefined) return this.#ignore();
    const [folder, name] = place;
    let node = folder.children?.get(name);
    if (node === undefined) node = this.#untouched(folder, name);
    else if (node === null || this.#isFile(node)) node = new OverlayNode();
    node.children ??= new Map();
    node.isWhole = true;
    if (folder.children?.get(name) !== node) this.#setChild(place, node);
    this.#setState(node, path, state);
  }

  #remove(path: RawPath): void {
    const place = this.#place(path);
    if (place === undefined) return this.#ignore();
    this.#setChild(place, null);
  }

  #move(event: Move): void {
    const { type, path, to, file } = event;
    if (path === to) return;
    const [source, target] = [this.#place(path), this.#place(to)];
    if (source === undefined || target === undefined || to.startsWith(`${path}/`))
      return this.#ignore();
    const [folder, name] = source;
    const node = folder.children?.get(name) ?? this.#movedFrom(source, event);
    if (type === "link" && node.children !== undefined) return this.#ignore();
    node.evidence = file;
    if (!this.#isSettled) {
      mayBeBelow(node, path, to);
      node.isMovedEarly = true;
    }
    if (type === "rename") this.#setChild(source, null);
    else if (folder.children?.get(name) !== node) this.#setChild(source, node);
    if (target[0].children?.get(target[1]) !== node) this.#setChild(target, node);
    if (type === "link") this.linked.set(this.inodeKey(to, file.inode), node);
  }

  /** What was under a name that no event told of, or was gone from there before. */
  #movedFrom([folder, name]: Place, { path, to, file }: Move): OverlayNode {
    const shared = this.#known(path, file.inode);
    if (shared !== undefined) return alsoAt(shared, folder, name);
    const node = folder.children?.has(name) === true ? new OverlayNode() : folder.untouched(name);
    // Nobody saw where it came from: perhaps the base has it under the new name.
    if (node.base === undefined && node.candidates === undefined) node.candidates = [path, to];
    this.#moved.set(this.inodeKey(path, file.inode), node);
    return node;
  }

  /** The node of a file that is changed where it is; the base's where no event told of it. */
  #touched(path: RawPath, { inode }: FileState): OverlayNode | undefined {
    const place = this.#place(path);
    if (place === undefined) return undefined;
    const [folder, name] = place;
    const known = folder.children?.get(name);
    if (known) return known;
    const shared = this.#known(path, inode);
    const node =
      shared !== undefined
        ? alsoAt(shared, folder, name)
        : known === null
          ? new OverlayNode()
          : this.#untouched(folder, name);
    this.#setChild(place, node);
    return node;
  }

  /** What the base has by this name, where it is still the same: its inode has to say so while the base is taken. */
  #untouched(folder: OverlayNode, name: RawName): OverlayNode {
    const node = folder.untouched(name);
    if (this.#isSettled || node.base === undefined) return node;
    return new OverlayNode(undefined, [node.base]);
  }

  /** A file that events told of under another name. */
  #known(path: RawPath, inode: bigint): OverlayNode | undefined {
    if (this.linked.size === 0 && this.#moved.size === 0) return undefined;
    const key = this.inodeKey(path, inode);
    const node = this.linked.get(key) ?? this.#moved.get(key);
    return node?.children === undefined ? node : undefined;
  }

  #setState(node: OverlayNode, path: RawPath, state: FileState): void {
    node.row = this.states.set(node.row, state);
    if (state.links > 1 && state.type !== "directory")
      this.linked.set(this.inodeKey(path, state.inode), node);
  }

  #inodeOf({ row, evidence }: OverlayNode): bigint | undefined {
    return row >= 0 ? this.states.inode(row) : evidence?.inode;
  }

  #isFile(node: OverlayNode): boolean {
    if (node.edit >= 0 || node.names > 1) return true;
    return node.row >= 0 && !this.states.isFolder(node.row);
  }

  #setChild([folder, name]: Place, child: OverlayNode | null): void {
    const before = folder.children?.get(name);
    if (before) before.names--;
    if (child) child.names++;
    folder.children?.set(name, child);
    // Folders below a name that is another thing now are not where they were.
    if (before?.children !== undefined && before !== child) this.#folders.clear();
  }

  #place(path: RawPath): Place | undefined {
    const name = rawBaseName(path);
    if (!isName(name)) return undefined;
    const folder = this.#folder(rawParent(path));
    return folder === undefined ? undefined : [folder, name];
  }

  /** A folder, to change what it holds. */
  #folder(path: RawPath): OverlayNode | undefined {
    if (path === "") return this.root;
    const cached = this.#folders.get(path);
    if (cached !== undefined) return cached;
    const place = this.#place(path);
    if (place === undefined) return undefined;
    const [parent, name] = place;
    const known = parent.children?.get(name);
    let node = known === undefined ? parent.untouched(name) : known;
    // Nobody saw how it came to be a folder.
    if (node === null || this.#isFile(node)) node = new OverlayNode();
    node.children ??= new Map();
    if (node !== known) this.#setChild(place, node);
    this.#folders.set(path, node);
    return node;
  }

  #ignore(): void {
    this.ignored++;
  }
}

type Place = readonly [folder: OverlayNode, name: RawName];

function isName(name: RawName): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("\0");
}

/** A file whose other name nobody told of yet: the base may have it by that one. */
function alsoAt(node: OverlayNode, folder: OverlayNode, name: RawName): OverlayNode {
  if (node.candidates !== undefined) for (const path of folder.childBases(name)) node.mayBeAt(path);
  return node;
}

/** What is renamed while the base is taken may be found there by its old name or its new one, all below it too. */
function mayBeBelow(node: OverlayNode, path: RawPath, to: RawPath): void {
  node.mayBeAt(path);
  node.mayBeAt(to);
  for (const [name, child] of node.children ?? [])
    if (child !== null) mayBeBelow(child, joinRawPath(path, name), joinRawPath(to, name));
}
