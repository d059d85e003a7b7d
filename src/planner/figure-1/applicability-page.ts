import {
  applicability,
  mirrorApplicability,
  readableByReaders,
  transactionLogs,
} from "./applicability.ts";
import { methodApplicability, methodDemands } from "./applicability-methods.ts";
import type { Applicability } from "./applicability-verdict.ts";
import {
  type DataSourceId,
  dataSources,
  type DisasterOptionId,
  disasterOptions,
  evidenceGrades,
  type EvidenceGrade,
  type MailServerId,
  mailServers,
  type OperationalMethodId,
  operationalMethods,
} from "./names.ts";

const serverIds = Object.keys(mailServers) as readonly MailServerId[];
const sourceIds = Object.keys(dataSources) as readonly DataSourceId[];
const methodIds = Object.keys(operationalMethods) as readonly OperationalMethodId[];
const optionIds = Object.keys(disasterOptions) as readonly DisasterOptionId[];
const gradeIds = Object.keys(evidenceGrades) as readonly EvidenceGrade[];

/** Options that are not the same for all servers; the others take copies, and ask nothing of the server. */
const askingIds = optionIds.filter((option) =>
  serverIds.some((server) => mirrorApplicability(option, server).verdict !== "works"),
);

/** docs/methods/applicability.md, as it must be committed: a test compares. */
export function applicabilityMarkdown(): string {
  return [
    ...introduction(),
    "## Data sources",
    table(sourceIds.map(nameOfSource), (server) =>
      sourceIds.map((source) => brief(applicability(source, server))),
    ),
    "## Operational recovery",
    "As good as the best source that may feed the method (§3.x.1), less what the method itself asks.",
    table(methodIds.map(nameOfMethod), (server) =>
      methodIds.map((method) => brief(methodApplicability(method, server))),
    ),
    "What a method asks of any server:",
    list(
      methodIds.flatMap((method) =>
        methodDemands[method].map((caveat) => `${nameOfMethod(method)}: ${caveat}`),
      ),
    ),
    "## Disaster recovery",
    `These take copies that operational recovery has made, and ask nothing of the server: ${optionIds
      .filter((option) => !askingIds.includes(option))
      .map(nameOfOption)
      .join("; ")}. The others:`,
    table(askingIds.map(nameOfOption), (server) =>
      askingIds.map((option) => brief(mirrorApplicability(option, server))),
    ),
    "## Server by server",
    ...sections(),
  ]
    .join("\n\n")
    .concat("\n");
}

function introduction(): readonly string[] {
  return [
    "# Which method on which server",
    "Not every data source works with every mail server, and so not every method does. The paper promises application notes on that (§1.1.2). They are missing from the paper as we have it, and so are its section 5, the drawings of Figures 2–5 and the references. What follows is what the text says, completed from the documents of the servers and from what was tried; each statement says where it is known from.",
    "This page is made from the planner's own table (`applicabilityMarkdown()` in `src/planner/figure-1/applicability-page.ts`); a test holds it to that.",
    "In the tables, “caveat” means that it works and that something is to be minded: what, is told server by server. The letter is the evidence:",
    list(gradeIds.map((grade) => `${grade}: ${evidenceGrades[grade]}`)),
    "Nothing of Exchange or Domino was tried.",
  ];
}

/** Servers of which the same is said share a section. */
function sections(): readonly string[] {
  const names = new Map<string, string[]>();
  for (const server of serverIds) {
    const body = section(server);
    names.set(body, [...(names.get(body) ?? []), mailServers[server].name]);
  }
  return [...names].flatMap(([body, servers]) => [`### ${servers.join(", ")}`, body]);
}

function section(server: MailServerId): string {
  const logs = transactionLogs(server);
  const reader = readableByReaders(server);
  return [
    ...sourceIds.map((source) => statement(nameOfSource(source), applicability(source, server))),
    ...(["mirror-application", "mirror-failover"] as const).map((option) =>
      statement(nameOfOption(option), mirrorApplicability(option, server)),
    ),
    item(`**transaction logs**: ${logs.has ? "yes" : "no"} (${logs.grade}). ${logs.reason}`, [
      `rolled forward by ${logs.playback}`,
      ...(logs.caveats ?? []),
      `known from: ${logs.source}`,
    ]),
    item(`**email reader over an image**: ${reader.reader} (${reader.grade}). ${reader.reason}`, [
      `known from: ${reader.source}`,
    ]),
  ].join("\n");
}

function statement(
  name: string,
  { verdict, reason, caveats, source, grade }: Applicability,
): string {
  return item(`**${name}**: ${verdict} (${grade}). ${reason}`, [
    ...(caveats ?? []),
    `known from: ${source}`,
  ]);
}

function item(text: string, below: readonly string[]): string {
  return [`- ${text}`, ...below.map((line) => `  - ${line}`)].join("\n");
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}

function brief({ verdict, grade }: Applicability): string {
  return `${verdict === "works with caveat" ? "caveat" : verdict} (${grade})`;
}

/** One row a server, in columns that are as wide as their widest cell: as the formatter leaves them. */
function table(
  columns: readonly string[],
  cells: (server: MailServerId) => readonly string[],
): string {
  const head = ["server", ...columns];
  const rows = serverIds.map((server) => [mailServers[server].name, ...cells(server)]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function nameOfSource(source: DataSourceId): string {
  return dataSources[source].name;
}

function nameOfMethod(method: OperationalMethodId): string {
  return operationalMethods[method].name;
}

function nameOfOption(option: DisasterOptionId): string {
  return disasterOptions[option].name;
}
