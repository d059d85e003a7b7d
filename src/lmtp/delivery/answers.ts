import { isLmtpError, type LmtpErrorCode } from "../lmtp-error.ts";
import { isPositive, type Reply, reply } from "../protocol/reply.ts";

/** What we say ourselves, where the mail server has not been asked or gave no answer. */
export const ours: {
  readonly startMail: Reply;
  readonly tooLarge: Reply;
  readonly journalFails: Reply;
  readonly mailFirst: Reply;
  readonly noRecipients: Reply;
  readonly tooManyRecipients: Reply;
  readonly serverGone: Reply;
  readonly serverSilent: Reply;
  readonly serverUnreachable: Reply;
  readonly busy: Reply;
} = {
  startMail: reply(354, "OK"),
  tooLarge: reply(552, "5.3.4 The message is larger than this stage takes"),
  journalFails: reply(451, "4.3.0 The journal cannot be written; try again later"),
  mailFirst: reply(503, "5.5.1 MAIL first"),
  noRecipients: reply(503, "5.5.1 No valid recipients"),
  tooManyRecipients: reply(452, "4.5.3 Too many recipients"),
  serverGone: reply(451, "4.4.2 The mail server closed the connection; try again later"),
  serverSilent: reply(451, "4.4.2 The mail server does not answer; try again later"),
  serverUnreachable: reply(451, "4.4.1 The mail server cannot be reached; try again later"),
  busy: reply(451, "4.3.2 Too many deliveries at once; try again later"),
};

/** No connection came to be. */
const notBegun: ReadonlySet<LmtpErrorCode> = new Set([
  "lmtp.bad-reply",
  "lmtp.certificate",
  "lmtp.server-refused",
  "lmtp.unreachable",
]);

/** What the MTA is told where the mail server gave no answer: never a success, never a refusal. */
export function temporary(error: unknown): Reply {
  if (isLmtpError(error, "lmtp.timeout")) return ours.serverSilent;
  if (isLmtpError(error, "lmtp.busy")) return ours.busy;
  if (isLmtpError(error) && notBegun.has(error.code)) return ours.serverUnreachable;
  return ours.serverGone;
}

/** 421 would close our channel to the MTA (RFC 5321 §3.8): what goes is the one behind us. */
export function notClosing(answer: Reply): Reply {
  return answer.code === 421 ? { ...answer, code: 451 } : answer;
}

/** What DATA was refused with. A success here would be nonsense, and must not be taken for one. */
export function refusalOfData(answer: Reply): Reply {
  return isPositive(answer) ? ours.serverGone : notClosing(answer);
}
