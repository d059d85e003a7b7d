/**
 * One index file (restic design: Indexing) in columns, 50 bytes a blob, and as JSON. What is kept of it
 * in the local cache: cached-index.ts.
 */
import { RepositoryError } from "./repository-error.ts";
import { parseJson } from "./unpacked-file.ts";
import type { BlobType, PackedBlob } from "./pack-format.ts";

export type ParsedIndex = {
  /** Hexadecimal IDs. */
  readonly packs: readonly string[];
  readonly supersedes: readonly string[];
  readonly length: number;
  /** 32 bytes a blob. */
  readonly ids: Uint8Array;
  /** Position in `packs`. */
  readonly packs32: Uint32Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly rawLengths: Uint32Array;
  /** 0 data, 1 tree. */
  readonly types: Uint8Array;
};

export type IndexedPack = { readonly packId: string; readonly blobs: readonly PackedBlob[] };

/** The JSON of an index file, as restic writes it. */
export function encodeIndex(packs: readonly IndexedPack[]): Uint8Array {
  const parts = packs.map(({ packId, blobs }) => {
    const entries = blobs.map((blob) => {
      const id = Buffer.from(blob.id).toString("hex");
      const raw = blob.rawLengthBytes === 0 ? "" : `,"uncompressed_length":${blob.rawLengthBytes}`;
      return `{"id":"${id}","type":"${blob.type}","offset":${blob.offset},"length":${blob.lengthBytes}${raw}}`;
    });
    return `{"id":"${packId}","blobs":[${entries.join(",")}]}`;
  });
  return Buffer.from(`{"packs":[${parts.join(",")}]}`, "latin1");
}

type IndexJson = {
  readonly packs?: unknown;
  readonly supersedes?: unknown;
};
type PackJson = { readonly id: string; readonly blobs: readonly BlobJson[] };
type BlobJson = {
  readonly id: string;
  readonly type: BlobType;
  readonly offset: number;
  readonly length: number;
  readonly uncompressed_length?: number;
};

/** Reads an index file's JSON, of version 1 (an array of packs in old repositories) or 2. */
export function parseIndex(json: Uint8Array, indexId: string): ParsedIndex {
  const what = `index ${indexId.slice(0, 8)}`;
  const value = parseJson(json, what);
  const object: IndexJson = Array.isArray(value) ? { packs: value } : (value ?? {});
  const packs = (object.packs ?? []) as readonly PackJson[];
  const supersedes = Array.isArray(object.supersedes) ? object.supersedes.map(String) : [];
  try {
    const length = packs.reduce((sum, pack) => sum + pack.blobs.length, 0);
    const index = emptyColumns(
      packs.map((pack) => checkedId(pack.id)),
      supersedes,
      length,
    );
    let at = 0;
    for (const [packIndex, pack] of packs.entries()) {
      for (const blob of pack.blobs) setBlob(index, at++, { packIndex, blob });
    }
    return index;
  } catch (cause) {
    throw new RepositoryError("repository.damaged", `Cannot read ${what}: it is not an index`, {
      hint: "`restante repair` makes a new index from the packs.",
      cause,
    });
  }
}

function setBlob(
  index: ParsedIndex,
  at: number,
  { packIndex, blob }: { readonly packIndex: number; readonly blob: BlobJson },
): void {
  const id = Buffer.from(checkedId(blob.id), "hex");
  const numbers = [blob.offset, blob.length, blob.uncompressed_length ?? 0];
  const fits = numbers.every(
    (value) => Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff,
  );
  if (!fits || (blob.type !== "data" && blob.type !== "tree"))
    throw new RangeError("a blob's place is not one");
  index.ids.set(id, at * 32);
  index.packs32[at] = packIndex;
  index.offsets[at] = blob.offset;
  index.lengths[at] = blob.length;
  index.rawLengths[at] = blob.uncompressed_length ?? 0;
  index.types[at] = blob.type === "tree" ? 1 : 0;
}

function checkedId(id: unknown): string {
  if (typeof id === "string" && /^[0-9a-f]{64}$/.test(id)) return id;
  throw new RangeError("an ID is not one");
}

export function emptyColumns(
  packs: readonly string[],
  supersedes: readonly string[],
  length: number,
): ParsedIndex {
  return {
    packs,
    supersedes,
    length,
    ids: new Uint8Array(length * 32),
    packs32: new Uint32Array(length),
    offsets: new Uint32Array(length),
    lengths: new Uint32Array(length),
    rawLengths: new Uint32Array(length),
    types: new Uint8Array(length),
  };
}

/** Columns of packs that have just been written. */
export function indexOfPacks(packs: readonly IndexedPack[]): ParsedIndex {
  const length = packs.reduce((sum, pack) => sum + pack.blobs.length, 0);
  const index = emptyColumns(
    packs.map((pack) => pack.packId),
    [],
    length,
  );
  let at = 0;
  for (const [packIndex, pack] of packs.entries()) {
    for (const blob of pack.blobs) {
      index.ids.set(blob.id, at * 32);
      index.packs32[at] = packIndex;
      index.offsets[at] = blob.offset;
      index.lengths[at] = blob.lengthBytes;
      index.rawLengths[at] = blob.rawLengthBytes;
      index.types[at] = blob.type === "tree" ? 1 : 0;
      at++;
    }
  }
  return index;
}
