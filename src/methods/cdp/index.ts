/**
 * methods/cdp: continuous data protection (paper §3.5): any moment of a base copy and the journal since,
 * as an Image, without materialising the store.
 */
export { arrivedAccount, type ArrivedAccountOptions } from "./arrived-account.ts";
export { accountNames, type ArrivalState, arrivalStates } from "./arrival-ledger.ts";
export {
  type ArrivedMail,
  arrivedMail,
  type ArrivedMailOptions,
  type ArrivedMessage,
} from "./arrived-mail.ts";
export { replayedImage, type ReplayOptions } from "./replayed.ts";
export {
  type BaseCandidate,
  beginningOf,
  continuousCopy,
  type ContinuousCopy,
  type ContinuousCopyOptions,
  continuousMethod,
  type ContinuousMoment,
  type NotCovered,
} from "./continuous-copy.ts";
export { type JournalThinning, planThinning, type ThinningOptions } from "./journal-thinning.ts";
export { JournalTimes, type TimeAnswer } from "./journal-times.ts";
export {
  type JournalAlarm,
  type JournalGap,
  type JournalSurvey,
  surveyJournal,
} from "./survey-journal.ts";
export type { EarlierAccount } from "./unsettled.ts";
