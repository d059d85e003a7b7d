import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Measurement, withMeasurements } from "../measurement.ts";
import type { ParameterName } from "../parameters.ts";
import { siteOf } from "../plan/runbook.fixture.ts";
import { exactly } from "../quantity.ts";
import { renderMarkdown } from "../report/index.ts";
import {
  businessOfTier,
  type ClassifiedLine,
  findTier,
  type Objectives,
  type Requirements,
  standardTiers,
  type Tier,
} from "../requirements/index.ts";
import { checkTierOrder, linesOfTiers, priceTiers, tierReport } from "./index.ts";

const GB = 1024 ** 3;

function tier(name: string): Tier {
  const found = findTier(name, standardTiers);
  assert.ok(found, name);
  return found;
}

/** The site with some of its numbers replaced; they count as stated. */
function withParameters(
  requirements: Requirements,
  values: Readonly<Partial<Record<ParameterName, number>>>,
): Requirements {
  const parameters = { ...requirements.parameters };
  for (const [name, value] of Object.entries(values)) {
    const key = name as ParameterName;
    parameters[key] = { ...parameters[key], ...exactly(value), origin: "stated", basis: "a test" };
  }
  return { ...requirements, parameters };
}

/** No tapes, clones or arrays: few combinations, quickly ranked, and the same for every tier. */
const deduplicated = {
  sources: ["live-object"],
  operational: ["disk-deduplicated", "journal"],
  disaster: ["duplicate-disk", "duplicate-object-storage"],
} as const;

test("each standard tier asks more than the one before it, in both layers and in everything", () => {
  assert.deepEqual(
    standardTiers.map(({ name }) => name),
    ["bronze", "silver", "gold", "platinum"],
  );
  const stricter = (before: Objectives | undefined, after: Objectives | undefined): void => {
    assert.ok(before !== undefined && after !== undefined);
    assert.ok(after.loseAtMostMs < before.loseAtMostMs);
    assert.ok(after.backWithinMs < before.backWithinMs);
    assert.ok(after.reachBackMs >= before.reachBackMs);
  };
  for (const [index, after] of standardTiers.slice(1).entries()) {
    const before = standardTiers[index];
    stricter(before?.operational, after.operational);
    stricter(before?.disaster, after.disaster);
  }
});

test("a better tier is never cheaper where the same options are open, whatever an hour without mail costs", () => {
  const few = { ...siteOf(), only: deduplicated };
  fc.assert(
    fc.property(
      fc.record({
        mail: fc.integer({ min: 1, max: 400 }).map((size) => size * GB),
        logs_per_day: fc.integer({ min: 10, max: 4000 }).map((size) => (size * GB) / 1000),
        dedup_rate: fc.integer({ min: 100, max: 400 }).map((rate) => rate * 1024 ** 2),
        site_price: fc.integer({ min: 0, max: 5000 }),
      }),
      fc.constantFrom(0, 100, 10_000),
      (values, downtimePerHour) => {
        const site = withParameters(few, values);
        const linesOfBusiness = site.linesOfBusiness.map((one) => ({ ...one, downtimePerHour }));
        const prices = priceTiers({ ...site, linesOfBusiness }, standardTiers.slice(0, 3)).flatMap(
          ({ offer }) => (offer === undefined ? [] : [offer.pricePerYear.high]),
        );
        assert.ok(prices.length >= 2, "bronze and silver are within reach of all of these");
        assert.deepEqual(
          prices,
          prices.toSorted((left, right) => left - right),
        );
      },
    ),
    { numRuns: 5 },
  );
});

test("with all of Figure 1 open too, bronze is not dearer than silver, nor silver than gold", () => {
  const [bronze, silver, gold] = priceTiers(siteOf(), standardTiers.slice(0, 3)).map(
    ({ offer }) => offer?.pricePerYear.high,
  );
  assert.ok(bronze !== undefined && silver !== undefined && gold !== undefined);
  assert.ok(bronze <= silver && silver <= gold, `${bronze} ${silver} ${gold}`);
});

test("a price is told in all, per mailbox and per GB of mail", () => {
  const requirements = { ...siteOf(), only: deduplicated };
  const [priced] = priceTiers(requirements, [tier("bronze")]);
  const offer = priced?.offer;
  assert.ok(offer);
  assert.ok(offer.pricePerYear.high > 0);
  const each = (amount: number, count: number): boolean =>
    Math.abs(amount * count - offer.pricePerYear.high) < 1e-6;
  assert.ok(each(offer.pricePerMailbox.high, 40));
  assert.ok(each(offer.pricePerGigabyte.high, requirements.parameters.mail.high / GB));
  assert.deepEqual(offer.chosen.violations, []);
});

