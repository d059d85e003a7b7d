/**
 * methods: every method of Figure 1 behind the command line. Opens any kind of copy, whatever fills it, as one
 * that can be read and added to; sets new ones up; and chooses among all copies of a target.
 */
export type { AnyCopy, Take, TakeRequest } from "./any-copy.ts";
export { initAnyCopy, type Initialised } from "./init-any-copy.ts";
export {
  diskMethod,
  isMeant,
  kindOfMethod,
  methodNamed,
  type MethodWords,
  takenBy,
  takeOrder,
} from "./method-words.ts";
export { openAnyCopy } from "./open-any-copy.ts";
export { kindAt, methodAt } from "./place-kind.ts";
export { type OpenSource, openSource } from "./open-source.ts";
export {
  aimedAt,
  copiesJson,
  copyText,
  type ReadCopies,
  readCopies,
  tellUnavailable,
} from "./read-copies.ts";
export { type ChosenCopy, openChosen } from "./open-chosen.ts";
export { verifyReplicas } from "./verify-replicas.ts";
