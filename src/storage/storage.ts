/**
 * The Storage port: where the bytes of a repository rest. It is restic's backend contract
 * (restic design: Repository Layout): whole files, written once, never changed.
 */

/** The kinds of file a repository holds. `config` is a single file and ignores the name. */
export const fileTypes = ["config", "key", "lock", "snapshot", "index", "data"] as const;
export type FileType = (typeof fileTypes)[number];

export type FileHandle = {
  readonly type: FileType;
  /** Lower-case hexadecimal sha256 of the file's bytes; "" for `config`. */
  readonly name: string;
};

export type StoredFile = { readonly name: string; readonly sizeBytes: number };

/** What this storage can promise, so that a policy that needs more is refused. */
export type StoragePromises = {
  /** A file is on stable storage when `save` returns. */
  readonly durable: boolean;
  /** A file is seen whole or not at all. */
  readonly atomic: boolean;
  /**
   * A listing shows whatever any process has saved before it began. Undefined: it may lag a little, as
   * on network filesystems.
   */
  readonly listsAtOnce?: boolean;
};

export type ByteRange = {
  /** First byte. Default 0. */
  readonly offset?: number;
  /** Number of bytes. Default: to the end. Asking for more than there is is an error. */
  readonly lengthBytes?: number;
};

export type StorageOptions = { readonly signal?: AbortSignal };

export type ListOptions = StorageOptions & {
  /** Whoever wants names alone says false: `sizeBytes` may be 0 then, and a file may be gone when it is asked for. */
  readonly sizes?: boolean;
};

/**
 * Errors are StorageError: `storage.not-found`, `storage.exists` (a `config` or other file that is there already
 * and differs), `storage.full`, `storage.denied`, `storage.truncated`, `storage.failed`; `retryable` says which may pass by itself.
 */
export interface Storage extends AsyncDisposable {
  /** What a person calls it: a path or URL without secrets. */
  readonly location: string;
  readonly promises: StoragePromises;
  /** Prepares an empty place (folders). Idempotent; touches nothing that is there. */
  create(options?: StorageOptions): Promise<void>;
  /** Writes a new file, given as parts to be concatenated. Never replaces one: a file of that name with the same size is kept, `config` and another size are `storage.exists`. */
  save(file: FileHandle, parts: readonly Uint8Array[], options?: StorageOptions): Promise<void>;
  /** The bytes of a file or of a range. The array is the caller's own. */
  load(file: FileHandle, options?: ByteRange & StorageOptions): Promise<Uint8Array>;
  stat(file: FileHandle, options?: StorageOptions): Promise<StoredFile>;
  /** All files of a type, in any order. A listing that fails throws: it never ends early. */
  list(type: FileType, options?: ListOptions): AsyncIterable<StoredFile>;
  /** Removes a file; `storage.not-found` if it is not there. */
  remove(file: FileHandle, options?: StorageOptions): Promise<void>;
}
