import type { RawName, RawPath } from "./raw-path.ts";

export const entryTypes = [
  "file",
  "directory",
  "symlink",
  "fifo",
  "socket",
  "block-device",
  "character-device",
] as const;
export type EntryType = (typeof entryTypes)[number];

export type ExtendedAttribute = { readonly name: string; readonly value: Uint8Array };

/** Everything an inode says of one name. */
export type Entry = {
  readonly name: RawName;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: st_mode & 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of the owner and group at that moment, where known. */
  readonly user?: string;
  readonly group?: string;
  readonly sizeBytes: number;
  /** Nanoseconds since 1970 UTC. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  /** st_dev: tells hard links apart within one Image; proves nothing across moments. */
  readonly deviceId: bigint;
  readonly links: number;
  readonly linkTarget?: RawPath;
  /** st_rdev of a device node. */
  readonly device?: bigint;
};

const typeOfFormat: ReadonlyMap<number, EntryType> = new Map([
  [0o100000, "file"],
  [0o040000, "directory"],
  [0o120000, "symlink"],
  [0o010000, "fifo"],
  [0o140000, "socket"],
  [0o060000, "block-device"],
  [0o020000, "character-device"],
] as const);

const formatOfType: ReadonlyMap<EntryType, number> = new Map(
  [...typeOfFormat].map(([format, type]) => [type, format]),
);

/** The type in st_mode's format bits (POSIX S_IFMT). */
export function entryTypeOf(statMode: number): EntryType {
  const type = typeOfFormat.get(statMode & 0o170000);
  if (type === undefined) throw new RangeError(`not a file mode: 0o${statMode.toString(8)}`);
  return type;
}

/** st_mode: format bits and permission bits. */
export function statModeOf(entry: { readonly type: EntryType; readonly mode: number }): number {
  return (formatOfType.get(entry.type) ?? 0) | (entry.mode & 0o7777);
}
