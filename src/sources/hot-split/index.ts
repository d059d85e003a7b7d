/**
 * sources/hot-split: Hot Split Snapshot (paper §2.1): a frozen image of a store in use, validated
 * with the mail server's own utility, repeated until one is usable.
 */
export { hotSplitSource, type HotSplitOptions } from "./hot-split.ts";
export { type SweptSplits, sweepHotSplits } from "./sweep-splits.ts";