test("a tier that nothing meets is not offered, and says what would have to change", () => {
  const requirements = { ...siteOf(), only: { operational: ["tape"] } } as const;
  const [priced] = priceTiers(requirements, [tier("platinum")]);
  assert.ok(priced);
  assert.equal(priced.offer, undefined);
  assert.ok(priced.waysOut.length > 0);
  const text = renderMarkdown(tierReport([priced], { requirements }));
  assert.match(text, /Nothing meets this tier here/);
  assert.match(text, /Ways out/);
});

test("proof: times are measured once every number that they rest on is measured or stated", () => {
  const few = {
    ...siteOf(),
    only: { ...deduplicated, operational: ["disk-deduplicated"] },
  } as const;
  const before = priceTiers(few, [tier("bronze")])[0]?.offer?.proof;
  assert.equal(before?.evidence, "computed");
  assert.deepEqual([...(before?.restsOn.assumed ?? [])].sort(), [
    "dedup_open",
    "dedup_rate",
    "hosts",
  ]);
  assert.deepEqual(before?.restsOn.stated, ["mail"]);
  const measured = (parameter: ParameterName, value: number): Measurement => ({
    parameter,
    ...exactly(value),
    kind: "restore",
    at: "2026-11-23T14:00:00Z",
    about: "a test",
  });
  const known = withParameters(few, { hosts: 1 });
  const after = priceTiers(
    {
      ...known,
      parameters: withMeasurements(known.parameters, [
        measured("dedup_rate", 80 * 1024 ** 2),
        measured("dedup_open", 0.1),
      ]),
    },
    [tier("bronze")],
  )[0]?.offer?.proof;
  assert.equal(after?.evidence, "measured");
  assert.deepEqual([...(after?.restsOn.measured ?? [])].sort(), ["dedup_open", "dedup_rate"]);
});

test("proof says what this version does not run, and the weakest grade of the parts", () => {
  const only = { ...deduplicated, disaster: ["duplicate-object-storage"] } as const;
  const proof = priceTiers({ ...siteOf(), only }, [tier("bronze")])[0]?.offer?.proof;
  assert.deepEqual(proof?.missing, ["disaster"]);
  assert.equal(proof?.grade, "D");
  const accepted: Tier = { ...withoutDisaster(tier("bronze")), name: "own", risk: "medium" };
  const requirements = {
    ...siteOf(),
    only: { sources: ["live-object"], operational: ["disk-deduplicated"] },
    not: { disaster: ["duplicate-disk", "duplicate-object-storage"] },
  } as const;
  const own = priceTiers(requirements, [accepted])[0];
  assert.deepEqual(own?.offer?.proof.missing, []);
  assert.equal(own?.offer?.proof.grade, "A");
  assert.equal(own?.runsHere?.evaluation.id, own?.offer?.chosen.evaluation.id);
});

function withoutDisaster({ disaster: _disaster, ...rest }: Tier): Tier {
  return rest;
}

const line = (name: string, more: Partial<ClassifiedLine> = {}): ClassifiedLine => ({
  name,
  tier: "gold",
  mailboxes: [`a@${name}.example.org`],
  sizeBytes: 0,
  sizedMailboxes: 0,
  ...more,
});

function tiered(...lines: readonly ClassifiedLine[]): ReturnType<typeof linesOfTiers> {
  return linesOfTiers(lines, { tiers: standardTiers, requirements: siteOf() });
}

test("a line of business requires what its tier promises, and what an hour without mail costs it", () => {
  const downtime = { payrollPerHour: 12_000, currency: "EUR", productivityLostShare: 0.3 };
  const { linesOfBusiness, findings } = tiered(line("sales", { tier: "Gold", downtime }));
  assert.deepEqual(findings, []);
  const [sales] = linesOfBusiness;
  assert.deepEqual(sales, {
    ...businessOfTier(tier("gold"), {
      name: "sales",
      mailboxes: ["a@sales.example.org"],
      mailShare: 1,
    }),
    downtimePerHour: 3600,
  });
  assert.equal(sales?.risk, "low");
  assert.deepEqual(sales?.disaster, tier("gold").disaster);
});

