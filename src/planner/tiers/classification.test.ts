/** A classification with its prices, and lines of business that chose tiers, as reports and as JSON. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { siteOf } from "../plan/runbook.fixture.ts";
import { renderMarkdown } from "../report/index.ts";
import {
  businessOfTier,
  type ClassifiedLine,
  findTier,
  type Requirements,
  standardTiers,
  type Tier,
} from "../requirements/index.ts";
import {
  checkTierOrder,
  classificationJson,
  classificationReport,
  priceClassification,
  priceTiers,
  siteOfClassification,
  tierDetailsReport,
  tieredLines,
  tierJson,
} from "./index.ts";

/** Few combinations, quickly ranked. */
const site: Requirements = {
  ...siteOf(),
  only: {
    sources: ["live-object"],
    operational: ["disk-deduplicated"],
    disaster: ["duplicate-disk"],
  },
};

const line = (name: string, more: Partial<ClassifiedLine> = {}): ClassifiedLine => ({
  name,
  tier: "bronze",
  mailboxes: [`a@${name}.example.org`],
  sizeBytes: 0,
  sizedMailboxes: 0,
  ...more,
});

function tier(name: string): Tier {
  const found = findTier(name, standardTiers);
  assert.ok(found, name);
  return found;
}

test("each line of business pays its share of what its tier costs, and tiers nobody chose are not priced", () => {
  const mail = site.parameters.mail.high;
  const { lines, tiers, findings } = priceClassification(
    [
      line("sales", { tier: "SILVER", sizeBytes: mail / 4, sizedMailboxes: 1 }),
      line("rest", { mailboxes: ["*"] }),
    ],
    site,
  );
  assert.deepEqual(findings, []);
  assert.deepEqual(
    tiers.map(({ tier: { name } }) => name),
    ["bronze", "silver"],
  );
  for (const [index, share] of [0.25, 0.75].entries()) {
    const { pricePerYear, tier: priced, mail: own } = lines[index] ?? assert.fail();
    assert.ok(priced.offer && pricePerYear);
    const price = priced.offer.pricePerYear.high * share;
    assert.ok(Math.abs(pricePerYear.high - price) < 1e-6, `${pricePerYear.high} ${price}`);
    assert.ok(Math.abs(own.high - mail * share) < 1);
  }
});

test("the prices of all lines together are what one tier costs, when they all choose it", () => {
  const [priced] = priceTiers(site, [tier("bronze")]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), (count) => {
      const all = Array.from({ length: count }, (_, index) => line(`l${index}`));
      const { lines } = priceClassification(all, site);
      const sum = lines.reduce((total, { pricePerYear }) => total + (pricePerYear?.high ?? 0), 0);
      assert.ok(Math.abs(sum - (priced?.offer?.pricePerYear.high ?? 0)) < 1e-6);
    }),
    { numRuns: 4 },
  );
});

test("a line whose tier nothing meets has no price, and its tier says what would have to change", () => {
  const priced = priceClassification([line("sales", { tier: "platinum" })], site);
  assert.equal(priced.lines[0]?.pricePerYear, undefined);
  const text = renderMarkdown(classificationReport(priced, { file: "c.csv", subtitle: "a test" }));
  assert.match(text, /nothing meets its tier/);
  assert.match(text, /Ways out/);
  const json = classificationJson(priced) as {
    readonly linesOfBusiness: readonly { readonly pricePerYear: unknown }[];
    readonly tiers: readonly { readonly offer: unknown; readonly waysOut: readonly unknown[] }[];
  };
  assert.equal(json.linesOfBusiness[0]?.pricePerYear, null);
  assert.equal(json.tiers[0]?.offer, null);
  assert.ok((json.tiers[0]?.waysOut.length ?? 0) > 0);
});

