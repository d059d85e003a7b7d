import { entryTypeOf, type ExtendedAttribute, statModeOf } from "#image";
import type { FileState } from "#journal";

/** What few files have. */
type Extra = Pick<FileState, "linkTarget" | "device" | "extendedAttributes">;

const firstRows = 1024;

/**
 * The newest state of each file that events tell of, in columns: 48 bytes a file instead of an object
 * with three big integers.
 */
export class StateTable {
  #rows = 0;
  #modes = new Uint32Array(firstRows);
  #uids = new Uint32Array(firstRows);
  #gids = new Uint32Array(firstRows);
  #links = new Uint32Array(firstRows);
  #inodes = new BigUint64Array(firstRows);
  #mtimesNs = new BigInt64Array(firstRows);
  #ctimesNs = new BigInt64Array(firstRows);
  readonly #extras = new Map<number, Extra>();

  /** Writes a state down; over the row that the file already has, or in a new one (-1). Returns the row. */
  set(row: number, state: FileState): number {
    const at = row < 0 ? this.#newRow() : row;
    this.#modes[at] = statModeOf(state);
    this.#uids[at] = state.uid;
    this.#gids[at] = state.gid;
    this.#links[at] = state.links;
    this.#inodes[at] = state.inode;
    this.#mtimesNs[at] = state.mtimeNs;
    this.#ctimesNs[at] = state.ctimeNs;
    const { linkTarget, device, extendedAttributes } = state;
    if (linkTarget !== undefined || device !== undefined || extendedAttributes !== undefined)
      this.#extras.set(at, {
        ...(linkTarget === undefined ? {} : { linkTarget }),
        ...(device === undefined ? {} : { device }),
        ...(extendedAttributes === undefined ? {} : { extendedAttributes }),
      });
    else if (this.#extras.size > 0) this.#extras.delete(at);
    return at;
  }

  get(row: number): FileState {
    const mode = this.#modes[row] as number;
    return {
      type: entryTypeOf(mode),
      mode: mode & 0o7777,
      uid: this.#uids[row] as number,
      gid: this.#gids[row] as number,
      links: this.#links[row] as number,
      inode: this.#inodes[row] as bigint,
      mtimeNs: this.#mtimesNs[row] as bigint,
      ctimeNs: this.#ctimesNs[row] as bigint,
      ...this.#extras.get(row),
    };
  }

  isFolder(row: number): boolean {
    return ((this.#modes[row] as number) & 0o170000) === 0o040000;
  }

  inode(row: number): bigint {
    return this.#inodes[row] as bigint;
  }

  attributes(row: number): readonly ExtendedAttribute[] {
    return this.#extras.get(row)?.extendedAttributes ?? [];
  }

  #newRow(): number {
    const row = this.#rows++;
    if (row < this.#modes.length) return row;
    const rows = row * 2;
    this.#modes = grown(this.#modes, new Uint32Array(rows));
    this.#uids = grown(this.#uids, new Uint32Array(rows));
    this.#gids = grown(this.#gids, new Uint32Array(rows));
    this.#links = grown(this.#links, new Uint32Array(rows));
    this.#inodes = grown(this.#inodes, new BigUint64Array(rows));
    this.#mtimesNs = grown(this.#mtimesNs, new BigInt64Array(rows));
    this.#ctimesNs = grown(this.#ctimesNs, new BigInt64Array(rows));
    return row;
  }
}

type Column =
  | Uint8Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>;

/** The larger column, with what the smaller one holds. */
export function grown<One extends Column>(from: One, to: One): One {
  (to as { set(values: unknown): void }).set(from);
  return to;
}
