/**
 * snapshots: frozen images of a mail store, made by its filesystem (paper §2.1, §3.3, §3.4). Providers
 * are shared by the sources that freeze a store to read it and the methods that keep what was frozen.
 *
 * `detectProviders` says which suit a store and a destination. A frozen store is a folder with a
 * record in it; `open` gives it as an Image, `remove` takes only what bears such a record, and
 * `sweepSnapshots` removes what ends in the middle left behind.
 */
export {
  type OpenSnapshotOptions,
  type Protection,
  protections,
  type SnapshotKind,
  type SnapshotOptions,
  type SnapshotProgress,
  type SnapshotProvider,
  type SnapshotProviderName,
  snapshotPhases,
  snapshotProviderNames,
  type SnapshotSpace,
  type Suitability,
  type Taken,
  type WritableCopyOptions,
  type WritableLayer,
} from "./snapshot-provider.ts";
export { type BtrfsSnapshotOptions, btrfsSnapshots } from "./btrfs-snapshot.ts";
export { type CopyProviderOptions } from "./copy-provider.ts";
export { plainCopies } from "./plain-copy.ts";
export { reflinkCopies } from "./reflink-copy.ts";
export {
  allProviders,
  describeSnapshotSupport,
  type DetectedProvider,
  type DetectOptions,
  detectProviders,
  readTaken,
  type SnapshotFact,
} from "./detect-providers.ts";
export { type SweptSnapshots, sweepSnapshots } from "./sweep.ts";
export { SnapshotError, type SnapshotErrorCode } from "./snapshot-error.ts";
