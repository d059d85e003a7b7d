/** Rows of the observed state, and what they mean. */
import { entryTypeOf, type RawName, type RawPath, statModeOf } from "#image";
import type { FileState } from "#journal";
import type { ObservedFile } from "./observed-file.ts";

export type Row = {
  readonly parent: bigint;
  readonly name: string;
  /** Its own number, where it is a folder. */
  readonly folder: bigint | null;
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
  readonly inode: bigint;
  readonly links: bigint;
  /** JSON of what few have. */
  readonly extra: string | null;
  readonly block: bigint | null;
  readonly digests: Uint8Array | null;
  readonly validated: bigint | null;
};

type Extra = {
  readonly linkTarget?: string;
  readonly device?: string;
  readonly attributes?: readonly (readonly [name: string, value: string])[];
};

/** In the order of the columns behind `parent`, `name` and `folder`. */
export function valuesOf(file: ObservedFile): (bigint | number | string | Uint8Array | null)[] {
  const { state, sizeBytes, content, validatedBytes } = file;
  return [
    statModeOf(state),
    state.uid,
    state.gid,
    sizeBytes,
    state.mtimeNs,
    state.ctimeNs,
    BigInt.asIntN(64, state.inode),
    state.links,
    extraOf(state),
    content?.blockBytes ?? null,
    content?.digests ?? null,
    validatedBytes ?? null,
  ];
}

export function fileOf(row: Row): ObservedFile & { readonly name: RawName } {
  const mode = Number(row.mode);
  const extra = (row.extra === null ? {} : JSON.parse(row.extra)) as Extra;
  const state: FileState = {
    type: entryTypeOf(mode),
    mode: mode & 0o7777,
    uid: Number(row.uid),
    gid: Number(row.gid),
    mtimeNs: row.mtime,
    ctimeNs: row.ctime,
    inode: BigInt.asUintN(64, row.inode),
    links: Number(row.links),
    ...(extra.linkTarget === undefined ? {} : { linkTarget: extra.linkTarget as RawPath }),
    ...(extra.device === undefined ? {} : { device: BigInt(extra.device) }),
    ...(extra.attributes === undefined
      ? {}
      : {
          extendedAttributes: extra.attributes.map(([name, value]) => ({
            name,
            value: new Uint8Array(Buffer.from(value, "base64")),
          })),
        }),
  };
  return {
    name: row.name as RawName,
    state,
    sizeBytes: Number(row.size),
    ...(row.block !== null && row.digests !== null
      ? { content: { blockBytes: Number(row.block), digests: row.digests } }
      : {}),
    ...(row.validated === null ? {} : { validatedBytes: Number(row.validated) }),
  };
}

function extraOf({ linkTarget, device, extendedAttributes }: FileState): string | null {
  if (linkTarget === undefined && device === undefined && extendedAttributes === undefined)
    return null;
  const extra: Extra = {
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device: device.toString() }),
    ...(extendedAttributes === undefined
      ? {}
      : {
          attributes: extendedAttributes.map(({ name, value }) => [
            name,
            Buffer.from(value).toString("base64"),
          ]),
        }),
  };
  return JSON.stringify(extra);
}
