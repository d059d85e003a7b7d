/** A little filesystem that remembers each of its states, with a journal that is written alongside. */
import type { MemoryNode, RawPath } from "#image";
import type { FileEvidence, FileState, Journal, Sequence } from "#journal";

export type Random = (below: number) => number;

type File = { inode: bigint; mode: number; bytes: Buffer; mtimeNs: bigint; links: number };
type Folder = { inode: bigint; mode: number; mtimeNs: bigint; children: Map<string, Node> };
type Node = File | Folder;

/** Path → what a person would see: folders with a mode, files with mode and bytes. */
export type ModelState = ReadonlyMap<string, string>;

export function isFolder(node: Node): node is Folder {
  return "children" in node;
}

const letters = "abcdef";

export class ModelStore {
  readonly root: Folder = { inode: 2n, mode: 0o755, mtimeNs: 0n, children: new Map() };
  /** After each event: how everything was. */
  readonly states: { readonly sequence: Sequence; readonly state: ModelState }[] = [];
  nowNs: bigint;
  readonly #journal: Journal;
  readonly #random: Random;
  #nextInode = 100n;
  #serial = 0;

  constructor(journal: Journal, random: Random, nowNs: bigint) {
    this.#journal = journal;
    this.#random = random;
    this.nowNs = nowNs;
  }

