import {
  applicability,
  dataSources,
  type DataSourceId,
  disasterEdge,
  type DisasterOptionId,
  disasterOptions,
  disasterTraits,
  type Edge,
  losses,
  type MailServerId,
  mailServers,
  methodApplicability,
  mirrorApplicability,
  operationalMethods,
  type OperationalMethodId,
  operationalTraits,
  sourceEdge,
  sourceImpact,
  transactionLogs,
} from "../figure-1/index.ts";
import type { Block, Section } from "../report/index.ts";
import { impactText } from "./chosen-report.ts";

/** Ids of all boxes of Figure 1. */
export function boxes(): readonly string[] {
  return [
    ...Object.keys(dataSources),
    ...Object.keys(operationalMethods),
    ...Object.keys(disasterOptions),
  ];
}

export function paragraph(text: string): Block {
  return { kind: "paragraph", text };
}

/** What Figure 1 says of two boxes. */
export function edgeBlocks(edge: Edge, from: string, to: string): readonly Block[] {
  const verdict = {
    yes: "can feed",
    "less common": "can feed, though it is less common,",
    no: "cannot feed",
  };
  return [
    paragraph(
      `${from} ${verdict[edge.verdict]} ${to} (§${edge.section}${edge.of === "today" ? ", as it is done today" : ""}): ${edge.reason}`,
    ),
    ...edge.caveats.map((text): Block => ({ kind: "note", tone: "warn", text })),
  ];
}

function isSource(id: string): id is DataSourceId {
  return Object.hasOwn(dataSources, id);
}

function isMethod(id: string): id is OperationalMethodId {
  return Object.hasOwn(operationalMethods, id);
}

function isOption(id: string): id is DisasterOptionId {
  return Object.hasOwn(disasterOptions, id);
}

/** "hot-split deltas", "deltas → ship-tapes". */
export function pairSections(words: string, server: MailServerId): readonly Section[] | undefined {
  const [first = "", second = "", ...more] = words.split(/\s*(?:->|→|\s)\s*/);
  if (more.length > 0 || second === "") return undefined;
  if (isSource(first) && isMethod(second))
    return [
      {
        heading: `${dataSources[first].name} → ${operationalMethods[second].name}`,
        level: 2,
        blocks: edgeBlocks(
          sourceEdge(first, second),
          dataSources[first].name,
          operationalMethods[second].name,
        ),
      },
    ];
  if (isMethod(first) && isOption(second))
    return [
      {
        heading: `${operationalMethods[first].name} → ${disasterOptions[second].name}`,
        level: 2,
        blocks: [
          ...edgeBlocks(
            disasterEdge(first, second),
            operationalMethods[first].name,
            disasterOptions[second].name,
          ),
          applicabilityBlock(mirrorApplicability(second, server), server),
        ],
      },
    ];
  return undefined;
}

/** What a server says to an option. */
export function applicabilityBlock(
  { verdict, reason, source, grade }: ReturnType<typeof applicability>,
  server: MailServerId,
): Block {
  return paragraph(
    `On ${mailServers[server].name}: ${verdict}. ${reason} (${source}; evidence ${grade})`,
  );
}

/** One box: what feeds it, what it feeds, what it survives, on which server. */
export function boxSections(id: string, server: MailServerId): readonly Section[] | undefined {
  if (isSource(id)) {
    const { name, section } = dataSources[id];
    return [
      {
        heading: `${name} (§${section})`,
        level: 2,
        blocks: [
          applicabilityBlock(applicability(id, server), server),
          paragraph(
            `Impact on the server: ${impactText(sourceImpact[id].impact)}. ${sourceImpact[id].reason}.`,
          ),
          edgeTable(
            "It can feed",
            Object.keys(operationalMethods).map((to) => [
              operationalMethods[to as OperationalMethodId].name,
              sourceEdge(id, to as OperationalMethodId),
            ]),
          ),
        ],
      },
    ];
  }
  if (isMethod(id)) {
    const { name, section } = operationalMethods[id];
    return [
      {
        heading: `${name} (§${section})`,
        level: 2,
        blocks: [
          applicabilityBlock(methodApplicability(id, server), server),
          ...traitBlocks(operationalTraits[id]),
          edgeTable(
            "Fed by",
            Object.keys(dataSources).map((from) => [
              dataSources[from as DataSourceId].name,
              sourceEdge(from as DataSourceId, id),
            ]),
          ),
          edgeTable(
            "Disaster recovery with it",
            Object.keys(disasterOptions).map((to) => [
              disasterOptions[to as DisasterOptionId].name,
              disasterEdge(id, to as DisasterOptionId),
            ]),
          ),
        ],
      },
    ];
  }
  if (!isOption(id)) return undefined;
  const { name, section } = disasterOptions[id];
  return [
    {
      heading: `${name} (§${section})`,
      level: 2,
      blocks: [
        applicabilityBlock(mirrorApplicability(id, server), server),
        ...traitBlocks(disasterTraits[id]),
        edgeTable(
          "With",
          Object.keys(operationalMethods).map((from) => [
            operationalMethods[from as OperationalMethodId].name,
            disasterEdge(from as OperationalMethodId, id),
          ]),
        ),
      ],
    },
  ];
}

function traitBlocks(traits: (typeof operationalTraits)[OperationalMethodId]): readonly Block[] {
  const survives = traits.survives.map((loss) => losses[loss]).join("; ");
  return [
    paragraph(
      `Recovers from: ${survives}.${traits.lacks === undefined ? "" : ` Not from the rest: ${traits.lacks}.`}`,
    ),
    paragraph(`Impact on the server: ${impactText(traits.impact)}. ${traits.impactReason}.`),
    paragraph(
      traits.fine
        ? `It restores single messages and mailboxes by itself (§${traits.granularitySection}).`
        : `It restores whole volumes; a reader over its image brings back single messages (§${traits.granularitySection}, §1.4.3).`,
    ),
  ];
}

function edgeTable(caption: string, edges: readonly (readonly [string, Edge])[]): Block {
  return {
    kind: "table",
    caption,
    columns: [
      { heading: "", align: "left" },
      { heading: "", align: "left" },
      { heading: "section", align: "left" },
      { heading: "reason", align: "left" },
      { heading: "caveats", align: "left" },
    ],
    rows: edges.map(([name, { verdict, section, reason, caveats }]) => [
      name,
      { text: verdict, state: verdict === "no" ? ("bad" as const) : ("good" as const) },
      `§${section}`,
      reason,
      caveats.join("; "),
    ]),
  };
}

/** One mail server: its logs, and which sources work with it. */
export function serverSections(id: string): readonly Section[] | undefined {
  if (!Object.hasOwn(mailServers, id)) return undefined;
  const server = id as MailServerId;
  const logs = transactionLogs(server);
  return [
    {
      heading: mailServers[server].name,
      level: 2,
      blocks: [
        paragraph(`Logs to roll forward: ${logs.has ? "yes" : "no"}. ${logs.reason}`),
        {
          kind: "table",
          caption: "Data sources",
          columns: [
            { heading: "source", align: "left" },
            { heading: "", align: "left" },
            { heading: "reason", align: "left" },
            { heading: "known from", align: "left" },
            { heading: "evidence", align: "left" },
          ],
          rows: Object.keys(dataSources).map((source) => {
            const {
              verdict,
              reason,
              source: from,
              grade,
            } = applicability(source as DataSourceId, server);
            return [
              dataSources[source as DataSourceId].name,
              { text: verdict, state: verdict === "no" ? ("bad" as const) : ("good" as const) },
              reason,
              from,
              grade,
            ];
          }),
        },
      ],
    },
  ];
}