test("a report of a classification has mailboxes and patterns, the sum, and what is wrong with sizes", () => {
  const priced = priceClassification(
    [
      line("sales", { mailboxes: ["a@b", "*@c"], sizeBytes: 1e15, sizedMailboxes: 1 }),
      line("rest", { mailboxes: ["*"] }),
    ],
    site,
  );
  const text = renderMarkdown(classificationReport(priced, { file: "c.csv", subtitle: "a test" }));
  assert.match(text, /1 and 1 pattern/);
  assert.match(text, /Together/);
  assert.match(text, /shares are of the former/);
  assert.match(text, /rank the same in both layers/);
});

test("an undescribed site is known by what a classification says of sizes and mailboxes", () => {
  const of = (...lines: readonly ClassifiedLine[]): Requirements["parameters"] =>
    siteOfClassification(lines, { requirements: site, fileName: "c.csv" }).parameters;
  const whole = of(
    line("a", { sizeBytes: 3e9, sizedMailboxes: 1 }),
    line("b", { mailboxes: ["b", "c"], sizeBytes: 4e9, sizedMailboxes: 2 }),
  );
  assert.deepEqual([whole.mail.high, whole.mail.origin], [7e9, "stated"]);
  assert.deepEqual([whole.mailboxes.high, whole.mailboxes.origin], [3, "stated"]);
  const part = of(line("b", { mailboxes: ["b", "c"], sizeBytes: 4e9, sizedMailboxes: 1 }));
  assert.deepEqual([part.mail.high, part.mail.origin], [8e9, "computed"]);
  assert.match(part.mail.basis, /1 of 2 mailboxes/);
  const silent = of(
    line("a", { mailboxes: ["*"] }),
    line("b", { sizeBytes: 4e9, sizedMailboxes: 1 }),
  );
  assert.equal(silent.mail, site.parameters.mail);
  assert.equal(silent.mailboxes, site.parameters.mailboxes);
});

test("what was measured at a site stays, whatever a classification says", () => {
  const measured = { ...site.parameters.mail, origin: "measured" } as const;
  const { parameters } = siteOfClassification([line("a", { sizeBytes: 3e9, sizedMailboxes: 1 })], {
    requirements: { ...site, parameters: { ...site.parameters, mail: measured } },
    fileName: "c.csv",
  });
  assert.equal(parameters.mail, measured);
});

test("lines that chose tiers are told with objectives of their own, and checked against each other", () => {
  const facts = { mailboxes: ["*"], mailShare: 0.5 };
  const gold = businessOfTier(tier("gold"), { name: "gold line", ...facts });
  const own = { ...businessOfTier(tier("silver"), { name: "own line", ...facts }) };
  const linesOfBusiness = [
    gold,
    { ...own, disaster: { loseAtMostMs: 1, backWithinMs: 2, reachBackMs: 3 } },
    { ...own, name: "no tier", tier: undefined },
  ].map(({ tier: chosen, ...rest }) => (chosen === undefined ? rest : { ...rest, tier: chosen }));
  const lines = tieredLines({ ...site, linesOfBusiness });
  assert.deepEqual(
    lines.map(({ name, operational, disaster }) => [name, operational.name, disaster?.name]),
    [
      ["gold line", "gold", "gold"],
      ["own line", "silver", "silver, with objectives of its own"],
    ],
  );
  assert.equal(checkTierOrder(lines).length, 2);
});

test("a tier in full has promise, price, every loss, and each number that its times rest on", () => {
  const [priced] = priceTiers(site, [tier("bronze")]);
  assert.ok(priced?.offer);
  const text = renderMarkdown(
    tierDetailsReport(priced, { requirements: site, subtitle: "a test" }),
  );
  for (const heading of ["The promise", "The price", "What it achieves", "The proof"])
    assert.ok(text.includes(heading), heading);
  assert.match(text, /the site gone/);
  for (const name of priced.offer.proof.restsOn.assumed)
    assert.ok(text.includes(name.replaceAll("_", "\\_")) || text.includes(name), name);
  const json = tierJson(priced) as {
    readonly offer: { readonly id: string; readonly proof: { readonly grade: string } };
  };
  assert.equal(json.offer.id, priced.offer.chosen.evaluation.id);
  assert.equal(json.offer.proof.grade, priced.offer.proof.grade);
});
