/**
 * methods/cdp: continuous data protection (paper §3.5): any moment of a base copy and the journal since,
 * as an Image, without materialising the store.
 */
export { replayedImage, type ReplayOptions } from "./replayed.ts";
