/**
 * signals: what looks like an attack or an accident in the stream of a journal: mail that disappears in
 * masses, that is rewritten in masses, that turns into noise. Pure: records in, signals out. Nothing here
 * decides what is done about it.
 */
export { looksRandom } from "./byte-entropy.ts";
export { isCyrusOwnFile } from "./cyrus-mail.ts";
export { logPlaceOf, type MailPlace, mailPlaceOf } from "./mail-place.ts";
export { type Signal, type SignalKind, signalKinds } from "./signal.ts";
export type { MailThere } from "./mail-there.ts";
export { type PassedMail, PassingMail } from "./passing-mail.ts";
export { SignalWatch, type SignalWatchOptions } from "./signal-watch.ts";