test("a tier that the catalogue does not have is a finding, with the one that was meant", () => {
  const { linesOfBusiness, findings } = tiered(line("sales", { tier: "glod" }), line("rest"));
  assert.deepEqual(
    linesOfBusiness.map(({ name }) => name),
    ["rest"],
  );
  assert.deepEqual(findings, [
    {
      code: "config.reference",
      message: `"glod", the tier of "sales", is not a tier of the catalogue`,
      suggestion: "gold",
      hint: "Known: bronze, silver, gold, platinum.",
    },
  ]);
  const [far] = tiered(line("sales", { tier: "unobtainium" })).findings;
  assert.equal(far?.suggestion, undefined);
});

test("shares of the mail are by stated sizes; the rest goes by mailboxes to lines without sizes", () => {
  const site = siteOf().parameters.mail.high;
  const { linesOfBusiness, findings } = tiered(
    line("sized", { mailboxes: ["a", "b"], sizeBytes: site / 4, sizedMailboxes: 1 }),
    line("one"),
    line("three", { mailboxes: ["c", "d", "e"] }),
  );
  assert.deepEqual(findings, []);
  assert.deepEqual(
    linesOfBusiness.map(({ mailShare }) => Number(mailShare.toFixed(9))),
    [0.5, 0.125, 0.375],
  );
});

test("sizes beyond the site's mail are a finding, and shares still add up to one", () => {
  const site = siteOf().parameters.mail.high;
  const { linesOfBusiness, findings } = tiered(
    line("sales", { sizeBytes: site, sizedMailboxes: 1 }),
    line("rest", { sizeBytes: site, sizedMailboxes: 1 }),
  );
  assert.deepEqual(
    findings.map(({ code, severity }) => [code, severity]),
    [["planner.shares", "warning"]],
  );
  assert.deepEqual(
    linesOfBusiness.map(({ mailShare }) => mailShare),
    [0.5, 0.5],
  );
});

test("shares lie between 0 and 1 and never add up to more than 1, whatever sizes are stated", () => {
  const sized = fc.record({
    sizeBytes: fc.integer({ min: 0, max: 200 }).map((size) => size * GB),
    sizedMailboxes: fc.integer({ min: 0, max: 1 }),
    mailboxes: fc.constantFrom(["a"], ["*@b"], ["c", "d"]),
  });
  fc.assert(
    fc.property(fc.array(sized, { minLength: 1, maxLength: 6 }), (all) => {
      const { linesOfBusiness } = tiered(...all.map((more, index) => line(`l${index}`, more)));
      const shares = linesOfBusiness.map(({ mailShare }) => mailShare);
      for (const share of shares) assert.ok(share >= 0 && share <= 1, String(share));
      assert.ok(shares.reduce((sum, share) => sum + share, 0) <= 1 + 1e-9);
    }),
  );
});

test("a payroll in another currency is a finding, and nothing is converted", () => {
  const downtime = { payrollPerHour: 100, currency: "USD", productivityLostShare: 0.5 };
  const { linesOfBusiness, findings } = tiered(line("sales", { downtime }));
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["planner.currency"],
  );
  assert.equal(linesOfBusiness[0]?.downtimePerHour, 0);
});

test("lines that change places between the layers are told; lines of one tier each never do", () => {
  const same = standardTiers.map((one) => ({ name: one.name, operational: one }));
  assert.deepEqual(checkTierOrder(same), []);
  const findings = checkTierOrder([
    { name: "sales", operational: tier("gold"), disaster: tier("bronze") },
    { name: "plant", operational: tier("silver") },
  ]);
  assert.equal(findings.length, 2);
  for (const finding of findings) assert.match(finding, /“sales” and “plant” change places.*§4\.2/);
});

test("the report has every tier with its promise, price and proof, and the order of lines", () => {
  const requirements = { ...siteOf(), only: deduplicated };
  const priced = priceTiers(requirements, standardTiers.slice(0, 2));
  const text = renderMarkdown(
    tierReport(priced, {
      requirements,
      lines: [{ name: "sales", operational: tier("gold") }],
    }),
  );
  for (const { promise } of standardTiers.slice(0, 2)) assert.ok(text.includes(promise));
  assert.match(text, /EUR a year/);
  assert.match(text, /They rest on what is stated: mail/);
  assert.match(text, /does not run this combination whole/);
  assert.match(text, /rank the same in both layers/);
});
