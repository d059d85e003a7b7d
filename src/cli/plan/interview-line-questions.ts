import { quoted } from "#errors";
import { formatSpan, type Objectives } from "#planner";
import { formatShare, isName, mailboxPatternText, type Money, type MoneyForm } from "#policy";
import type { InterviewAnswers, LineAnswers, Stated } from "./interview-answers.ts";
import type { Question, Reading } from "./interview-question.ts";
import { isSkip, readMoneyAnswer, readShareAnswer, readSpanAnswer } from "./interview-readings.ts";

/** A question about one line of business, as it stands among the answers. */
type LineQuestion = Pick<Question, "label" | "asked" | "explained" | "otherwise"> & {
  readonly key: string;
  readonly shown: (line: LineAnswers, answers: InterviewAnswers) => string;
  readonly read: (typed: string, line: LineAnswers, answers: InterviewAnswers) => LineReading;
  readonly isAsked?: (line: LineAnswers) => boolean;
};

type LineReading =
  | { readonly line: Partial<LineAnswers>; readonly stated?: Stated }
  | { readonly wrong: string };

/** What is asked of the line of business at `index`. */
export function lineQuestions(answers: InterviewAnswers, index: number): readonly Question[] {
  const { lines } = answers;
  const isLast = index === lines.length - 1;
  const name = lines[index]?.name ?? "";
  const asked = isLast ? allLines : [share, ...allLines];
  // With one line of business nothing needs its name.
  const prefix = lines.length === 1 ? "" : `${name}: `;
  return asked.map((question) => questionOf(question, { name, prefix }));
}

function questionOf(
  question: LineQuestion,
  { name, prefix }: { readonly name: string; readonly prefix: string },
): Question {
  const { key, label, asked, explained, otherwise, shown, read, isAsked } = question;
  const lineOf = ({ lines }: InterviewAnswers): LineAnswers => {
    const line = lines.find((one) => one.name === name) ?? lines.at(-1);
    if (line === undefined) throw new RangeError("there is no line of business");
    return line;
  };
  return {
    key: `${name}/${key}`,
    label: `${prefix}${label}`,
    asked: `${prefix}${asked}`,
    explained,
    ...(otherwise === undefined ? {} : { otherwise }),
    shown: (answers) => shown(lineOf(answers), answers),
    isAsked: (answers) => isAsked?.(lineOf(answers)) ?? true,
    read: (typed, answers): Reading => {
      const reading = read(typed, lineOf(answers), answers);
      if ("wrong" in reading) return reading;
      const lines = answers.lines.map((line) =>
        line.name === name ? { ...line, ...reading.line } : line,
      );
      return { stated: { ...reading.stated, lines } };
    },
  };
}

/** Longer losses than this are no objective. */
const mostLostMs = 100 * 365 * 86_400_000;

type Layer = "operational" | "disaster";

function readLose(typed: string, line: LineAnswers, layer: Layer): LineReading {
  const read = readSpanAnswer(typed, {
    mayBeNothing: true,
    mostMs: mostLostMs,
    example: "15 minutes",
  });
  if ("wrong" in read) return read;
  const { reachBackMs } = line[layer];
  // Who may lose as much as is kept needs nothing kept: the next question begins further back.
  const reach = read.value < reachBackMs ? reachBackMs : 2 * read.value;
  return objectives(line, layer, { loseAtMostMs: read.value, reachBackMs: reach });
}

function readBack(typed: string, line: LineAnswers, layer: Layer): LineReading {
  const read = readSpanAnswer(typed, { example: "1 hour" });
  return "wrong" in read ? read : objectives(line, layer, { backWithinMs: read.value });
}

function readReach(typed: string, line: LineAnswers, layer: Layer): LineReading {
  const read = readSpanAnswer(typed, { example: "14 days" });
  if ("wrong" in read) return read;
  const { loseAtMostMs } = line[layer];
  if (read.value > loseAtMostMs) return objectives(line, layer, { reachBackMs: read.value });
  return {
    wrong: `${formatSpan(loseAtMostMs)} may be lost: keeping no more than ${formatSpan(read.value)} asks for nothing. Reach back further, like ${formatSpan(2 * loseAtMostMs)}.`,
  };
}

function objectives(line: LineAnswers, layer: Layer, change: Partial<Objectives>): LineReading {
  return { line: { [layer]: { ...line[layer], ...change } } };
}

