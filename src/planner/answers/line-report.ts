import { spanText } from "../model/index.ts";
import type { LinePlan } from "../plan/index.ts";
import { minutesText, numberText, type Violation } from "../ranking/index.ts";
import type { Block, Report, Section } from "../report/index.ts";
import type { BusinessRequirements, Objectives, Requirements } from "../requirements/index.ts";
import { moneyText, quantityText } from "./cells.ts";
import { chosenSection } from "./chosen-report.ts";
import { coverageSection } from "./coverage-report.ts";
import { rankingSection, rejectionsSection } from "./ranking-report.ts";

/** Everything about one line of business. */
export function lineSections(
  line: LinePlan,
  requirements: Requirements,
): readonly Report["sections"][number][] {
  const { business, chosen } = line;
  const sections: Section[] = [
    {
      heading: `Line of business: ${business.name}`,
      level: 2,
      blocks: required(business, requirements),
    },
  ];
  if (chosen === undefined) sections.push(nothingMeets(line));
  else sections.push(chosenSection(line, chosen, requirements), coverageSection(line, chosen));
  sections.push(rankingSection(line, requirements), rejectionsSection(line));
  if (line.inPlace !== undefined) sections.push(paybackSection(line, requirements));
  return sections;
}

function required(business: BusinessRequirements, { currency }: Requirements): readonly Block[] {
  const { operational, disaster, budgetPerYear } = business;
  return [
    {
      kind: "definitions",
      pairs: [
        { term: "operational recovery", definition: objectivesText(operational) },
        {
          term: "disaster recovery",
          definition:
            disaster === undefined ? "the loss of the site is accepted" : objectivesText(disaster),
        },
        {
          term: "granularity, risk tolerance",
          definition: `${business.granularity}, ${business.risk}`,
        },
        {
          term: "an hour without mail",
          definition: `${moneyText(business.downtimePerHour, currency)} (payroll × share of productivity lost, §1.4.4)`,
        },
        {
          term: "budget",
          definition:
            budgetPerYear === undefined
              ? "by value: none was set (§1.4.4)"
              : `${moneyText(budgetPerYear, currency)} a year`,
        },
      ],
    },
  ];
}

function objectivesText({ loseAtMostMs, backWithinMs, reachBackMs }: Objectives): string {
  return `lose at most ${minutesText(loseAtMostMs / 60_000)}, back within ${minutesText(backWithinMs / 60_000)}, ${spanText(reachBackMs / 3_600_000)} back`;
}

function nothingMeets({ waysOut }: LinePlan): Section {
  return {
    heading: "Nothing meets the requirements",
    level: 3,
    blocks: [
      {
        kind: "note",
        tone: "bad",
        text: "No way through Figure 1 meets all of them at once. One of these would have to change:",
      },
      {
        kind: "list",
        ordered: true,
        items: waysOut.map(({ nearest, combinations }) => [
          {
            kind: "strong" as const,
            text: [...new Set(nearest.violations.map(({ change }) => change))].join("; and "),
          },
          ` — then `,
          { kind: "code" as const, text: nearest.evaluation.id },
          ` fits${combinations > 1 ? ` (the nearest of ${numberText(combinations)})` : ""}. Now: ${reasonsOf(nearest.violations).join("; ")}.`,
        ]),
      },
    ],
  };
}

function paybackSection({ inPlace, payback }: LinePlan, { currency }: Requirements): Section {
  const blocks: Block[] = [];
  if (inPlace !== undefined)
    blocks.push({
      kind: "paragraph",
      text: [
        "In place now: ",
        { kind: "code", text: inPlace.evaluation.id },
        `, ${quantityText(inPlace.cost.totalPerYear)} ${currency} a year with outages.`,
      ],
    });
  for (const { reason } of inPlace?.violations ?? [])
    blocks.push({ kind: "note", tone: "bad", text: `In place now: ${reason}` });
  if (payback !== undefined)
    blocks.push({
      kind: "definitions",
      pairs: [
        { term: "investment", definition: `${quantityText(payback.investment)} ${currency}` },
        { term: "saved a year", definition: `${quantityText(payback.savedPerYear)} ${currency}` },
        { term: "return a year", definition: quantityText(payback.returnPerYear) },
        { term: "pays back", definition: paybackText(payback) },
      ],
    });
  return { heading: "Against what is in place (§1.4.4)", level: 3, blocks };
}

function paybackText({ months, events }: NonNullable<LinePlan["payback"]>): string {
  const after =
    events === 0
      ? "at once"
      : events === 1
        ? "with the first outage"
        : events === Infinity
          ? "by no number of outages"
          : `with outage number ${numberText(events)}`;
  return `${after}; by yearly cost ${months === Infinity ? "never" : months === 0 ? "at once" : months <= 1 ? "within a month" : `after ${numberText(Math.ceil(months))} months`}`;
}

/** One reason of each kind: the same time is missed after several losses. */
function reasonsOf(violations: readonly Violation[]): readonly string[] {
  return [...Map.groupBy(violations, ({ change }) => change).values()].flatMap(([first]) =>
    first === undefined ? [] : [first.reason],
  );
}
