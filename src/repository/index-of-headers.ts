/**
 * The index of packs that were just stored, from their headers to columns to JSON without an object
 * for each blob: a large capture has millions, and names them in its busiest moments.
 */
import { countHeaderBlobs } from "./pack-format.ts";
import { type ParsedIndex, emptyColumns } from "./parsed-index.ts";

/** A pack and its header before encryption, as `encodePackHeader` made it. */
export type PackHeader = { readonly packId: string; readonly header: Uint8Array };

export function indexOfHeaders(packs: readonly PackHeader[]): ParsedIndex {
  const index = emptyColumns(
    packs.map(({ packId }) => packId),
    [],
    packs.reduce((sum, { header }) => sum + countHeaderBlobs(header), 0),
  );
  let blob = 0;
  for (const [packIndex, { header }] of packs.entries()) {
    const view = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
    let offset = 0;
    // Layout: pack-format.ts.
    for (let at = 0; at < view.length; blob++) {
      const kind = view[at] as number;
      const isCompressed = kind >= 2;
      const lengthBytes = view.readUInt32LE(at + 1);
      index.types[blob] = kind % 2;
      index.packs32[blob] = packIndex;
      index.offsets[blob] = offset;
      index.lengths[blob] = lengthBytes;
      index.rawLengths[blob] = isCompressed ? view.readUInt32LE(at + 5) : 0;
      const idAt = at + (isCompressed ? 9 : 5);
      index.ids.set(view.subarray(idAt, idAt + 32), blob * 32);
      offset += lengthBytes;
      at = idAt + 32;
    }
  }
  return index;
}

/** The JSON of an index file, as restic writes it; of columns whose packs' blobs lie together, in order. */
export function encodeColumns(index: ParsedIndex): Uint8Array {
  const parts: Buffer[] = [Buffer.from('{"packs":[')];
  const ids = Buffer.from(index.ids.buffer, index.ids.byteOffset, index.ids.byteLength);
  let blob = 0;
  for (const [packIndex, packId] of index.packs.entries()) {
    const entries: string[] = [];
    for (; index.packs32[blob] === packIndex && blob < index.length; blob++) {
      const id = ids.toString("hex", blob * 32, blob * 32 + 32);
      const type = index.types[blob] === 1 ? "tree" : "data";
      const rawLength = index.rawLengths[blob] as number;
      const raw = rawLength === 0 ? "" : `,"uncompressed_length":${rawLength}`;
      entries.push(
        `{"id":"${id}","type":"${type}","offset":${index.offsets[blob]},"length":${index.lengths[blob]}${raw}}`,
      );
    }
    const comma = packIndex === 0 ? "" : ",";
    parts.push(Buffer.from(`${comma}{"id":"${packId}","blobs":[${entries.join(",")}]}`, "latin1"));
  }
  parts.push(Buffer.from("]}"));
  return Buffer.concat(parts);
}
