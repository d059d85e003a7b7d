/** Many whole files into memory, in the order of the packs that they lie in. */
import type { RawPath, ReadFile } from "#image";
import type { BlobReader } from "./blob-reader.ts";
import type { FoundFile } from "./extract.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import type { RepositoryCore } from "./repository-core.ts";

const idBytes = 32;

export type ReadFilesOptions = {
  readonly core: RepositoryCore;
  readonly reader: BlobReader;
  readonly files: AsyncIterable<FoundFile>;
  readonly signal?: AbortSignal | undefined;
};

type Reading = {
  readonly path: RawPath;
  readonly ids: Uint8Array;
  readonly pieces: (Uint8Array | undefined)[];
  missing: number;
};

export async function* readFiles(options: ReadFilesOptions): AsyncGenerator<ReadFile> {
  const { core, reader, files, signal = new AbortController().signal } = options;
  const index = await reader.wholeIndex(signal);
  const places = new Map<number, { readonly reading: Reading; readonly at: number }[]>();
  const alone: Reading[] = [];
  for await (const found of files) {
    const { path } = found.request;
    if ("error" in found) {
      yield { path, error: found.error };
      continue;
    }
    const count = found.ids.length / idBytes;
    const reading: Reading = { path, ids: found.ids, pieces: [], missing: count };
    const numbers = Array.from({ length: count }, (_, at) => index.find(idAt(reading, at), "data"));
    if (count === 0) yield { path, bytes: new Uint8Array(0) };
    // Not in the index: somebody pruned since it was loaded, or it is lost.
    else if (numbers.some((number) => number < 0)) alone.push(reading);
    else for (const [at, number] of numbers.entries()) add(places, number, { reading, at });
  }
  const blobs = Uint32Array.from(places.keys());
  for await (const { blob, bytes } of readInPackOrder(core, { index, blobs, signal })) {
    for (const { reading, at } of places.get(blob) ?? []) {
      if (bytes === undefined) {
        if (!alone.includes(reading)) alone.push(reading);
        continue;
      }
      reading.pieces[at] = bytes;
      reading.missing--;
      if (reading.missing > 0) continue;
      yield { path: reading.path, bytes: joined(reading.pieces as readonly Uint8Array[]) };
      reading.pieces.length = 0;
    }
    places.delete(blob);
  }
  for (const reading of alone) yield await readAlone(reading, reader, signal);
}

/** Blob by blob, as one that reads a single file does, which loads the index again where that helps. */
async function readAlone(
  reading: Reading,
  reader: BlobReader,
  signal: AbortSignal,
): Promise<ReadFile> {
  const { path } = reading;
  try {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < reading.ids.length / idBytes; at++)
      pieces.push(await reader.read(idAt(reading, at), { type: "data", signal }));
    return { path, bytes: joined(pieces) };
  } catch (error) {
    signal.throwIfAborted();
    return { path, error: error as Error };
  }
}

function idAt({ ids }: Pick<Reading, "ids">, at: number): Uint8Array {
  return ids.subarray(at * idBytes, (at + 1) * idBytes);
}

function add<Value>(map: Map<number, Value[]>, key: number, value: Value): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}
