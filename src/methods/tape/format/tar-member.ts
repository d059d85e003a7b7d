import type { ExtendedAttribute, RawPath } from "#image";

export const tarBlockBytes = 512;

export const tarTypes = [
  "file",
  "hard-link",
  "symlink",
  "character-device",
  "block-device",
  "directory",
  "fifo",
] as const;
export type TarType = (typeof tarTypes)[number];

/** Everything that a tar archive says of one name. */
export type TarMember = {
  readonly path: RawPath;
  readonly type: TarType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string;
  readonly group?: string;
  /** Bytes of content that follow; 0 for all but files. */
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs?: bigint;
  /** Of a symlink as it is written; of a hard link the path of the member that has the content. */
  readonly linkTarget?: RawPath;
  readonly device?: bigint;
  readonly attributes: readonly ExtendedAttribute[];
};

/** Content is padded to whole blocks of the archive. */
export function paddingOf(sizeBytes: number): number {
  return (tarBlockBytes - (sizeBytes % tarBlockBytes)) % tarBlockBytes;
}

/** Linux's makedev(3) undone. */
export function deviceNumbers(device: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}

export function deviceOfNumbers(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) |
    ((high & 0xfffn) << 8n) |
    ((low & 0xffffff00n) << 12n) |
    (low & 0xffn)
  );
}
