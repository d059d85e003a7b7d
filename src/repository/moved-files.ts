/**
 * Which files are those of last time under another path (a flag, from new to cur, moved, a folder
 * renamed), so that their content need not be read: base name, inode, size and mtime agree, and the name
 * is a message's or ctime agrees too. Expunge + append of an equally long message gives inode, size and
 * mtime again; the base name or ctime tells it apart.
 */
import { type Listing, type RawName, type RawPath, rawBaseName } from "#image";
import { contentOf, isFileMode } from "./compare-folder.ts";
import { type ScanCache, type ScannedFolder, flagIncomplete, flagRacy } from "./scan-cache.ts";

export type FoundContent = { readonly ids: Uint8Array; readonly flags: number };

/** An entry of a folder that is looked for. */
export type Sought = {
  readonly path: RawPath;
  readonly listing: Listing;
  readonly here: number;
  /** The folder of the same path as the last capture saw it, where it is open already. */
  readonly earlier: ScannedFolder | undefined;
};

type Place = { readonly path: RawPath; readonly folder: ScannedFolder; readonly there: number };

/** Folders of the last scan that are kept open: opening one again is cheap, keeping all of them would not be bounded. */
const mostOpened = 64;

export class MovedFiles {
  readonly #scan: ScanCache | undefined;
  #table: InodeTable | undefined;
  readonly #opened = new Map<RawPath, ScannedFolder | undefined>();

  constructor(scan: ScanCache | undefined) {
    this.#scan = scan;
  }

  find(sought: Sought): FoundContent | undefined {
    if (this.#scan === undefined) return undefined;
    this.#table ??= new InodeTable(this.#scan);
    const inode = sought.listing.inodes[sought.here] as bigint;
    for (const { path, at } of this.#table.places(inode)) {
      const folder = path === sought.path ? sought.earlier : this.#open(path);
      if (folder === undefined || at >= folder.length) continue;
      if (isSameElsewhere(sought, { path, folder, there: at }))
        return { ids: contentOf(folder, at), flags: folder.flags[at] as number };
    }
    return undefined;
  }

  #open(path: RawPath): ScannedFolder | undefined {
    if (!this.#opened.has(path)) {
      if (this.#opened.size >= mostOpened) this.#opened.clear();
      this.#opened.set(path, this.#scan?.folder(path));
    }
    return this.#opened.get(path);
  }
}

function isSameElsewhere(sought: Sought, { path, folder, there }: Place): boolean {
  const { listing, here } = sought;
  const name = listing.names[here] as RawName;
  const earlierName = folder.names[there] as RawName;
  const sameBytes =
    isFileMode(folder.modes[there] as number) &&
    listing.inodes[here] === folder.inodes[there] &&
    messageBaseName(name) === messageBaseName(earlierName) &&
    listing.sizes[here] === folder.sizes[there] &&
    listing.mtimesNs[here] === folder.mtimesNs[there] &&
    ((folder.flags[there] as number) & flagIncomplete) === 0;
  if (!sameBytes) return false;
  const racy = ((folder.flags[there] as number) & flagRacy) !== 0;
  if (listing.ctimesNs[here] === folder.ctimesNs[there]) return !racy;
  const samePath = sought.path === path && name === earlierName;
  return !samePath && !racy && isMessagePlace(sought.path) && isMessagePlace(path);
}

/**
 * Where files of the last scan were, by inode: an open hash table over columns, because an object for
 * each of millions of files takes its time. What it says is looked at again where it is used.
 */
class InodeTable {
  readonly #paths: RawPath[] = [];
  readonly #inodes: BigUint64Array;
  readonly #folders: Uint32Array;
  readonly #positions: Uint32Array;
  /** 1 + number of a file; 0 where there is none. */
  readonly #slots: Uint32Array;

  constructor(scan: ScanCache) {
    const columns = [...scan.paths].map((path) => ({ path, ...scan.inodes(path) }));
    const count = columns.reduce((sum, { inodes }) => sum + (inodes?.length ?? 0), 0);
    this.#inodes = new BigUint64Array(count);
    this.#folders = new Uint32Array(count);
    this.#positions = new Uint32Array(count);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(count, 8) * 2)));
    let file = 0;
    for (const { path, inodes, modes } of columns) {
      if (inodes === undefined || modes === undefined) continue;
      const folder = this.#paths.push(path) - 1;
      const words = new Uint32Array(inodes.buffer, inodes.byteOffset, inodes.length * 2);
      this.#inodes.set(inodes, file);
      for (let at = 0; at < inodes.length; at++, file++) {
        if (!isFileMode(modes[at] as number)) continue;
        this.#folders[file] = folder;
        this.#positions[file] = at;
        let slot = this.#slotOf(words[at * 2] as number);
        while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1);
        this.#slots[slot] = file + 1;
      }
    }
  }

  /** Multiplied by the golden ratio: runs of inodes one after the other would pile up on each other. */
  #slotOf(lowWord: number): number {
    return (Math.imul(lowWord, 0x9e37_79b1) >>> 7) & (this.#slots.length - 1);
  }

  *places(inode: bigint): Iterable<{ readonly path: RawPath; readonly at: number }> {
    let slot = this.#slotOf(Number(inode & 0xffff_ffffn));
    for (let file = this.#slots[slot]; file !== 0; file = this.#slots[slot]) {
      const number = (file as number) - 1;
      if (this.#inodes[number] === inode)
        yield {
          path: this.#paths[this.#folders[number] as number] as RawPath,
          at: this.#positions[number] as number,
        };
      slot = (slot + 1) & (this.#slots.length - 1);
    }
  }
}

/** The part of a Maildir name that a message keeps for life. */
export function messageBaseName(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? name : name.slice(0, colon);
}

/** Whether files of this folder are Maildir messages, which never change once they have a name. */
export function isMessagePlace(folder: RawPath): boolean {
  const name = rawBaseName(folder);
  return name === "cur" || name === "new";
}
