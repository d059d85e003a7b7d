/** Layers of protection laid over time: windows, lapses, and how old the state is that people ask for. */
export { type Lapse, type LapseChange, lapsesOf } from "./lapses.ts";
export { shareBetween, shareOfRecoveries } from "./recovery-age.ts";
export {
  finenessAt,
  type Layer,
  rotationOfRules,
  type Segment,
  segmentsOf,
  type Window,
  type WindowOptions,
  windowsOf,
} from "./windows.ts";
