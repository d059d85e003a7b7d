import { RecoveryError } from "#errors";

/** Codes: `demo.folder-not-empty`, `demo.sample-mail-unreadable`, `demo.not-followed`, `demo.no-alarm`, `demo.uid-list-unreadable`. */
export class DemoError extends RecoveryError {}
