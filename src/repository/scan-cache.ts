/**
 * What the last capture saw: every folder's entries in columns with the IDs of their content, so
 * that an unchanged store costs one lstat a file and no parsing of trees. Local, rebuildable,
 * checked by sums; a section is read when its folder is visited, and once more where it is kept.
 *
 * File: "RSC2" ‖ u32 length of JSON ‖ JSON (facts) ‖ padding to 8 ‖ sections ‖ directory ‖ trailer
 *   section, 8-aligned: u32 crc32 of the rest ‖ u32 entries ‖ u32 name bytes ‖ u32 IDs ‖ treeId[32] ‖
 *     u64 inode[] ‖ f64 size[] ‖ i64 mtime[] ‖ i64 ctime[] ‖ u32 mode[] uid[] gid[] links[] nameEnd[] idEnd[] ‖
 *     u8 flags[] ‖ names ‖ ids[32 each]
 *   directory: u32 pathBytes ‖ path ‖ f64 offset ‖ u32 length, a folder
 *   trailer: f64 offset of directory ‖ u32 folders ‖ u32 crc32 of directory ‖ "RSC2"
 */
import { crc32 } from "node:zlib";
import { endianness } from "node:os";
import type { Listing, RawName, RawPath } from "#image";
import type { CachedFile } from "./local-cache.ts";
import { type ScanFacts, decodeLaterFacts, parseFacts } from "./scan-facts.ts";

const magic = "RSC2";

/** The entry must be read again next time: it changed so recently that a later change could hide. */
export const flagRacy: number = 1;
/** It has extended attributes, which must be read whenever its node is written anew. */
export const flagAttributes: number = 2;
/** Its content could not be had as it was: try again next time. */
export const flagIncomplete: number = 4;
/** It was open and had no extended attributes; of this run only. */
export const flagBare: number = 8;

/** One folder as the last capture saw it. Columns as in Listing. */
export type ScannedFolder = {
  readonly treeId: Uint8Array;
  readonly length: number;
  readonly names: readonly RawName[];
  readonly inodes: BigUint64Array;
  readonly sizes: Float64Array;
  readonly mtimesNs: BigInt64Array;
  readonly ctimesNs: BigInt64Array;
  readonly modes: Uint32Array;
  readonly uids: Uint32Array;
  readonly gids: Uint32Array;
  readonly links: Uint32Array;
  readonly flags: Uint8Array;
  /** IDs of entry n are ids[idEnds[n-1], idEnds[n]) × 32 bytes: blobs of a file, tree of a folder. */
  readonly idEnds: Uint32Array;
  readonly ids: Uint8Array;
  /** Where it lies in the file. */
  readonly place: SectionPlace;
};

export type SectionPlace = { readonly offset: number; readonly length: number };

export interface ScanCache extends Disposable {
  readonly facts: ScanFacts;
  /** What facts that were written later name this file by. */
  readonly fileId: string;
  readonly folderCount: number;
  folder(path: RawPath): ScannedFolder | undefined;
  /** The bytes of a section as they lie there. Throws where they cannot be read. */
  section(place: SectionPlace): Uint8Array;
  readonly paths: Iterable<RawPath>;
  /** Two columns of a folder as they lie there, whatever their sum says: for who looks again. */
  inodes(
    path: RawPath,
  ): { readonly inodes: BigUint64Array; readonly modes: Uint32Array } | undefined;
}

/**
 * Undefined where the file is not a whole scan cache. It belongs to what is returned, and is closed where
 * nothing is. `later`: facts of a capture that found nothing changed.
 */
export function openScanCache(file: CachedFile, later?: Buffer): ScanCache | undefined {
  let scan: ScanCache | undefined;
  try {
    scan = openChecked(file, later);
  } catch {
    // Any inconsistency means: damaged or of another version. It is rebuilt.
  }
  if (scan === undefined) file[Symbol.dispose]();
  return scan;
}

const trailerBytes = 20;

