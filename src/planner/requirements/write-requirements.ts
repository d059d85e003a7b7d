import { formatShare, yamlScalar } from "#policy";
import type { MailServerId } from "../figure-1/index.ts";
import type { Equipment, Objectives } from "./requirements.ts";
import { formatSpan } from "./spans.ts";

/** What a short interview asks: one server and one line of business, everyone. */
export type RequirementsAnswers = {
  readonly currency: string;
  readonly timeZone: string;
  readonly server: {
    readonly name: string;
    readonly kind: MailServerId;
    /** Absolute folder of the mail store. */
    readonly path: string;
    readonly mailBytes: number;
    readonly newPerDayBytes: number;
    readonly mailboxes: number;
  };
  readonly has: readonly Equipment[];
  readonly operational: Objectives;
  /** Undefined: the site's loss is accepted. */
  readonly disaster: Objectives | undefined;
  /** What an hour without mail costs, in its two factors; undefined where nobody knows. */
  readonly downtime:
    | { readonly payrollPerHour: number; readonly productivityLostShare: number }
    | undefined;
};

/**
 * A requirements file from plain answers. Answers that a file may give (whole bytes and milliseconds,
 * amounts to a millionth) are read back by parseRequirements() as they were.
 */
export function writeRequirements(answers: RequirementsAnswers): string {
  const { server, has, operational, disaster } = answers;
  return `# yaml-language-server: $schema=./requirements.schema.json
version: 1
currency: ${yamlScalar(answers.currency)}
time_zone: ${yamlScalar(answers.timeZone)}

# The mail server to protect.
server:
  name: ${yamlScalar(server.name)}
  kind: ${server.kind}
  path: ${yamlScalar(server.path)}
  mail: ${sizeText(server.mailBytes)}
  mailboxes: ${server.mailboxes}
  new_per_day: ${sizeText(server.newPerDayBytes)}

# What is there already and costs nothing more. Every number that is assumed can be stated here, too.
site:
  has: [${has.join(", ")}]

# Who needs what. The first line that matches a mailbox takes it.
lines_of_business:
  everyone:
    mailboxes: ["*"]
${downtimeLines(answers)}    operational: ${objectivesText(operational)}
    disaster: ${disaster === undefined ? "accepted # the site's loss" : objectivesText(disaster)}
`;
}

function downtimeLines({ downtime, currency }: RequirementsAnswers): string {
  if (downtime === undefined) return "";
  return `    payroll: ${decimal(downtime.payrollPerHour)} ${currency} per hour
    productivity_lost_without_mail: ${formatShare(downtime.productivityLostShare)}
`;
}

function objectivesText({ loseAtMostMs, backWithinMs, reachBackMs }: Objectives): string {
  const parts = [
    `lose_at_most: ${formatSpan(loseAtMostMs)}`,
    `back_within: ${formatSpan(backWithinMs)}`,
    `reach_back: ${formatSpan(reachBackMs)}`,
  ];
  return `{ ${parts.join(", ")} }`;
}

const sizes: readonly (readonly [string, number])[] = [
  ["TB", 1000 ** 4],
  ["TiB", 1024 ** 4],
  ["GB", 1000 ** 3],
  ["GiB", 1024 ** 3],
  ["MB", 1000 ** 2],
  ["MiB", 1024 ** 2],
  ["kB", 1000],
];

/** In the largest unit that says it exactly. */
function sizeText(sizeBytes: number): string {
  const fitting = sizes.find(([, unitBytes]) => sizeBytes > 0 && sizeBytes % unitBytes === 0);
  return fitting === undefined ? `${sizeBytes} B` : `${sizeBytes / fitting[1]} ${fitting[0]}`;
}

/** Without an exponent, which no amount in a file has. */
function decimal(amount: number): string {
  const text = String(amount);
  return text.includes("e") ? amount.toFixed(6) : text;
}
