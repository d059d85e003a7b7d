/**
 * Continuous capture (paper §3.5): every change of a mail store that is in use, observed one by one
 * and written into the group's journal. Hints say where to look, scans are the truth.
 */
export {
  type CaptureBase,
  type CaptureContinuously,
  type CaptureEvent,
  type CaptureState,
  captureStates,
  type CaptureStatus,
  type ContinuousCapture,
  type ContinuousCaptureOptions,
} from "./capture-port.ts";
export { captureContinuously } from "./capture-continuously.ts";
export { type HintSources, type HintWay, hintWays } from "./hints/change-hints.ts";
