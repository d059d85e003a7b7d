import { parseDocument, isMap, type Document } from "yaml";
import { formatSpan, type Objectives, writeRequirements } from "#planner";
import { formatShare } from "#policy";
import type { InterviewAnswers, LineAnswers } from "./interview-answers.ts";

/** The requirements file (YAML) of an interview. */
export function interviewFile(answers: InterviewAnswers): string {
  const everyone = answers.lines.at(-1);
  if (everyone === undefined) throw new RangeError("there is no line of business");
  const { name, kind, path, mailBytes, newPerDayBytes, mailboxes } = answers;
  const text = writeRequirements({
    currency: answers.currency,
    timeZone: answers.timeZone,
    server: { name, kind, path, mailBytes, newPerDayBytes, mailboxes },
    has: answers.has,
    operational: everyone.operational,
    disaster: everyone.siteLossAccepted ? undefined : everyone.disaster,
    downtime:
      everyone.payrollPerHour === undefined
        ? undefined
        : {
            payrollPerHour: everyone.payrollPerHour,
            productivityLostShare: everyone.productivityLostShare,
          },
  });
  // What a file of plain answers does not have is set in it, so that its comments stay.
  const document = parseDocument(text);
  if (answers.mayStopMs > 0) document.setIn(["server", "may_stop"], formatSpan(answers.mayStopMs));
  document.setIn(["site", "copy_path"], answers.copyPath);
  if (everyone.budgetPerYear !== undefined)
    document.setIn(["lines_of_business", everyone.name, "budget"], budgetText(everyone, answers));
  addLines(document, answers);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** The first line that matches a mailbox takes it: they go before everyone. */
function addLines(document: Document, answers: InterviewAnswers): void {
  const written = document.get("lines_of_business");
  if (!isMap(written)) throw new RangeError("a requirements file has lines of business");
  const lines = answers.lines.slice(0, -1);
  written.items.unshift(
    ...lines.map((line) => document.createPair(line.name, lineOf(document, { line, answers }))),
  );
}

function lineOf(
  document: Document,
  { line, answers }: { readonly line: LineAnswers; readonly answers: InterviewAnswers },
): Readonly<Record<string, unknown>> {
  const flow = (value: unknown): unknown => document.createNode(value, { flow: true });
  const { payrollPerHour, productivityLostShare, mailShare } = line;
  return {
    mailboxes: flow(line.mailboxes),
    ...(mailShare === undefined ? {} : { mail_share: formatShare(mailShare) }),
    ...(payrollPerHour === undefined
      ? {}
      : {
          payroll: `${decimal(payrollPerHour)} ${answers.currency} per hour`,
          productivity_lost_without_mail: formatShare(productivityLostShare),
        }),
    operational: flow(objectivesOf(line.operational)),
    disaster: line.siteLossAccepted ? "accepted" : flow(objectivesOf(line.disaster)),
    ...(line.budgetPerYear === undefined ? {} : { budget: budgetText(line, answers) }),
  };
}

function objectivesOf({ loseAtMostMs, backWithinMs, reachBackMs }: Objectives) {
  return {
    lose_at_most: formatSpan(loseAtMostMs),
    back_within: formatSpan(backWithinMs),
    reach_back: formatSpan(reachBackMs),
  };
}

function budgetText({ budgetPerYear = 0 }: LineAnswers, { currency }: InterviewAnswers): string {
  return `${decimal(budgetPerYear)} ${currency} per year`;
}

/** Without an exponent, which no amount in a file has. */
function decimal(amount: number): string {
  const text = String(amount);
  return text.includes("e") ? amount.toFixed(6) : text;
}
