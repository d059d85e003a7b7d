/**
 * V8 begins to mark the whole heap as soon as less may be allocated until its limit than new space
 * holds. New space grows to 32 MB under load, and the limit of a small heap lies some 40 MB above what
 * it had: a program that is busy and keeps little, as the delivery stage does, marked all it has several
 * times a second, and that took a quarter of its processor time. Marking begins when a fifth of what may
 * be allocated is left, and at once at a tenth.
 */
import { setFlagsFromString } from "node:v8";

export function collectGarbageLater() {
  setFlagsFromString("--incremental-marking-soft-trigger=20");
  setFlagsFromString("--incremental-marking-hard-trigger=10");
}