function openChecked(file: CachedFile, later: Buffer | undefined): ScanCache | undefined {
  if (endianness() !== "LE" || file.lengthBytes < 32) return undefined;
  const end = file.lengthBytes - trailerBytes;
  const [start, trailer] = [file.readAt(0, 8), file.readAt(end, trailerBytes)];
  if (start.toString("latin1", 0, 4) !== magic || trailer.toString("latin1", 16) !== magic)
    return undefined;
  const directoryAt = trailer.readDoubleLE(0);
  const factsBytes = start.readUInt32LE(4);
  if (!(directoryAt <= end) || 8 + factsBytes > end) return undefined;
  const written = parseFacts(file.readAt(8, factsBytes).toString("utf8"));
  const directory = file.readAt(directoryAt, end - directoryAt);
  const directorySum = trailer.readUInt32LE(12);
  if (crc32(directory) !== directorySum) return undefined;
  const fileId = `${written.snapshotId}-${directorySum}-${file.lengthBytes}`;
  const places = new Map<string, SectionPlace>();
  let at = 0;
  for (let n = trailer.readUInt32LE(8); n > 0; n--) {
    const pathEnd = at + 4 + directory.readUInt32LE(at);
    const place = {
      offset: directory.readDoubleLE(pathEnd),
      length: directory.readUInt32LE(pathEnd + 8),
    };
    places.set(directory.toString("latin1", at + 4, pathEnd), place);
    at = pathEnd + 12;
  }
  return {
    facts: decodeLaterFacts(later, fileId) ?? written,
    fileId,
    folderCount: places.size,
    get paths() {
      return places.keys() as Iterable<RawPath>;
    },
    folder(path) {
      const place = places.get(path);
      return place === undefined ? undefined : readSection(file, place);
    },
    section: ({ offset, length }) => file.readAt(offset, length),
    [Symbol.dispose]: () => file[Symbol.dispose](),
    inodes(path) {
      const place = places.get(path);
      return place === undefined ? undefined : readInodes(file, place);
    },
  };
}

const sectionHeaderBytes = 48;
/** In columns, without names and IDs. */
const bytesAnEntry = 57;

function readSection(file: CachedFile, place: SectionPlace): ScannedFolder | undefined {
  const section = sectionAt(file, place);
  if (section === undefined || crc32(section.subarray(4)) !== section.readUInt32LE(0))
    return undefined;
  const count = section.readUInt32LE(4);
  const nameBytes = section.readUInt32LE(8);
  const idCount = section.readUInt32LE(12);
  // Columns need 8-byte alignment, which a view into a larger buffer need not have.
  const bytes =
    section.byteOffset % 8 === 0 ? section : Buffer.from(new Uint8Array(section).buffer);
  let at = bytes.byteOffset + sectionHeaderBytes;
  const memory = bytes.buffer as ArrayBuffer;
  const wide = <T>(make: (memory: ArrayBuffer, offset: number, count: number) => T): T => {
    const column = make(memory, at, count);
    at += count * 8;
    return column;
  };
  const narrow = (): Uint32Array => {
    const column = new Uint32Array(memory, at, count);
    at += count * 4;
    return column;
  };
  const inodes = wide((m, o, c) => new BigUint64Array(m, o, c));
  const sizes = wide((m, o, c) => new Float64Array(m, o, c));
  const mtimesNs = wide((m, o, c) => new BigInt64Array(m, o, c));
  const ctimesNs = wide((m, o, c) => new BigInt64Array(m, o, c));
  const [modes, uids, gids, links, nameEnds, idEnds] = [
    narrow(),
    narrow(),
    narrow(),
    narrow(),
    narrow(),
    narrow(),
  ];
  const flags = new Uint8Array(memory, at, count);
  at += count;
  const allNames = Buffer.from(memory, at, nameBytes).toString("latin1");
  at += nameBytes;
  const ids = new Uint8Array(memory, at, idCount * 32);
  const names: RawName[] = Array.from({ length: count });
  for (let n = 0, from = 0; n < count; n++) {
    const end = nameEnds[n] as number;
    names[n] = allNames.slice(from, end) as RawName;
    from = end;
  }
  const treeId = bytes.subarray(16, 48);
  return {
    treeId,
    length: count,
    names,
    inodes,
    sizes,
    mtimesNs,
    ctimesNs,
    modes,
    uids,
    gids,
    links,
    flags,
    idEnds,
    ids,
    place,
  };
}

/** Undefined where there are not so many bytes: the folder is read anew. */
function sectionAt(file: CachedFile, { offset, length }: SectionPlace): Buffer | undefined {
  if (length < sectionHeaderBytes || offset + length > file.lengthBytes) return undefined;
  try {
    return file.readAt(offset, length);
  } catch {
    return undefined;
  }
}

function readInodes(file: CachedFile, place: SectionPlace): ReturnType<ScanCache["inodes"]> {
  const { offset, length } = place;
  const header = sectionAt(file, { offset, length: Math.min(length, sectionHeaderBytes) });
  const count = header?.readUInt32LE(4) ?? 0;
  if (header === undefined || sectionHeaderBytes + count * bytesAnEntry > length) return undefined;
  const inodes = new BigUint64Array(count);
  const modes = new Uint32Array(count);
  try {
    const at = offset + sectionHeaderBytes;
    viewOf(inodes).set(file.readAt(at, count * 8));
    viewOf(modes).set(file.readAt(at + count * 32, count * 4));
  } catch {
    return undefined;
  }
  return { inodes, modes };
}

