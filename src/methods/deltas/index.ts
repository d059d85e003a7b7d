/**
 * methods/deltas: rotation of delta snapshots (paper §3.4): replicas that share unchanged blocks with the
 * store, and so do not outlive its volume.
 */
export { deltas, deltasName, initDeltas } from "./deltas.ts";