const share: LineQuestion = {
  key: "share",
  label: "share of the mail",
  asked: "Which share of the mail is theirs? (or skip)",
  explained:
    "Each line of business can have its own tier of service (paper §1.2 and §1.4.4): how much mail each has decides what its tier costs. Whoever says nothing shares what is left over.",
  shown: ({ mailShare }) => (mailShare === undefined ? "skip" : formatShare(mailShare)),
  read: (typed, { name }, { lines }) => {
    if (isSkip(typed)) return { line: { mailShare: undefined } };
    const read = readShareAnswer(typed);
    if ("wrong" in read) return read;
    const others = lines.reduce(
      (sum, line) => sum + (line.name === name ? 0 : (line.mailShare ?? 0)),
      0,
    );
    // To the millionth: sums of fractions are not exact.
    const left = Math.floor((1 - others) * 1e6) / 1e6;
    if (read.value > 0 && read.value < left) return { line: { mailShare: read.value } };
    return {
      wrong: `${quoted(typed)} must be more than nothing and leave something to the others, who have ${formatShare(Number(others.toFixed(6)))} so far. Write it like ${formatShare(Number((left / 2).toFixed(2)))}.`,
    };
  },
};

const payrollForm: MoneyForm = { per: [["hour"]], example: "12000 EUR per hour" };
const budgetForm: MoneyForm = { per: [["year"], ["month"]], example: "5000 EUR per year" };

/** An amount in the file's currency; the first amount of all decides which that is. */
function readAmount(
  typed: string,
  { form, answers, key }: AmountOptions,
): { readonly money: Money; readonly stated: Stated } | { readonly wrong: string } {
  const { currency } = answers;
  const example = form.example.replace("EUR", currency);
  const read = readMoneyAnswer(typed, { currency, form: { ...form, example } });
  if ("wrong" in read) return read;
  const money = read.value;
  if (money.currency === currency) return { money, stated: {} };
  const isFirst = answers.lines.every((line) =>
    (["payrollPerHour", "budgetPerYear"] as const).every(
      (one) => line[one] === undefined || (one === key.amount && line.name === key.line),
    ),
  );
  if (isFirst) return { money, stated: { currency: money.currency } };
  return {
    wrong: `${quoted(typed)} is in ${money.currency}, and the other amounts are in ${currency}. Write it like ${example}.`,
  };
}

type AmountOptions = {
  readonly form: MoneyForm;
  readonly answers: InterviewAnswers;
  readonly key: {
    readonly line: string;
    readonly amount: "payrollPerHour" | "budgetPerYear";
  };
};

