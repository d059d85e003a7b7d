/** What travels between the thread that walks the store and the threads that read files. */

export type FileBatch = {
  /** Absolute paths, one character per byte. */
  readonly paths: readonly string[];
  /** Inodes as listed: another one under the same name is looked at twice. */
  readonly inodes: BigUint64Array;
};

export const batchStatus = {
  stored: 0,
  /** Nothing under that name any more. */
  vanished: 1,
  /** Kept changing while it was read; the last reading was stored. */
  torn: 2,
  /** Could not be opened or read. */
  unreadable: 3,
  /** Another kind of thing stands there now. */
  notAFile: 4,
} as const;
export type BatchStatus = (typeof batchStatus)[keyof typeof batchStatus];

export type BatchResult = {
  readonly statuses: Uint8Array;
  /** Number of blobs of each file. */
  readonly blobCounts: Uint32Array;
  /** All IDs, 32 bytes each, file after file. */
  readonly ids: Uint8Array;
  /** inode, size, mtime, ctime of what was read. */
  readonly stats: BigInt64Array;
  readonly bytesRead: number;
  /** 1 where the file has extended attributes. */
  readonly hasAttributes: Uint8Array;
  /** Why a file was unreadable, by its position. */
  readonly reasons: ReadonlyMap<number, string>;
};

/** Files and bytes that make a batch: enough to hide the message, few enough to share fairly. */
export const batchFiles = 128;
export const batchBytes: number = 4 * 1024 * 1024;
