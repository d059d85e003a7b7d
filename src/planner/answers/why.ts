import { closestWord, quoted } from "#errors";
import {
  applicability,
  dataSources,
  disasterEdge,
  disasterOptions,
  mailServers,
  operationalMethods,
  sourceEdge,
} from "../figure-1/index.ts";
import { figureCells, parseCombination, type Situation } from "../model/index.ts";
import { isParameterName, parameterNames, parameters, type Parameters } from "../parameters.ts";
import { PlannerError } from "../planner-error.ts";
import type { Quantity } from "../quantity.ts";
import { rankOne } from "../ranking/index.ts";
import type { Block, Report, Section } from "../report/index.ts";
import type { Requirements } from "../requirements/index.ts";
import { quantityCell, quantityText } from "./cells.ts";
import { chosenSection } from "./chosen-report.ts";
import { coverageSection } from "./coverage-report.ts";
import { printedText } from "./figures-report.ts";
import {
  applicabilityBlock,
  boxes,
  boxSections,
  edgeBlocks,
  pairSections,
  paragraph,
  serverSections,
} from "./why-boxes.ts";

export type WhyOptions = {
  /** What the answer is computed for. */
  readonly requirements: Requirements;
  readonly situation: Situation;
};

/**
 * Where something comes from: a number by its name, a box of Figure 1, a pair of boxes, a row of Figures 6
 * and 7, or a whole combination. Throws PlannerError `planner.no-topic` for anything else.
 */
export function why(topic: string, options: WhyOptions): Report {
  const words = topic.trim();
  const found =
    combinationSections(words, options) ??
    numberSections(words, options.requirements.parameters) ??
    pairSections(words, options.requirements.server.kind) ??
    boxSections(words, options.requirements.server.kind) ??
    serverSections(words) ??
    figureSections(words, options.situation);
  if (found !== undefined) return { title: `Why: ${words}`, sections: found };
  const near = closestWord(words, [...parameterNames, ...boxes(), ...Object.keys(mailServers)]);
  throw new PlannerError(
    "planner.no-topic",
    `Cannot say why ${quoted(words)}: it is no number, box, server, row of a figure or combination`,
    {
      hint:
        near === undefined
          ? 'Ask for a number (tape_rate), a box (deltas), a pair ("deltas ship-tapes"), a server (cyrus), a row ("Clone") or a combination as the report shows it.'
          : `Did you mean: ${near}?`,
    },
  );
}

function numberSections(name: string, of: Parameters): readonly Section[] | undefined {
  if (!isParameterName(name)) return undefined;
  const rows: (readonly (string | ReturnType<typeof quantityCell>)[])[] = [];
  for (let one: Quantity | undefined = of[name]; one !== undefined; one = one.instead)
    rows.push([
      rows.length === 0 ? "now" : "instead of",
      { text: quantityText(one), origin: one.origin },
      one.basis,
    ]);
  return [
    {
      heading: name,
      level: 2,
      blocks: [
        paragraph(`${parameters[name].about}.`),
        {
          kind: "table",
          columns: [
            { heading: "", align: "left" },
            { heading: "value", align: "right" },
            { heading: "where it comes from", align: "left" },
          ],
          rows,
        },
        paragraph(
          `State it in a requirements file under site: assumptions: ${name}. The paper's own: ${parameters[name].paper.basis}.`,
        ),
      ],
    },
  ];
}

function figureSections(words: string, situation: Situation): readonly Section[] | undefined {
  if (words.length < 3) return undefined;
  const cells = figureCells({ situation }).filter(({ row }) =>
    row.toLowerCase().includes(words.toLowerCase()),
  );
  const rows = [...new Set(cells.map(({ row }) => row))];
  if (rows.length === 0) return undefined;
  return rows.map((row) => ({
    heading: `Figure ${cells.find((cell) => cell.row === row)?.figure}: ${row}`,
    level: 2,
    blocks: [
      {
        kind: "table",
        columns: [
          { heading: "", align: "left" },
          { heading: "case", align: "left" },
          { heading: "paper", align: "right" },
          { heading: "computed", align: "right" },
          { heading: "how", align: "left" },
        ],
        rows: cells
          .filter((cell) => cell.row === row)
          .map((cell) => [
            `${cell.quantity}, ${cell.unit}`,
            cell.case,
            cell.paper === null ? "–" : printedText(cell.paper),
            quantityCell(cell.computed),
            cell.computed.basis,
          ]),
      },
    ],
  }));
}

function combinationSections(
  id: string,
  { requirements }: WhyOptions,
): readonly Section[] | undefined {
  const combination = parseCombination(id);
  const business = requirements.linesOfBusiness[0];
  if (combination === undefined || business === undefined) return undefined;
  const { source, operational, disaster } = combination;
  const ranked = rankOne(combination, { business, requirements });
  const line = {
    business,
    chosen: ranked,
    ranking: { business, feasible: [], rejected: [] },
    waysOut: [],
    lapses: [],
  };
  const method = operationalMethods[operational.method].name;
  return [
    {
      heading: "The way through Figure 1",
      level: 2,
      blocks: [
        ...edgeBlocks(sourceEdge(source, operational.method), dataSources[source].name, method),
        applicabilityBlock(
          applicability(source, requirements.server.kind),
          requirements.server.kind,
        ),
        ...(disaster === undefined
          ? [paragraph("No disaster recovery: the loss of the site is accepted.")]
          : edgeBlocks(
              disasterEdge(operational.method, disaster.option),
              method,
              disasterOptions[disaster.option].name,
            )),
      ],
    },
    {
      heading:
        ranked.violations.length === 0
          ? "It meets the requirements"
          : "Why it does not meet the requirements",
      level: 2,
      blocks: ranked.violations.map((violation): Block => ({
        kind: "note",
        tone: "bad",
        text: `${violation.constraint}: ${violation.reason}. To change it: ${violation.change}.`,
      })),
    },
    chosenSection(line, ranked, requirements),
    coverageSection(line, ranked),
  ];
}
