import { allocate, type Room } from "./room.ts";

/**
 * What an extension of an index adds to its header and to each record. Only those that tell
 * something about messages are kept; all have a place, because the log names them by number.
 */
type Kept = {
  /** Bytes of a record that are kept; 0: none. */
  readonly width: number;
  /** Bytes of the header that are kept. */
  readonly headerBytes: number;
};

const kept: ReadonlyMap<string, Kept> = new Map([
  // Of every index: when a message changed last.
  ["modseq", { width: 8, headerBytes: 16 }],
  // Of sdbox: rebuild count, mailbox GUID.
  ["dbox-hdr", { width: 0, headerBytes: 24 }],
  // Of mdbox: UIDVALIDITY of the map, mailbox GUID; each message's UID in the map, and when it was put here.
  ["mdbox-hdr", { width: 0, headerBytes: 24 }],
  ["mdbox", { width: 8, headerBytes: 0 }],
  ["guid", { width: 16, headerBytes: 0 }],
  // Of mdbox's map: file, offset and length; how often it is referred to.
  ["map", { width: 12, headerBytes: 8 }],
  ["ref", { width: 2, headerBytes: 0 }],
  // Of the list of mailboxes: names; name, parent, GUID and UIDVALIDITY of each.
  ["list", { width: 28, headerBytes: 1024 * 1024 }],
]);

export class Extension {
  readonly name: string;
  /** Bytes of a record in the log at present. */
  recordBytes: number;
  #resetId: number;
  readonly #kept: Kept;
  #header: Uint8Array = new Uint8Array(0);
  #column: Uint8Array = new Uint8Array(0);

  constructor(name: string, options: { readonly recordBytes: number; readonly resetId: number }) {
    this.name = name;
    this.recordBytes = options.recordBytes;
    this.#resetId = options.resetId;
    this.#kept = kept.get(name) ?? { width: 0, headerBytes: 0 };
  }

  get resetId(): number {
    return this.#resetId;
  }

  /** Bytes of a record that are kept here. */
  get width(): number {
    return this.#kept.width;
  }

  /** What of it was written; zeros follow. */
  get header(): Uint8Array {
    return this.#header;
  }

  /** The bytes of one row; shorter where nothing was written yet. */
  row(row: number): Uint8Array {
    return this.#column.subarray(row * this.width, (row + 1) * this.width);
  }

  writeHeader(offset: number, bytes: Uint8Array, room: Room): void {
    const end = Math.min(offset + bytes.length, this.#kept.headerBytes);
    if (offset >= end) return;
    if (end > this.#header.length) {
      const wanted = Math.max(end, this.#header.length * 2);
      const wider = allocate(Math.min(wanted, this.#kept.headerBytes), room);
      wider.set(this.#header);
      this.#header = wider;
    }
    this.#header.set(bytes.subarray(0, end - offset), offset);
  }

  /** The bytes of one row to write to; undefined where none are kept. */
  writableRow(row: number, room: Room): Uint8Array | undefined {
    if (this.width === 0) return undefined;
    if (this.#column.length < room.capacity * this.width) {
      const wider = allocate(room.capacity * this.width, room);
      wider.set(this.#column);
      this.#column = wider;
    }
    return this.row(row);
  }

  reset(resetId: number, options: { readonly keepsData: boolean }): void {
    this.#resetId = resetId;
    if (options.keepsData) return;
    this.#header = new Uint8Array(0);
    this.#column = new Uint8Array(0);
  }
}
