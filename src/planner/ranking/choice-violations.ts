import {
  applicability,
  dataSources,
  disasterEdge,
  disasterOptions,
  type MailServerId,
  mailServers,
  mirrorApplicability,
  operationalMethods,
  sourceEdge,
  transactionLogs,
} from "../figure-1/index.ts";
import type { Combination } from "../model/index.ts";
import type { Evaluation } from "./evaluate.ts";
import { type JudgeOptions, violation, type Violation } from "./violation.ts";

/** What the mail server does not support (§1.1.2). */
export function serverViolations(
  { combination }: Evaluation,
  { requirements }: JudgeOptions,
): readonly Violation[] {
  const { server } = requirements;
  const found: Violation[] = [];
  const works = applicability(combination.source, server.kind);
  const name = mailServers[server.kind].name;
  if (works.verdict === "no")
    found.push(
      violation(
        "server",
        `${dataSources[combination.source].name} does not work with ${name}: ${works.reason}`,
        {
          change: "another data source, or another mail server",
        },
      ),
    );
  found.push(...logViolations(combination, server.kind));
  if (combination.disaster !== undefined) {
    const mirrored = mirrorApplicability(combination.disaster.option, server.kind);
    if (mirrored.verdict === "no")
      found.push(
        violation(
          "server",
          `${disasterOptions[combination.disaster.option].name} does not work with ${name}: ${mirrored.reason}`,
          {
            change: "another disaster recovery option, or another mail server",
          },
        ),
      );
  }
  return found;
}

/** What takes the server for one with logs, or for one whose files are its objects. */
function logViolations(
  { source, operational, disaster }: Combination,
  kind: MailServerId,
): readonly Violation[] {
  const { has } = transactionLogs(kind);
  const name = mailServers[kind].name;
  const found: Violation[] = [];
  if (!has && operational.logsEveryHours !== undefined)
    found.push(
      violation(
        "server",
        `${name} keeps no logs that could be copied more often (§3.1.3: if applicable)`,
        { change: "more copies of everything, or a journal of objects" },
      ),
    );
  if (!has && disaster?.mirroredLogs === true)
    found.push(
      violation("server", `${name} keeps no logs that could be mirrored alone (§2.2.3)`, {
        change: "more copies offsite, or a mirror of everything",
      }),
    );
  const isWalk =
    operational.method === "disk-deduplicated" || operational.method === "object-storage";
  if (has && source === "live-object" && isWalk)
    found.push(
      violation(
        "server",
        `${name} keeps mail in databases: a walk of the living store yields no message whole (§2.1: replicate it, and back up the secondary server)`,
        { change: "another data source" },
      ),
    );
  return found;
}

/** Ways that Figure 1 does not have; only a combination that was asked for by name can take one. */
export function combinationViolations({
  combination: { source, operational, disaster },
}: Evaluation): readonly Violation[] {
  const method = operationalMethods[operational.method].name;
  const found: Violation[] = [];
  const feeds = sourceEdge(source, operational.method);
  if (feeds.verdict === "no")
    found.push(
      violation(
        "combination",
        `${dataSources[source].name} cannot feed ${method}: ${feeds.reason} (§${feeds.section})`,
        { change: "another data source, or another operational recovery" },
      ),
    );
  if (disaster === undefined) return found;
  const follows = disasterEdge(operational.method, disaster.option);
  if (follows.verdict === "no")
    found.push(
      violation(
        "combination",
        `${disasterOptions[disaster.option].name} does not go with ${method}: ${follows.reason} (§${follows.section})`,
        { change: "another disaster recovery, or another operational recovery" },
      ),
    );
  return found;
}

/** What the requirements exclude. */
export function choiceViolations(
  { combination }: Evaluation,
  { requirements: { only, not } }: JudgeOptions,
): readonly Violation[] {
  const { source, operational, disaster } = combination;
  const chosen = [
    { id: source, name: dataSources[source].name, only: only.sources, not: not.sources },
    {
      id: operational.method,
      name: operationalMethods[operational.method].name,
      only: only.operational,
      not: not.operational,
    },
    ...(disaster === undefined
      ? []
      : [
          {
            id: disaster.option,
            name: disasterOptions[disaster.option].name,
            only: only.disaster,
            not: not.disaster,
          },
        ]),
  ] as readonly {
    readonly id: string;
    readonly name: string;
    readonly only: readonly string[] | undefined;
    readonly not: readonly string[] | undefined;
  }[];
  return chosen.flatMap(({ id, name, only: allowed, not: refused }) => {
    const isRefused = refused?.includes(id) === true;
    if (!isRefused && (allowed === undefined || allowed.includes(id))) return [];
    return [
      violation("choice", `${name} was not to be considered`, {
        change: `allow ${name}`,
      }),
    ];
  });
}
