import { quantityText } from "../answers/index.ts";
import { sum } from "../quantity.ts";
import { numberText } from "../ranking/index.ts";
import type { Block, Cell, Report, Section } from "../report/index.ts";
import type { PricedClassification, PricedLine } from "./price-classification.ts";
import { tieredLines } from "./tiered-lines.ts";
import { moneyCell, moneyText, orderSection, tierSection } from "./tier-report.ts";

export type ClassificationReportOptions = {
  /** Name of the classification, for the title. */
  readonly file: string;
  /** What the site is known by. */
  readonly subtitle: string;
};

/** A classification as a report: which line of business is of which tier, and what that costs it. */
export function classificationReport(
  priced: PricedClassification,
  { file, subtitle }: ClassificationReportOptions,
): Report {
  const { requirements, tiers } = priced;
  return {
    title: `Classification of ${file}`,
    subtitle,
    sections: [
      linesSection(priced),
      orderSection(tieredLines(requirements)),
      { heading: "The tiers that were chosen", level: 1, blocks: tiersIntroduction },
      ...tiers.map((tier) => tierSection(tier, requirements)),
    ],
  };
}

const tiersIntroduction: readonly Block[] = [
  {
    kind: "paragraph",
    text: "Prices here are for all mail of the site in that tier; times are of data recovery alone (§4.2).",
  },
];

function linesSection({ lines, requirements, findings }: PricedClassification): Section {
  const { currency } = requirements;
  const blocks: Block[] = [
    {
      kind: "table",
      columns: [
        { heading: "Line of business", align: "left" },
        { heading: "Tier", align: "left" },
        { heading: "Mailboxes", align: "right" },
        { heading: "Mail", align: "right" },
        { heading: "Share", align: "right" },
        { heading: `An hour without mail, ${currency}`, align: "right" },
        { heading: `${currency} a year`, align: "right" },
      ],
      rows: lines.map(lineRow),
    },
  ];
  const prices = lines.flatMap(({ pricePerYear }) => pricePerYear ?? []);
  if (prices.length > 0)
    blocks.push({
      kind: "paragraph",
      text: `Together ${moneyText(sum(prices))} ${currency} a year. Each line of business pays its share of what its tier costs for all of the site's mail; what outages cost is not in it.`,
    });
  for (const { severity, message, hint } of findings)
    blocks.push({
      kind: "note",
      tone: severity === "warning" ? "warn" : "bad",
      text: `${message}. ${hint ?? ""}`.trim(),
    });
  return { heading: "Lines of business", level: 1, blocks };
}

function lineRow({ classified, business, tier, mail, pricePerYear }: PricedLine): readonly Cell[] {
  return [
    business.name,
    tier.tier.name,
    mailboxesText(classified.mailboxes),
    { text: quantityText(mail), title: mail.basis },
    `${numberText(business.mailShare * 100)} %`,
    numberText(business.downtimePerHour),
    pricePerYear === undefined
      ? { text: "nothing meets its tier", state: "bad" }
      : moneyCell(pricePerYear),
  ];
}

/** A pattern stands for who knows how many. */
function mailboxesText(mailboxes: readonly string[]): string {
  const patterns = mailboxes.filter((name) => /[*?]/.test(name)).length;
  if (patterns === 0) return numberText(mailboxes.length);
  const words = `${numberText(patterns)} ${patterns === 1 ? "pattern" : "patterns"}`;
  const named = mailboxes.length - patterns;
  return named === 0 ? words : `${numberText(named)} and ${words}`;
}
