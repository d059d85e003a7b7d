/**
 * image: a mail store as it was at one moment, read-only. The currency of the house: every
 * source yields an Image, every copy opens as one, and browse, search and restore read one.
 *
 * Adapters: a folder that stands still (`openDirectoryImage`), a store that is in use
 * (`openLiveImage`), and memory for tests (`memoryImage`). Several folders are one (`joinImages`). Names are bytes (`RawPath`).
 */
export {
  consistencies,
  type Consistency,
  type ExtractRequest,
  type ExtractResult,
  type FileAttributes,
  type HandedOver,
  type Image,
  type ImageMoment,
  type ImageProblem,
  type LocalAccess,
  type ReadFile,
  type ReadOptions,
  type Volume,
} from "./image.ts";
export type { Evidence, MailboxCount, RejectedImage, Validation } from "./evidence.ts";
export {
  type Entry,
  type EntryType,
  entryTypeOf,
  entryTypes,
  type ExtendedAttribute,
  statModeOf,
} from "./entry.ts";
export {
  type EntryExtra,
  Listing,
  ListingBuilder,
  type ListingColumns,
  type ListingBuilderOptions,
} from "./listing.ts";
export {
  displayPath,
  isWithin,
  joinRawPath,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
  rawPathFromBytes,
  rawPathFromText,
  rawPathToBytes,
  rootPath,
} from "./raw-path.ts";
export { ImageError, type ImageErrorCode, isImageError } from "./image-error.ts";
export {
  type DirectoryImageOptions,
  lookUp,
  openDirectoryImage,
  resolveFolder,
} from "./directory-image.ts";
export { checkFolder, entryOf, listFolder, type ListFolderOptions } from "./list-folder.ts";
export { readFilePieces, type ReadFileOptions } from "./read-file.ts";
export { type LiveImageOptions, openLiveImage } from "./live-image.ts";
export {
  foldersAbove,
  type ImagePart,
  joinedFolder,
  joinImages,
  type JoinedImageOptions,
} from "./joined-image.ts";
export {
  type AccountPlaces,
  parseServerFacts,
  type ServerFacts,
  serverFactsJson,
} from "./server-facts.ts";
export {
  memoryImage,
  type MemoryImageOptions,
  type MemoryNode,
  type MemoryNodes,
} from "./memory-image.ts";
export { type ClockNs, type MomentOptions, systemClockNs } from "./moment.ts";
export {
  type OwnerNames,
  type OwnerNamesOptions,
  parseOwnerNames,
  readOwnerNames,
} from "./owner-names.ts";
export {
  extendedAttributeSupport,
  hasExtendedAttributes,
  readExtendedAttributes,
  type ReadExtendedAttributesOptions,
  removeExtendedAttribute,
  writeExtendedAttribute,
} from "./extended-attributes.ts";
export {
  describeVolume,
  findMount,
  type Mount,
  parseMountInfo,
  sameDevice,
  volumeIdentity,
} from "./volume.ts";
export { mountsBelow, readMounts } from "./mounts-below.ts";
export { identityInto, identityLength } from "./folder-stats.ts";
export { Turns } from "./turns.ts";
export { findEntry } from "./find-entry.ts";
export { listIfThere } from "./list-if-there.ts";
export { readAll, type ReadAllOptions } from "./read-all.ts";
export { writeMemoryNodes } from "./write-memory-nodes.ts";
export { walkImage, type Walked, type WalkOptions } from "./walk.ts";
