import { describeDisaster } from "../model/index.ts";
import type { CheckedLine } from "../plan/index.ts";
import type { Block, Report } from "../report/index.ts";
import { quantityCell } from "./cells.ts";

export type CheckReportOptions = {
  readonly file: string;
  /** The requirements it was held to; undefined: its own promises. */
  readonly against: string | undefined;
  /** Lines of business that were required and are not in the file. */
  readonly absent: readonly string[];
};

/** What a configuration amounts to, and where it falls short. */
export function checkReport(
  lines: readonly CheckedLine[],
  { file, against, absent }: CheckReportOptions,
): Report {
  return {
    title: `Check of ${file}`,
    subtitle:
      against === undefined
        ? "held to its own promises; sizes are assumed where nothing was measured"
        : `held to ${against}`,
    sections: [
      ...lines.map((line) => ({
        heading: `${line.name}, tier ${line.tier}`,
        level: 2 as const,
        blocks: blocksOf(line),
      })),
      ...absent.map((name) => ({
        heading: name,
        level: 2 as const,
        blocks: [
          {
            kind: "note" as const,
            tone: "bad" as const,
            text: "This line of business is required and not in the file.",
          },
        ],
      })),
    ],
  };
}

function blocksOf({ ways, findings }: CheckedLine): readonly Block[] {
  const errors = findings.filter(({ severity }) => severity === "error");
  return [
    {
      kind: "table",
      columns: [
        { heading: "way through Figure 1", align: "left" },
        { heading: "RPO", align: "right" },
        { heading: "RTO", align: "right" },
        { heading: "one capture takes", align: "right" },
      ],
      rows: ways.map(({ evaluation: { id, operational } }) => [
        [{ kind: "code", text: id }],
        quantityCell(operational.rpo.logsLost),
        quantityCell(operational.rto.logsSurvive),
        quantityCell(operational.copyTime),
      ]),
    },
    ...disasterTable(ways),
    ...(errors.length === 0
      ? [{ kind: "paragraph" as const, text: "It meets its objectives." }]
      : []),
    ...findings.map(({ severity, text, change }): Block => ({
      kind: "note",
      tone: severity === "error" ? "bad" : "warn",
      text: change === undefined ? text : `${text}. To change it: ${change}.`,
    })),
  ];
}

/** Of the disaster recovery, with the method that feeds it. */
function disasterTable(ways: CheckedLine["ways"]): readonly Block[] {
  const rows = ways.flatMap(({ evaluation: { combination, disaster } }) =>
    disaster === undefined
      ? []
      : [
          [
            describeDisaster(combination.disaster),
            quantityCell(disaster.rpo.logsLost),
            quantityCell(disaster.rto.logsSurvive),
            quantityCell(disaster.recall),
          ],
        ],
  );
  if (rows.length === 0) return [];
  return [
    {
      kind: "table",
      columns: [
        { heading: "disaster recovery", align: "left" },
        { heading: "RPO", align: "right" },
        { heading: "RTO", align: "right" },
        { heading: "recall", align: "right" },
      ],
      rows,
    },
  ];
}
