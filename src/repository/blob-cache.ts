/**
 * The blobs read last, bounded by their bytes: trees on the way to what is read, and a message that is
 * read in ranges. The trees of a whole store that is restored would fill any bound, and are read again.
 */
const limitBytes = 16 * 1024 * 1024;
/** A blob larger than this would push out too much. */
const largestBytes: number = limitBytes / 2;

export class BlobCache {
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  readonly #blobs = new Map<string, Uint8Array>();
  #bytes = 0;

  get(id: Uint8Array): Uint8Array | undefined {
    const key = keyOf(id);
    const bytes = this.#blobs.get(key);
    if (bytes === undefined) return undefined;
    this.#blobs.delete(key);
    this.#blobs.set(key, bytes);
    return bytes;
  }

  set(id: Uint8Array, bytes: Uint8Array): void {
    if (bytes.length > largestBytes) return;
    const key = keyOf(id);
    if (this.#blobs.has(key)) return;
    this.#blobs.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#blobs) {
      if (this.#bytes <= limitBytes) break;
      this.#blobs.delete(oldest);
      this.#bytes -= old.length;
    }
  }
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
}
