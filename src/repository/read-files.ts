/** Many whole files into memory, in the order of the packs that they lie in. */
import type { RawPath, ReadFile } from "#image";
import { type BlobReader, plainLength } from "./blob-reader.ts";
import type { FoundFile } from "./extract.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import type { RepositoryCore } from "./repository-core.ts";

const idBytes = 32;
/** What small files share. */
const pageBytes = 1024 * 1024;

export type ReadFilesOptions = {
  readonly core: RepositoryCore;
  readonly reader: BlobReader;
  readonly files: AsyncIterable<FoundFile>;
  readonly signal?: AbortSignal | undefined;
};

type Reading = {
  readonly path: RawPath;
  readonly ids: Uint8Array;
  readonly lengthBytes: number;
  /** Begun with the first of its blobs. */
  bytes?: Uint8Array<ArrayBuffer>;
  missing: number;
};

/** Where a blob belongs: a file, and how far from its beginning. */
type Place = { readonly reading: Reading; readonly offset: number };

export async function* readFiles(options: ReadFilesOptions): AsyncGenerator<ReadFile> {
  const { core, reader, files, signal = new AbortController().signal } = options;
  const index = await reader.wholeIndex(signal);
  const places = new Map<number, Place[]>();
  const memory = new FileMemory();
  const alone: Omit<Reading, "missing">[] = [];
  for await (const found of files) {
    const { path } = found.request;
    if ("error" in found) {
      yield { path, error: found.error };
      continue;
    }
    const { ids } = found;
    const count = ids.length / idBytes;
    const blobsOf = Array.from({ length: count }, (_, at) => index.find(idAt(ids, at), "data"));
    if (count === 0) yield { path, bytes: new Uint8Array(0) };
    // Not in the index: somebody pruned since it was loaded, or it is lost.
    else if (blobsOf.some((number) => number < 0)) alone.push({ path, ids, lengthBytes: 0 });
    else {
      const offsets: number[] = [];
      let lengthBytes = 0;
      for (const number of blobsOf) {
        offsets.push(lengthBytes);
        lengthBytes += plainLength(index.location(number));
      }
      const reading: Reading = { path, ids, lengthBytes, missing: count };
      for (const [at, number] of blobsOf.entries())
        add(places, number, { reading, offset: offsets[at] as number });
    }
  }
  const blobs = Uint32Array.from(places.keys());
  for await (const { blob, bytes } of readInPackOrder(core, {
    index,
    blobs,
    asViews: true,
    signal,
  })) {
    for (const { reading, offset } of places.get(blob) ?? []) {
      if (bytes === undefined) {
        if (!alone.includes(reading)) alone.push(reading);
        continue;
      }
      reading.bytes ??= memory.take(reading.lengthBytes);
      reading.bytes.set(bytes, offset);
      reading.missing--;
      if (reading.missing === 0) yield { path: reading.path, bytes: reading.bytes };
    }
    places.delete(blob);
  }
  for (const reading of alone) yield await readAlone(reading, reader, signal);
}

/** Blob by blob, as one that reads a single file does, which loads the index again where that helps. */
async function readAlone(
  { path, ids }: Pick<Reading, "path" | "ids">,
  reader: BlobReader,
  signal: AbortSignal,
): Promise<ReadFile> {
  try {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < ids.length / idBytes; at++)
      pieces.push(await reader.read(idAt(ids, at), { type: "data", signal }));
    return { path, bytes: joined(pieces) };
  } catch (error) {
    signal.throwIfAborted();
    return { path, error: error as Error };
  }
}

function idAt(ids: Uint8Array, at: number): Uint8Array {
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

/** Memory for many small files at once: to ask for each costs more than to fill it. */
class FileMemory {
  #page: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #used = 0;

  take(lengthBytes: number): Uint8Array<ArrayBuffer> {
    if (lengthBytes > pageBytes / 4) return Buffer.allocUnsafeSlow(lengthBytes);
    if (this.#used + lengthBytes > this.#page.length) {
      this.#page = Buffer.allocUnsafeSlow(pageBytes);
      this.#used = 0;
    }
    this.#used += lengthBytes;
    return this.#page.subarray(this.#used - lengthBytes, this.#used);
  }
}