const allLines: readonly LineQuestion[] = [
  {
    key: "lose",
    label: "lose at most (RPO)",
    asked: "How much mail may be lost, in time?",
    explained:
      'Recovery point objective: "The maximum desired time period prior to a failure or disaster during which changes to data may be lost as a worst case consequence of recovery. … Zero is a valid value" (paper §1.4.1). 15 minutes, 1 day, or nothing.',
    shown: ({ operational }) => formatSpan(operational.loseAtMostMs),
    read: (typed, line) => readLose(typed, line, "operational"),
  },
  {
    key: "back",
    label: "back within (RTO)",
    asked: "How long may it take until mail is back?",
    explained:
      'Recovery time objective: "The maximum desired time period required to bring one or more applications and associated data back to a correct operational state" (paper §1.4.1). 5 minutes, 4 hours.',
    shown: ({ operational }) => formatSpan(operational.backWithinMs),
    read: (typed, line) => readBack(typed, line, "operational"),
  },
  {
    key: "reach",
    label: "reach back",
    asked: "How far back must one be able to go?",
    explained:
      "An attack may be noticed only after a long weekend: then an image from before it is needed. 56 % of all restores occur within the first 48 hours (paper §1.4.2, note 4). 14 days, 3 months, 1 year.",
    shown: ({ operational }) => formatSpan(operational.reachBackMs),
    read: (typed, line) => readReach(typed, line, "operational"),
  },
  {
    key: "site-lose",
    label: "site lost: lose at most",
    asked: "And when the whole site is lost: how much mail? (or: accepted)",
    explained:
      "Disaster recovery is planned apart from everyday recovery (paper §1.3.2). Its objective need not be the same; it should reflect the risk of a site disaster (§4.2). Who accepts that all mail is lost with the site says: accepted.",
    shown: ({ siteLossAccepted, disaster }) =>
      siteLossAccepted ? "accepted" : formatSpan(disaster.loseAtMostMs),
    read: (typed, line) => {
      if (/^accept(?:ed)?$/i.test(typed)) return { line: { siteLossAccepted: true } };
      const read = readLose(typed, line, "disaster");
      if ("wrong" in read) return { wrong: `${read.wrong} Or write: accepted.` };
      return { line: { ...read.line, siteLossAccepted: false } };
    },
  },
  {
    key: "site-back",
    label: "site lost: back within",
    asked: "How long may it take then?",
    explained:
      "Until mail can be read at another place, as far as data is concerned: infrastructure, servers and people need their time, too (paper §4.2).",
    isAsked: ({ siteLossAccepted }) => !siteLossAccepted,
    shown: ({ disaster }) => formatSpan(disaster.backWithinMs),
    read: (typed, line) => readBack(typed, line, "disaster"),
  },
  {
    key: "site-reach",
    label: "site lost: reach back",
    asked: "How far back must one be able to go with what is elsewhere?",
    explained:
      "Copies elsewhere also serve where those at hand do not reach back far enough; the two must meet without a lapse (paper §1.4.2).",
    isAsked: ({ siteLossAccepted }) => !siteLossAccepted,
    shown: ({ disaster }) => formatSpan(disaster.reachBackMs),
    read: (typed, line) => readReach(typed, line, "disaster"),
  },
  {
    key: "payroll",
    label: "payroll an hour",
    asked: "What do the people who use this mail cost in an hour? (or skip)",
    explained:
      '"What is the hourly run rate for the business’s payroll?" (paper §1.4.4). With the share of work that stands still it says what an hour without mail costs, and so what protection is worth. 12000 EUR per hour.',
    otherwise: "without it the plan is by the cost of protection alone",
    shown: ({ payrollPerHour }, { currency }) =>
      payrollPerHour === undefined ? "skip" : `${payrollPerHour} ${currency} per hour`,
    read: (typed, { name }, answers) => {
      if (isSkip(typed)) return { line: { payrollPerHour: undefined } };
      const key = { line: name, amount: "payrollPerHour" } as const;
      const read = readAmount(typed, { form: payrollForm, answers, key });
      if ("wrong" in read) return { wrong: `${read.wrong} Or skip.` };
      return { line: { payrollPerHour: read.money.amount }, stated: read.stated };
    },
  },
  {
    key: "lost",
    label: "work lost without mail",
    asked: "Which share of their work stands still without mail?",
    explained:
      "In the paper's example 30 %: with a payroll of $1M an hour one hour of downtime costs $300K (§1.4.4).",
    otherwise: "the paper's example",
    isAsked: ({ payrollPerHour }) => payrollPerHour !== undefined,
    shown: ({ productivityLostShare }) => formatShare(productivityLostShare),
    read: (typed) => {
      const read = readShareAnswer(typed);
      return "wrong" in read ? read : { line: { productivityLostShare: read.value } };
    },
  },
  {
    key: "budget",
    label: "budget",
    asked: "What may protection cost in a year? (or skip)",
    explained:
      'There are two possibilities: "a budget is assigned within which the best possible data recovery strategy is deployed; or, an appropriate data recovery strategy commensurate with the value of email to the business is defined and deployed" (paper §1.4.4). Skipped, it is planned by value. 5000 EUR per year.',
    otherwise: "without it the plan is by value",
    shown: ({ budgetPerYear }, { currency }) =>
      budgetPerYear === undefined ? "skip" : `${budgetPerYear} ${currency} per year`,
    read: (typed, { name }, answers) => {
      if (isSkip(typed)) return { line: { budgetPerYear: undefined } };
      const key = { line: name, amount: "budgetPerYear" } as const;
      const read = readAmount(typed, { form: budgetForm, answers, key });
      if ("wrong" in read) return { wrong: `${read.wrong} Or skip.` };
      const { amount, per } = read.money;
      const budgetPerYear = per.includes("month") ? amount * 12 : amount;
      return { line: { budgetPerYear }, stated: read.stated };
    },
  },
];

/** Whether a line of business can be called so among those that are there; else why not. */
export function lineNameProblem(typed: string, { lines }: InterviewAnswers): string | undefined {
  if (!isName(typed))
    return `${quoted(typed)} cannot be a name: letters, digits, spaces and . _ & + -, 63 at most. Write it like sales.`;
  const plain = (text: string): string => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");
  return lines.some(({ name }) => plain(name) === plain(typed))
    ? `${quoted(typed)} is there already. Write another name, like sales.`
    : undefined;
}

/** Patterns of addresses with commas between. */
export function readPatterns(
  typed: string,
): { readonly value: readonly string[] } | { readonly wrong: string } {
  const example = "Write it like *@sales.example.org, ada@example.org.";
  const patterns = typed.split(/[\s,;]+/).filter((pattern) => pattern !== "");
  for (const pattern of patterns) {
    const { error } = mailboxPatternText.safeParse(pattern);
    const [issue] = error?.issues ?? [];
    if (issue !== undefined) return { wrong: `${issue.message}. ${example}` };
    if (/^\*+$/.test(pattern))
      return {
        wrong: `${quoted(pattern)} is every mailbox, and those that are left are everyone's. ${example}`,
      };
  }
  return patterns.length === 0
    ? { wrong: `No mailbox was named. ${example}` }
    : { value: [...new Set(patterns)] };
}
