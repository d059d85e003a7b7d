/** A file on its way to the content store, and what comes of it. */

export type FileToStore = {
  /** Absolute path on this machine, one character per byte. */
  readonly absolutePath: string;
  readonly sizeBytes: number;
  readonly inode: bigint;
  readonly onResult: (result: StoredFile) => Promise<void> | undefined;
};

export type StoredFile = {
  readonly status: number;
  /** 32 bytes a blob. */
  readonly ids: Uint8Array;
  readonly inode: bigint;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly hasAttributes: boolean;
  /** An instant before it was read. */
  readonly lookedAtNs: bigint;
  readonly reason: string | undefined;
};
