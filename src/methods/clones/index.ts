/**
 * methods/clones: rotation of clones (paper §3.3): full copies of the store, independent of its blocks.
 */
export { clones, clonesName, initClones } from "./clones.ts";
