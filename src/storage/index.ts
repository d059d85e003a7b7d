/**
 * storage: where bytes rest. Whole files, written once, never changed, in a folder of this
 * machine or in memory; each adapter states what it can promise.
 *
 * `faultyStorage` wraps another storage and fails on purpose: it is for tests of whoever writes
 * to a Storage.
 */
export {
  fileTypes,
  type ByteRange,
  type FileHandle,
  type FileType,
  type Storage,
  type StorageOptions,
  type StoragePromises,
  type StoredFile,
} from "./storage.ts";
export { StorageError, type StorageErrorCode } from "./storage-error.ts";
export { memoryStorage } from "./memory-storage.ts";
export { directoryStorage, type DirectoryStorageOptions } from "./directory-storage.ts";
export {
  faultyStorage,
  seededNumbers,
  seededRules,
  type FaultRule,
  type FaultyStorage,
  type FaultyStorageOptions,
  type StorageAction,
  type StorageOperation,
} from "./faulty-storage.ts";
