import type {
  ByteRange,
  FileHandle,
  FileType,
  Storage,
  StorageOptions,
  StoragePromises,
  StoredFile,
} from "./storage.ts";
import { checkName, checkRange, fileExists, fileNotFound, placeNotFound } from "./storage-error.ts";

/** A Storage that lives as long as the process. */
export function memoryStorage(options: { readonly location?: string } = {}): Storage {
  return new MemoryStorage(options.location ?? "memory");
}

class MemoryStorage implements Storage {
  readonly location: string;
  readonly promises: StoragePromises = { durable: false, atomic: true, listsAtOnce: true };
  readonly #files = new Map<string, Uint8Array>();
  #created = false;

  constructor(location: string) {
    this.location = location;
  }

  async create(options: StorageOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#created = true;
  }

  async save(
    file: FileHandle,
    parts: readonly Uint8Array[],
    options: StorageOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    checkName(file);
    if (!this.#created) throw placeNotFound("save", this.location, file.type);
    // A Buffer would be a window on a pool that is shared with others.
    const bytes = Uint8Array.from(Buffer.concat(parts));
    const there = this.#files.get(keyOf(file));
    if (there === undefined) this.#files.set(keyOf(file), bytes);
    else if (file.type === "config") throw fileExists(file, this.location, "there is one already");
    else if (there.length !== bytes.length) {
      const state = `there is one with ${there.length} bytes instead of ${bytes.length}`;
      throw fileExists(file, this.location, state);
    }
  }

  async load(file: FileHandle, options: ByteRange & StorageOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const bytes = this.#get("load", file);
    const where = { file, location: this.location };
    const { offset, lengthBytes } = checkRange(bytes.length, options, where);
    return bytes.slice(offset, offset + lengthBytes);
  }

  async stat(file: FileHandle, options: StorageOptions = {}): Promise<StoredFile> {
    options.signal?.throwIfAborted();
    return { name: nameOf(file), sizeBytes: this.#get("look at", file).length };
  }

  async *list(type: FileType, options: StorageOptions = {}): AsyncIterable<StoredFile> {
    options.signal?.throwIfAborted();
    if (!this.#created) throw placeNotFound(`list ${type} files`, this.location, type);
    const prefix = `${type}/`;
    const found: StoredFile[] = [];
    for (const [key, bytes] of this.#files) {
      if (key.startsWith(prefix)) {
        found.push({ name: key.slice(prefix.length), sizeBytes: bytes.length });
      }
    }
    // Collected first: files come and go while the caller works on the listing.
    yield* found;
  }

  async remove(file: FileHandle, options: StorageOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#get("remove", file);
    this.#files.delete(keyOf(file));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #get(action: string, file: FileHandle): Uint8Array {
    checkName(file);
    const bytes = this.#files.get(keyOf(file));
    if (bytes === undefined) throw fileNotFound(action, file, this.location);
    return bytes;
  }
}

function nameOf(file: FileHandle): string {
  return file.type === "config" ? "" : file.name;
}

function keyOf(file: FileHandle): string {
  return `${file.type}/${nameOf(file)}`;
}
