import { type Equipment, type MailServerId, type Objectives, todaysParameters } from "#planner";
import { absolutePathText, isServerName, isWithin } from "#policy";
import { formatBytes, isZone, parseBytes } from "#time";
import type { SiteFacts } from "./site-facts.ts";

/** What a person said, or what stands for it as long as nobody said anything. */
export type InterviewAnswers = {
  readonly name: string;
  readonly kind: MailServerId;
  readonly path: string;
  readonly mailBytes: number;
  readonly newPerDayBytes: number;
  readonly mailboxes: number;
  /** In a day; 0: never. */
  readonly mayStopMs: number;
  readonly has: readonly Equipment[];
  readonly copyPath: string;
  readonly currency: string;
  readonly timeZone: string;
  /** The last takes every mailbox that the others do not. */
  readonly lines: readonly LineAnswers[];
};

export type LineAnswers = {
  readonly name: string;
  readonly mailboxes: readonly string[];
  /** Of all mail; undefined: what the others leave. */
  readonly mailShare: number | undefined;
  readonly operational: Objectives;
  /** What holds when the site is lost, also remembered while that loss is accepted. */
  readonly disaster: Objectives;
  readonly siteLossAccepted: boolean;
  /** Undefined: nobody knows. */
  readonly payrollPerHour: number | undefined;
  readonly productivityLostShare: number;
  /** Undefined: by the value of mail (paper §1.4.4). */
  readonly budgetPerYear: number | undefined;
};

/** What a person said so far. */
export type Stated = Partial<InterviewAnswers>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Usual answers, to be changed by whoever knows better. */
const usualLine: LineAnswers = {
  name: "everyone",
  mailboxes: ["*"],
  mailShare: undefined,
  operational: { loseAtMostMs: hourMs, backWithinMs: 4 * hourMs, reachBackMs: 14 * dayMs },
  disaster: { loseAtMostMs: dayMs, backWithinMs: 2 * dayMs, reachBackMs: 90 * dayMs },
  siteLossAccepted: false,
  payrollPerHour: undefined,
  // The paper's example (§1.4.4).
  productivityLostShare: 0.3,
  budgetPerYear: undefined,
};

/** A line of business that nothing was said of yet: its needs are those of another until somebody says so. */
export function newLine(name: string, like: LineAnswers): LineAnswers {
  return {
    ...like,
    name,
    mailShare: undefined,
    payrollPerHour: undefined,
    budgetPerYear: undefined,
  };
}

/** Everything, with what was found or is usual in place of what was not said. */
export function answersOf(stated: Stated, facts: SiteFacts): InterviewAnswers {
  const mailBytes =
    stated.mailBytes ??
    roundedBytes(facts.mailBytes?.value) ??
    parameterValue(todaysParameters().mail);
  const path = stated.path ?? usablePath(facts.path?.value) ?? "/var/mail";
  return {
    name: stated.name ?? (isServerName(facts.name.value) ? facts.name.value : "mail"),
    kind: stated.kind ?? facts.kind?.value ?? "maildir",
    path,
    mailBytes,
    newPerDayBytes:
      stated.newPerDayBytes ??
      roundedBytes(facts.newPerDayBytes?.value) ??
      exampleNewPerDay(mailBytes),
    mailboxes: stated.mailboxes ?? facts.mailboxes?.value ?? exampleMailboxes(mailBytes),
    mayStopMs: stated.mayStopMs ?? 0,
    has: stated.has ?? facts.has.map(({ value }) => value),
    copyPath: stated.copyPath ?? copyPathFor(path, facts.copyPath?.value),
    currency: stated.currency ?? facts.currency.value,
    timeZone: stated.timeZone ?? (isZone(facts.timeZone.value) ? facts.timeZone.value : "UTC"),
    lines: stated.lines ?? [usualLine],
  };
}

/** As it is shown: Enter takes what stands in the brackets, and a store changes while it is counted. */
function roundedBytes(sizeBytes: number | undefined): number | undefined {
  return sizeBytes === undefined ? undefined : parseBytes(sizeText(sizeBytes));
}

/** "12.3 GB"; "60 GiB" where it is that exactly, as in the paper's example. */
export function sizeText(sizeBytes: number): string {
  const gibibytes = sizeBytes / 1024 ** 3;
  return Number.isInteger(gibibytes) && gibibytes > 0 ? `${gibibytes} GiB` : formatBytes(sizeBytes);
}

/** Of a parameter that is one value. */
function parameterValue({ high }: { readonly high: number }): number {
  return high;
}

/** As much of the mail as in the paper's example: 2 GB of 60 GB (§4.1, note 8). */
function exampleNewPerDay(mailBytes: number): number {
  const { mail, logs_per_day: logs } = todaysParameters();
  const newBytes = Math.round((mailBytes * parameterValue(logs)) / parameterValue(mail));
  return parseBytes(sizeText(newBytes));
}

/** As many as the model assumes for so much mail. */
function exampleMailboxes(mailBytes: number): number {
  const { mail, mailboxes } = todaysParameters();
  return Math.max(1, Math.round((mailBytes * parameterValue(mailboxes)) / parameterValue(mail)));
}

/** A folder that a requirements file takes. The root is none: no copy could lie outside it. */
export function usablePath(path: string | undefined): string | undefined {
  return path !== undefined && /[^/]/.test(path) && absolutePathText.safeParse(path).success
    ? path
    : undefined;
}

const usualCopyPaths = ["/srv/recovery", "/var/recovery", "/mnt/recovery"] as const;

/** Where copies are to lie: what was found, or the first usual folder that is not in the store or around it. */
function copyPathFor(store: string, found: string | undefined): string {
  const paths = [usablePath(found), ...usualCopyPaths];
  const apart = paths.find(
    (path) => path !== undefined && !isWithin(path, store) && !isWithin(store, path),
  );
  return apart ?? usualCopyPaths[0];
}

/** The mail server's folder is known to those that have one on a Unix system. */
export function hasStoreFolder(kind: MailServerId): boolean {
  return !/^(?:exchange|domino|imap$|jmap$)/.test(kind);
}