  /** One random change, which the journal is told of unless `unseen`. */
  change({ unseen = false }: { readonly unseen?: boolean } = {}): void {
    this.nowNs += 1_000_000_000n;
    const before = this.#journal.lastSequence;
    const kinds: readonly (() => void)[] = [
      () => this.#create(unseen),
      () => this.#create(unseen),
      () => this.#append(unseen),
      () => this.#append(unseen),
      () => this.#truncate(unseen),
      () => this.#describe(unseen),
      () => this.#renameFile(unseen),
      () => this.#renameFile(unseen),
      () => this.#renameFile(unseen),
      () => this.#renameFolder(unseen),
      () => this.#makeFolder(unseen),
      () => this.#link(unseen),
      () => this.#remove(unseen),
    ];
    kinds[this.#random(kinds.length)]?.();
    if (this.#journal.lastSequence > before)
      this.states.push({ sequence: this.#journal.lastSequence, state: this.state() });
  }

  at(path: string): Node | undefined {
    if (path === "") return this.root;
    let node: Node | undefined = this.root;
    for (const name of path.split("/"))
      node = node !== undefined && isFolder(node) ? node.children.get(name) : undefined;
    return node;
  }

  state(): ModelState {
    const state = new Map<string, string>();
    for (const [path, node] of this.#all())
      state.set(
        path,
        isFolder(node)
          ? `folder ${node.mode}`
          : `file ${node.mode} ${node.bytes.toString("latin1")}`,
      );
    return state;
  }

  /** As an Image's node: what one look sees. */
  look(path: string): MemoryNode | undefined {
    const node = this.at(path);
    if (node === undefined) return undefined;
    const { inode, mode, mtimeNs } = node;
    const same = { inode, mode, mtimeNs, deviceId: 7n };
    if (isFolder(node)) return { ...same, type: "directory", links: 1 };
    return { ...same, bytes: Buffer.from(node.bytes), links: node.links };
  }

  *#all(folder: Folder = this.root, prefix = ""): Generator<[string, Node]> {
    for (const [name, node] of folder.children) {
      yield [prefix + name, node];
      if (isFolder(node)) yield* this.#all(node, `${prefix}${name}/`);
    }
  }

  #pick(wanted: (node: Node) => boolean): [string, Node] | undefined {
    const all = [...this.#all()].filter(([, node]) => wanted(node));
    return all[this.#random(all.length)];
  }

  #anyFolder(): [string, Folder] {
    const folders = [...this.#all()].filter((one): one is [string, Folder] => isFolder(one[1]));
    const at = this.#random(folders.length + 1);
    return folders[at] ?? ["", this.root];
  }

  /** Few names, so that they are used again. */
  #name(): string {
    return letters[this.#random(letters.length)] as string;
  }

  #stateOf(node: Node): FileState {
    const { mode, inode, mtimeNs } = node;
    const same = { mode, inode, mtimeNs, ctimeNs: this.nowNs, uid: 0, gid: 0 };
    return isFolder(node)
      ? { ...same, type: "directory", links: 1 }
      : { ...same, type: "file", links: node.links };
  }

  #evidence(node: Node): FileEvidence {
    const { inode, mtimeNs } = node;
    return { inode, mtimeNs, sizeBytes: isFolder(node) ? 0 : node.bytes.length };
  }

  #create(unseen: boolean): void {
    const [folder, parent] = this.#anyFolder();
    const name = this.#name();
    const old = parent.children.get(name);
    if (old !== undefined && isFolder(old)) return;
    if (old !== undefined) old.links--;
    const bytes = Buffer.from(`message ${++this.#serial};`);
    const file: File = {
      inode: this.#nextInode++,
      mode: 0o600,
      bytes,
      mtimeNs: this.nowNs,
      links: 1,
    };
    parent.children.set(name, file);
    if (unseen) return;
    const path = join(folder, name);
    const content = this.#journal.store(bytes, this.nowNs);
    const event = { path, state: this.#stateOf(file), sizeBytes: bytes.length, content };
    this.#journal.append({ type: "put", ...event }, this.nowNs);
  }

  #append(unseen: boolean): void {
    const [path, file] = this.#pick((node) => !isFolder(node)) ?? [];
    if (path === undefined || file === undefined || isFolder(file)) return;
    const bytes = Buffer.from(`more ${++this.#serial};`);
    const offset = this.#random(3) === 0 ? this.#random(file.bytes.length + 4) : file.bytes.length;
    const sizeBytes = Math.max(offset + bytes.length, file.bytes.length);
    const changed = Buffer.alloc(sizeBytes);
    file.bytes.copy(changed);
    bytes.copy(changed, offset);
    file.bytes = changed;
    file.mtimeNs = this.nowNs;
    if (unseen) return;
    const content = this.#journal.store(bytes, this.nowNs);
    const event = { path: path as RawPath, offset, content, sizeBytes, state: this.#stateOf(file) };
    this.#journal.append({ type: "write", ...event }, this.nowNs);
  }

  #truncate(unseen: boolean): void {
    const [path, file] = this.#pick((node) => !isFolder(node)) ?? [];
    if (path === undefined || file === undefined || isFolder(file)) return;
    const sizeBytes = this.#random(file.bytes.length + 5);
    const changed = Buffer.alloc(sizeBytes);
    file.bytes.copy(changed);
    file.bytes = changed;
    file.mtimeNs = this.nowNs;
    if (unseen) return;
    const event = { path: path as RawPath, sizeBytes, state: this.#stateOf(file) };
    this.#journal.append({ type: "truncate", ...event }, this.nowNs);
  }

  #describe(unseen: boolean): void {
    const [path, node] = this.#pick(() => true) ?? [];
    if (path === undefined || node === undefined) return;
    node.mode = 0o700 - this.#random(60);
    if (unseen) return;
    const event = { path: path as RawPath, state: this.#stateOf(node) };
    this.#journal.append({ type: "attributes", ...event }, this.nowNs);
  }

  #renameFile(unseen: boolean): void {
    const [path, file] = this.#pick((node) => !isFolder(node)) ?? [];
    const [folder, parent] = this.#anyFolder();
    const to = join(folder, this.#name());
    const old = this.at(to);
    if (path === undefined || file === undefined || isFolder(file) || old === file) return;
    if (old !== undefined && isFolder(old)) return;
    if (old !== undefined) old.links--;
    this.#take(path);
    parent.children.set(nameOf(to), file);
    if (!unseen) this.#tellRename(path, to, file);
  }

  #renameFolder(unseen: boolean): void {
    const [path, node] = this.#pick(isFolder) ?? [];
    const [folder, parent] = this.#anyFolder();
    const to = join(folder, this.#name());
    if (path === undefined || node === undefined || this.at(to) !== undefined) return;
    if (`${to}/`.startsWith(`${path}/`)) return;
    this.#take(path);
    parent.children.set(nameOf(to), node);
    if (!unseen) this.#tellRename(path, to, node);
  }

  #tellRename(path: string, to: RawPath, node: Node): void {
    const event = { path: path as RawPath, to, file: this.#evidence(node) };
    this.#journal.append({ type: "rename", ...event }, this.nowNs);
  }

  #makeFolder(unseen: boolean): void {
    const [folder, parent] = this.#anyFolder();
    const name = this.#name();
    if (parent.children.has(name)) return;
    const node: Folder = {
      inode: this.#nextInode++,
      mode: 0o700,
      mtimeNs: this.nowNs,
      children: new Map(),
    };
    parent.children.set(name, node);
    if (unseen) return;
    const event = { path: join(folder, name), state: this.#stateOf(node) };
    this.#journal.append({ type: "mkdir", ...event }, this.nowNs);
  }

  #link(unseen: boolean): void {
    const [path, file] = this.#pick((node) => !isFolder(node)) ?? [];
    const [folder, parent] = this.#anyFolder();
    const name = this.#name();
    if (path === undefined || file === undefined || isFolder(file)) return;
    if (parent.children.has(name)) return;
    parent.children.set(name, file);
    file.links++;
    if (unseen) return;
    const to = join(folder, name);
    const event = { path: path as RawPath, to, file: this.#evidence(file) };
    this.#journal.append({ type: "link", ...event }, this.nowNs);
  }

  #remove(unseen: boolean): void {
    const [path, node] = this.#pick((one) => !isFolder(one) || one.children.size === 0) ?? [];
    if (path === undefined || node === undefined) return;
    this.#take(path);
    if (!isFolder(node)) node.links--;
    if (unseen) return;
    const type = isFolder(node) ? "rmdir" : "remove";
    this.#journal.append({ type, path: path as RawPath }, this.nowNs);
  }

  #take(path: string): void {
    const parent = this.at(path.slice(0, Math.max(0, path.lastIndexOf("/")))) as Folder;
    parent.children.delete(nameOf(path));
  }
}

function join(folder: string, name: string): RawPath {
  return (folder === "" ? name : `${folder}/${name}`) as RawPath;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
