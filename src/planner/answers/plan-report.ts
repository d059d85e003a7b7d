import { disasterOptions, mailServers, operationalMethods } from "../figure-1/index.ts";
import { isExact, type Quantity } from "../quantity.ts";
import { parameterNames, parameters, type ParameterName } from "../parameters.ts";
import type { LinePlan, Plan } from "../plan/index.ts";
import type { Ranked } from "../ranking/index.ts";
import type { Block, Report, Section } from "../report/index.ts";
import { hoursText, moneyText, quantityCell, quantityText } from "./cells.ts";
import { lineSections } from "./line-report.ts";

export type PlanReportOptions = {
  /** When it was made, as it is to be read. */
  readonly generatedAt?: string;
};

/** The plan as somebody signs it: the answer first, then each line of business, then what it rests on. */
export function planReport(plan: Plan, { generatedAt }: PlanReportOptions = {}): Report {
  const { requirements } = plan;
  return {
    title: `Recovery plan for ${requirements.server.name}`,
    subtitle: `${mailServers[requirements.server.kind].name}, ${quantityText(requirements.parameters.mail)} of mail`,
    ...(generatedAt === undefined ? {} : { generatedAt }),
    sections: [
      summary(plan),
      ...plan.lines.flatMap((line) => lineSections(line, requirements)),
      recoveryOrderSection(plan),
      assumptions(plan),
    ],
  };
}

function summary(plan: Plan): Section {
  const { currency } = plan.requirements;
  const blocks: Block[] = [
    {
      kind: "table",
      caption: "What is proposed, worst case of each pair",
      columns: [
        { heading: "line of business", align: "left" },
        { heading: "operational recovery → disaster recovery", align: "left" },
        { heading: "loss (RPO)", align: "right" },
        { heading: "back after (RTO)", align: "right" },
        { heading: `protection, ${currency} a year`, align: "right" },
        { heading: `with outages, ${currency} a year`, align: "right" },
        { heading: "this version runs it", align: "left" },
      ],
      rows: plan.lines.map((line) => summaryRow(line)),
    },
  ];
  if (plan.lines.length > 1)
    blocks.push({
      kind: "paragraph",
      text: `Together: ${moneyText(plan.totals.purchase.high, currency)} to buy, ${moneyText(plan.totals.protectionPerYear.high, currency)} a year for protection, ${moneyText(plan.totals.totalPerYear.high, currency)} a year with the outages that are to be expected.`,
    });
  for (const warning of plan.warnings) blocks.push({ kind: "note", tone: "warn", text: warning });
  return { heading: "The plan", level: 2, blocks };
}

function summaryRow({
  business,
  chosen,
}: LinePlan): readonly (string | { text: string; state: "bad" })[] {
  if (chosen === undefined)
    return [business.name, { text: "nothing meets the requirements; see below", state: "bad" }];
  const { evaluation, cost } = chosen;
  const { operational, disaster } = evaluation.combination;
  const far = disaster === undefined ? "none" : disasterOptions[disaster.option].name;
  return [
    business.name,
    `${operationalMethods[operational.method].name} → ${far}`,
    hoursText(evaluation.operational.rpo.logsLost.high),
    hoursText(
      (evaluation.operational.rto.logsSurvive.high + evaluation.operational.recall.high) / 60,
    ),
    moneyText(cost.protectionPerYear.high, "").trim(),
    moneyText(cost.totalPerYear.high, "").trim(),
    runsHereText(chosen),
  ];
}

export function runsHereText({ missing }: Ranked): string {
  return missing.length === 0 ? "yes" : `not yet: ${missing.join(", ")}`;
}

function recoveryOrderSection({ recoveryOrder, lines }: Plan): Section {
  return {
    heading: "In which order they come back after a loss of the site",
    level: 2,
    blocks:
      lines.length < 2
        ? [{ kind: "paragraph", text: "There is one line of business." }]
        : [{ kind: "list", ordered: true, items: recoveryOrder }],
  };
}

/** Every number that the plan rests on, the least certain first. */
function assumptions({ requirements }: Plan): Section {
  const order: readonly Quantity["origin"][] = [
    "assumed",
    "paper",
    "stated",
    "computed",
    "measured",
  ];
  const names = parameterNames.toSorted(
    (left, right) =>
      order.indexOf(requirements.parameters[left].origin) -
      order.indexOf(requirements.parameters[right].origin),
  );
  return {
    heading: "What it rests on",
    level: 2,
    blocks: [
      {
        kind: "paragraph",
        text: "Assumed numbers are to be checked by whoever signs: state them under site: assumptions, or measure them with `restante bench`. Each can be asked for with `restante plan why NAME`.",
      },
      {
        kind: "table",
        caption: "Numbers, the least certain first",
        columns: [
          { heading: "name", align: "left" },
          { heading: "value", align: "right" },
          { heading: "what it is", align: "left" },
          { heading: "where it comes from", align: "left" },
        ],
        rows: names.map((name) => parameterRow(name, requirements.parameters[name])),
      },
    ],
  };
}

function parameterRow(
  name: ParameterName,
  quantity: Quantity,
): Extract<Block, { kind: "table" }>["rows"][number] {
  return [name, quantityCell(quantity), parameters[name].about, quantity.basis];
}

/** A pair of times as one text: both cases where they differ. */
export function pairText(pair: {
  readonly logsSurvive: Quantity;
  readonly logsLost: Quantity;
}): string {
  const survive = quantityText(pair.logsSurvive);
  const lost = quantityText(pair.logsLost);
  const same = survive === lost && isExact(pair.logsSurvive) === isExact(pair.logsLost);
  return same ? survive : `${survive} | ${lost}`;
}
