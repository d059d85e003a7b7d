/**
 * copies: the Copy port. What a method or an offsite option keeps: which moments it covers, how
 * near it is, and how one of them opens as an Image.
 */
export type { Copy, Reach, RecoveryPoint } from "./copy.ts";