export type FolderState = {
  readonly treeId: Uint8Array;
  readonly listing: Listing;
  readonly flags: Uint8Array;
  readonly idEnds: Uint32Array;
  readonly ids: Uint8Array;
};

/** Collects sections folder by folder and yields the file in parts. What is kept stays in `scan` until then. */
export class ScanCacheWriter {
  readonly #scan: ScanCache | undefined;
  readonly #sections: (Buffer | SectionPlace)[] = [];
  readonly #directory: Buffer[] = [];
  #length = 0;
  #changed = 0;

  constructor(scan?: ScanCache) {
    this.#scan = scan;
  }

  /** A folder that changed. */
  add(path: RawPath, state: FolderState): void {
    const { listing } = state;
    this.#changed++;
    this.#append(
      path,
      encodeSection({
        treeId: state.treeId,
        names: listing.names,
        columns: [listing.inodes, listing.sizes, listing.mtimesNs, listing.ctimesNs].map(viewOf),
        narrow: [listing.modes, listing.uids, listing.gids, listing.links],
        flags: state.flags,
        idEnds: state.idEnds,
        ids: state.ids,
      }),
    );
  }

  /** A folder that did not change: its section as it was. */
  keep(path: RawPath, place: SectionPlace): void {
    this.#append(path, place);
  }

  /** Whether the file that the kept sections come from says the same as a new one would. */
  isSameAs(scan: ScanCache): boolean {
    return this.#changed === 0 && this.#directory.length === scan.folderCount;
  }

  #append(path: RawPath, section: Buffer | SectionPlace): void {
    const pathBytes = Buffer.from(path, "latin1");
    const entry = Buffer.alloc(4 + pathBytes.length + 12);
    entry.writeUInt32LE(pathBytes.length, 0);
    entry.set(pathBytes, 4);
    entry.writeDoubleLE(this.#length, 4 + pathBytes.length);
    entry.writeUInt32LE(section.length, 12 + pathBytes.length);
    this.#directory.push(entry);
    this.#sections.push(section);
    this.#length += section.length + paddingOf(section.length);
  }

  /** Throws where a section that was kept cannot be read any more. */
  *finish(facts: ScanFacts): Generator<Uint8Array> {
    const json = Buffer.from(JSON.stringify(facts));
    const header = Buffer.alloc(Math.ceil((8 + json.length) / 8) * 8);
    header.write(magic, 0, "latin1");
    header.writeUInt32LE(json.length, 4);
    header.set(json, 8);
    const directory = Buffer.concat(this.#directory);
    // Offsets were counted from the first section.
    for (let at = 0; at < directory.length;) {
      const offsetAt = at + 4 + directory.readUInt32LE(at);
      directory.writeDoubleLE(directory.readDoubleLE(offsetAt) + header.length, offsetAt);
      at = offsetAt + 12;
    }
    const trailer = Buffer.alloc(trailerBytes);
    trailer.writeDoubleLE(header.length + this.#length, 0);
    trailer.writeUInt32LE(this.#directory.length, 8);
    trailer.writeUInt32LE(crc32(directory), 12);
    trailer.write(magic, 16, "latin1");
    yield header;
    for (const section of this.#sections) {
      yield section instanceof Uint8Array ? section : (this.#scan as ScanCache).section(section);
      yield new Uint8Array(paddingOf(section.length));
    }
    yield directory;
    yield trailer;
  }
}

function paddingOf(length: number): number {
  return (8 - (length % 8)) % 8;
}

type Section = {
  readonly treeId: Uint8Array;
  readonly names: readonly RawName[];
  readonly columns: readonly Uint8Array[];
  readonly narrow: readonly Uint32Array[];
  readonly flags: Uint8Array;
  readonly idEnds: Uint32Array;
  readonly ids: Uint8Array;
};

function encodeSection(section: Section): Buffer {
  const names = Buffer.from(section.names.join(""), "latin1");
  const nameEnds = new Uint32Array(section.names.length);
  let end = 0;
  for (const [n, name] of section.names.entries()) nameEnds[n] = end += name.length;
  const header = Buffer.alloc(sectionHeaderBytes);
  header.writeUInt32LE(section.names.length, 4);
  header.writeUInt32LE(names.length, 8);
  header.writeUInt32LE(section.ids.length / 32, 12);
  header.set(section.treeId, 16);
  const bytes = Buffer.concat([
    header,
    ...section.columns,
    ...section.narrow.map(viewOf),
    viewOf(nameEnds),
    viewOf(section.idEnds),
    section.flags,
    names,
    section.ids,
  ]);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

function viewOf(column: ArrayBufferView): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
