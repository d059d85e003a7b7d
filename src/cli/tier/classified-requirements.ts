import { type Document, isMap, parseDocument } from "yaml";
import {
  type ClassifiedLine,
  parseRequirements,
  type PricedClassification,
  type Requirements,
  writeRequirements,
} from "#planner";
import { formatProblem, formatShare } from "#policy";
import { CliError } from "../cli-error.ts";
import { safeText } from "../text.ts";

export type ClassifiedRequirementsOptions = {
  /** The requirements that the classification was priced by, as they are written; undefined: undescribed. */
  readonly file: { readonly path: string; readonly text: string } | undefined;
  /** The file that is to be written, for messages. */
  readonly saved: string;
};

/**
 * A requirements file in which each line of business has its tier: the one that was read, with the lines of
 * the classification in place of its own; or a new one for a site that nobody has described. It is read
 * back before it is given out.
 */
export function classifiedRequirements(
  priced: PricedClassification,
  { file, saved }: ClassifiedRequirementsOptions,
): string {
  const text = withLines(file?.text ?? undescribedText(priced.requirements), { priced, saved });
  const { requirements, problems } = parseRequirements(text, { fileName: saved });
  if (requirements !== undefined) return text;
  const [first] = problems.filter(({ severity }) => severity === "error");
  throw notWritten(saved, first === undefined ? "it could not be read back" : formatProblem(first));
}

function notWritten(saved: string, reason: string): CliError {
  return new CliError(
    "cli.not-written",
    `Cannot write "${safeText(saved)}": what the classification makes of the requirements has errors: ${reason}`,
    { hint: "Give patterns like *@sales.example.org in place of thousands of mailboxes." },
  );
}

type LinesOptions = { readonly priced: PricedClassification; readonly saved: string };

/** The lines are set in the text, so that its comments stay. */
function withLines(text: string, { priced, saved }: LinesOptions): string {
  const document = parseDocument(text);
  const root = document.contents;
  if (!isMap(root)) throw new RangeError("a requirements file is a map");
  const lines = document.createNode({}, { flow: false });
  if (!isMap(lines)) throw new RangeError("a map was made, and is none");
  for (const { classified, business } of priced.lines)
    lines.add(document.createPair(business.name, lineOf(document, { classified, business })));
  document.set("lines_of_business", lines);
  try {
    return document.toString({ lineWidth: 0, flowCollectionPadding: true });
  } catch (error) {
    // What the lines that go away defined as an anchor may be used elsewhere.
    throw notWritten(saved, error instanceof Error ? safeText(error.message) : "unknown");
  }
}

type Line = Pick<PricedClassification["lines"][number], "classified" | "business">;

function lineOf(
  document: Document,
  { classified, business }: Line,
): Readonly<Record<string, unknown>> {
  return {
    mailboxes: document.createNode(business.mailboxes, { flow: business.mailboxes.length <= 3 }),
    tier: business.tier,
    mail_share: formatShare(roundedDown(business.mailShare)),
    ...downtimeOf(classified),
  };
}

/** To a hundred-millionth: shares that are rounded up would be more than all of the mail together. */
function roundedDown(share: number): number {
  return Math.floor(share * 1e8 + 1e-3) / 1e8;
}

function downtimeOf({ downtime }: ClassifiedLine): Readonly<Record<string, string>> {
  if (downtime === undefined) return {};
  const { payrollPerHour, currency, productivityLostShare } = downtime;
  return {
    payroll: `${decimal(payrollPerHour)} ${currency} per hour`,
    productivity_lost_without_mail: formatShare(productivityLostShare),
  };
}

/** Without an exponent, which no amount in a file has. */
function decimal(amount: number): string {
  const text = String(amount);
  return text.includes("e") ? amount.toFixed(6) : text;
}

function undescribedText(requirements: Requirements): string {
  const { server, parameters, currency, timeZone, linesOfBusiness } = requirements;
  const [any] = linesOfBusiness;
  if (any === undefined) throw new RangeError("there is no line of business");
  const { mail, mailboxes, logs_per_day: newPerDay } = parameters;
  const text = writeRequirements({
    currency,
    timeZone,
    server: {
      name: server.name,
      kind: server.kind,
      path: server.path,
      mailBytes: Math.ceil(mail.high),
      mailboxes: Math.ceil(mailboxes.high),
      newPerDayBytes: Math.ceil(newPerDay.high),
    },
    has: requirements.has,
    operational: any.operational,
    disaster: any.disaster,
    downtime: undefined,
  });
  const origins = [mail, mailboxes, newPerDay].map(({ origin }) => origin);
  const [ofMail, ofMailboxes, ofNew] = origins;
  return text.replace(
    "# The mail server to protect.\n",
    `# The mail server to protect. Nobody has described it: correct what stands here. kind and path are
# assumed; mail is ${ofMail}, mailboxes is ${ofMailboxes}, new_per_day is ${ofNew} (paper: the paper's example).
`,
  );
}
