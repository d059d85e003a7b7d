/**
 * sources: data sources (Figure 1, left; paper §2.1): how to get a copy of a mail store that
 * stands still while it is read. Offline stops the mail server; live walks the store as it is
 * and says so.
 */
export { type Source, type SourceName, sourceNames, type StableImageRequest } from "./source.ts";
export { SourceError, type SourceErrorCode } from "./source-error.ts";
export {
  offlineSource,
  type OfflineSourceOptions,
  type RecoveredOffline,
  recoverInterruptedOffline,
} from "./offline.ts";
export { liveSource, type LiveSourceOptions } from "./live.ts";
export { memorySource, type MemorySourceOptions } from "./memory-source.ts";
export {
  hotSplitSource,
  type HotSplitOptions,
  sweepHotSplits,
  type SweptSplits,
} from "./hot-split/index.ts";
export {
  type CaptureBase,
  captureContinuously,
  type CaptureContinuously,
  type CaptureEvent,
  type CaptureState,
  captureStates,
  type CaptureStatus,
  type ContinuousCapture,
  type ContinuousCaptureOptions,
  type HintWay,
  hintWays,
} from "./continuous/index.ts";
