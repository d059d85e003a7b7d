/** What must hold of every site and every combination. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { operationalMethods, type OperationalMethodId } from "../figure-1/index.ts";
import {
  type Combination,
  type DisasterChoice,
  type Estimate,
  estimateDisaster,
  estimateOperational,
  type OperationalChoice,
  type Situation,
} from "../model/index.ts";
import type { ParameterName } from "../parameters.ts";
import type { Interval } from "../quantity.ts";
import {
  type BusinessRequirements,
  equipmentNames,
  type Requirements,
} from "../requirements/index.ts";
import { byCost, combinationsFor, rankOne } from "./index.ts";
import { businessWith, objectives, parametersWith, siteWith } from "./site.fixture.ts";

type Changes = Partial<Record<ParameterName, number | Interval>>;

const GB = 1024 ** 3;
const MB = 1024 ** 2;
const interval = (least: number, most: number): fc.Arbitrary<Interval> =>
  fc
    .tuple(
      fc.double({ min: least, max: most, noNaN: true }),
      fc.double({ min: least, max: most, noNaN: true }),
    )
    .map(([one, other]) => ({ low: Math.min(one, other), high: Math.max(one, other) }));
const rate = interval(MB, 1000 * MB);

const changes: fc.Arbitrary<Changes> = fc.record(
  {
    mail: interval(1, 10_000 * GB),
    logs_per_day: interval(0, 100 * GB),
    hosts: fc.integer({ min: 1, max: 20 }),
    tape_rate: rate,
    tape_log_rate: rate,
    disk_rate: rate,
    dedup_rate: rate,
    object_storage_rate: rate,
    capture_rate: rate,
    playback_rate: rate,
    network_rate: fc.oneof(rate, fc.constant(Infinity)),
    tape_load: interval(0, 30),
    tape_streams: fc.integer({ min: 1, max: 8 }),
    distance_km: fc.integer({ min: 0, max: 2000 }),
    mirror_lag: interval(0, 600),
    hold: interval(0, 100),
    transit: interval(0, 50),
    recall: interval(0, 50),
    growth_per_year: interval(0, 1),
    change_per_day: interval(0, 0.5),
  },
  { requiredKeys: [] },
);

const situation: fc.Arbitrary<Situation> = fc
  .record({
    changes,
    rollsForward: fc.boolean(),
    share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  })
  .map(({ changes: some, ...rest }) => ({ parameters: parametersWith(some), ...rest }));

const sites: readonly { business: BusinessRequirements; requirements: Requirements }[] = [
  { business: businessWith(), requirements: siteWith() },
  {
    business: businessWith({ risk: "low", mailShare: 0.4, budgetPerYear: 3000 }),
    requirements: siteWith({
      server: { kind: "exchange-2003", mayStopHours: 4 },
      repurposing: [{ name: "reporting", valuePerYear: 500 }],
      licences: { clones: 1000 },
    }),
  },
];
const candidates: readonly Combination[] = sites.flatMap((site) =>
  combinationsFor(site.business, site.requirements),
);
const candidate: fc.Arbitrary<Combination> = fc.constantFrom(...candidates);
const withDisaster = candidates.filter(({ disaster }) => disaster !== undefined);
const site = fc
  .record({ base: fc.constantFrom(...sites), some: changes })
  .map(({ base: { business, requirements }, some }) => {
    const parameters = { ...requirements.parameters, ...pick(parametersWith(some), some) };
    return { business, requirements: { ...requirements, parameters } };
  });

function pick(
  from: Requirements["parameters"],
  names: Changes,
): Partial<Requirements["parameters"]> {
  return Object.fromEntries(
    (Object.keys(names) as ParameterName[]).map((name) => [name, from[name]]),
  );
}

const isContinuous = (method: OperationalMethodId): boolean =>
  method === "cdp" || method === "journal";

const operational: fc.Arbitrary<OperationalChoice> = fc
  .record({
    method: fc.constantFrom(...(Object.keys(operationalMethods) as OperationalMethodId[])),
    everyHours: fc.constantFrom(0.25, 1, 4, 6, 8, 12, 24),
    reachHours: fc.constantFrom(24, 48, 336, 2400),
  })
  .map((choice) => (isContinuous(choice.method) ? { ...choice, everyHours: 0 } : choice));

/** How often, with what is so many times as often. */
const rhythms = fc.tuple(fc.constantFrom(0.25, 1, 4, 6, 12), fc.constantFrom(1, 2, 3, 4, 24));

function worst(estimate: Estimate): readonly number[] {
  const { rpo } = estimate;
  return [rpo.logsSurvive.low, rpo.logsSurvive.high, rpo.logsLost.low, rpo.logsLost.high];
}

function assertNoneMore(fewer: readonly number[], more: readonly number[], of: string): void {
  for (const [index, value] of fewer.entries())
    assert.ok(value <= (more[index] ?? NaN) * (1 + 1e-9), `${of}: ${value} > ${more[index]}`);
}

test("more frequent copies never worsen an operational RPO", () => {
  fc.assert(
    fc.property(operational, rhythms, situation, (choice, [often, factor], where) => {
      fc.pre(!isContinuous(choice.method));
      const every = (everyHours: number): readonly number[] =>
        worst(estimateOperational({ ...choice, everyHours }, where));
      assertNoneMore(every(often), every(often * factor), choice.method);
    }),
  );
});

test("sending more often, or copying more often what is sent, never worsens a disaster RPO", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...withDisaster),
      rhythms,
      situation,
      ({ operational: fedBy, disaster }, [often, factor], where) => {
        const far = disaster as DisasterChoice;
        const rpo = (sent: number, made: number): readonly number[] =>
          worst(
            estimateDisaster(
              far.everyHours === 0 ? far : { ...far, everyHours: sent },
              fedBy.everyHours === 0 ? fedBy : { ...fedBy, everyHours: made },
              where,
            ),
          );
        const least = often * factor;
        assertNoneMore(rpo(often, fedBy.everyHours), rpo(least, fedBy.everyHours), far.option);
        assertNoneMore(rpo(far.everyHours, often), rpo(far.everyHours, least), far.option);
      },
    ),
  );
});

test("of each pair, RPO is worse without the logs and RTO is worse with them", () => {
  fc.assert(
    fc.property(candidate, situation, (combination, where) => {
      const local = estimateOperational(combination.operational, where);
      const { disaster: last } = combination;
      const far = last && estimateDisaster(last, combination.operational, where);
      for (const { rpo, rto } of far === undefined ? [local] : [local, far]) {
        assert.ok(rpo.logsSurvive.high <= rpo.logsLost.high);
        assert.ok(rto.logsLost.high <= rto.logsSurvive.high);
        for (const one of [rpo.logsLost, rpo.logsSurvive, rto.logsLost, rto.logsSurvive])
          assert.ok(one.low <= one.high && one.low >= 0, one.basis);
      }
    }),
  );
});

const media = [
  "tape_rate",
  "tape_log_rate",
  "disk_rate",
  "disk_log_rate",
  "dedup_rate",
  "object_storage_rate",
  "playback_rate",
  "journal_replay_rate",
  "network_rate",
  "tape_streams",
  "hosts",
] as const;

test("faster media and more hosts never lengthen an RTO", () => {
  fc.assert(
    fc.property(
      candidate,
      site,
      fc.constantFrom(...media),
      fc.integer({ min: 2, max: 10 }),
      (combination, { business, requirements }, name, factor) => {
        const before = requirements.parameters[name];
        const faster = { ...before, low: before.low * factor, high: before.high * factor };
        const parameters = { ...requirements.parameters, [name]: faster };
        const rto = (where: Requirements["parameters"]): readonly number[] => {
          const { operational: near, disaster: far } = combination;
          const asked = { parameters: where, rollsForward: true, share: business.mailShare };
          const one = estimateOperational(near, asked).rto;
          const other = far === undefined ? one : estimateDisaster(far, near, asked).rto;
          return [one, other].flatMap(({ logsLost, logsSurvive }) => [
            logsLost.low,
            logsLost.high,
            logsSurvive.low,
            logsSurvive.high,
          ]);
        };
        assertNoneMore(rto(parameters), rto(requirements.parameters), name);
      },
    ),
  );
});

type Relaxed = (business: BusinessRequirements) => BusinessRequirements;

const relaxations: Readonly<Record<string, Relaxed>> = {
  loseAtMost: ({ operational: o, ...rest }) => ({
    ...rest,
    operational: { ...o, loseAtMostMs: o.loseAtMostMs * 3 },
  }),
  backWithin: ({ operational: o, ...rest }) => ({
    ...rest,
    operational: { ...o, backWithinMs: o.backWithinMs * 3 },
  }),
  reachBack: ({ operational: o, ...rest }) => ({
    ...rest,
    operational: { ...o, reachBackMs: o.reachBackMs / 3 },
  }),
  "disaster RPO": (business) => farther(business, { loseAtMostMs: 3 }),
  "disaster RTO": (business) => farther(business, { backWithinMs: 3 }),
  "disaster reach": (business) => farther(business, { reachBackMs: 1 / 3 }),
  budget: ({ budgetPerYear, ...rest }) => ({
    ...rest,
    ...(budgetPerYear === undefined ? {} : { budgetPerYear: budgetPerYear * 3 }),
  }),
  risk: (business) => ({ ...business, risk: business.risk === "low" ? "medium" : "high" }),
  granularity: (business) => ({ ...business, granularity: "server" }),
};

function farther(
  business: BusinessRequirements,
  factors: Partial<Record<keyof NonNullable<BusinessRequirements["disaster"]>, number>>,
): BusinessRequirements {
  const { disaster } = business;
  if (disaster === undefined) return business;
  const { loseAtMostMs = 1, backWithinMs = 1, reachBackMs = 1 } = factors;
  return {
    ...business,
    disaster: {
      loseAtMostMs: disaster.loseAtMostMs * loseAtMostMs,
      backWithinMs: disaster.backWithinMs * backWithinMs,
      reachBackMs: disaster.reachBackMs * reachBackMs,
    },
  };
}

const asked = fc.record(
  {
    operational: fc
      .tuple(fc.constantFrom(0.25, 1, 4, 24), fc.constantFrom(0.2, 1, 8), fc.constantFrom(24, 336))
      .map(([lose, back, reach]) => objectives(lose, back, reach)),
    disaster: fc
      .tuple(fc.constantFrom(0, 4, 48), fc.constantFrom(1, 72), fc.constantFrom(48, 720))
      .map(([lose, back, reach]) => objectives(lose, back, reach)),
    budgetPerYear: fc.constantFrom(50, 1000, 100_000),
    hardwareFailure: fc.constantFrom("operational" as const, "disaster" as const),
  },
  { requiredKeys: [] },
);
/** Combinations that meet their site's requirements. */
const feasible = sites.flatMap((where) =>
  combinationsFor(where.business, where.requirements)
    .filter((_, index) => index % 5 === 0)
    .filter((combination) => rankOne(combination, where).violations.length === 0)
    .map((combination) => ({ combination, ...where })),
);

test("relaxing one objective never makes a feasible combination infeasible", () => {
  let met = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...feasible),
      asked,
      fc.constantFrom(...Object.keys(relaxations)),
      ({ combination, business, requirements }, some, what) => {
        const tight = { ...business, ...some };
        const loose = relaxations[what]?.(tight) ?? assert.fail();
        const broken = (one: BusinessRequirements): readonly string[] =>
          rankOne(combination, { business: one, requirements }).violations.map(
            ({ constraint }) => constraint,
          );
        if (broken(tight).length > 0) return;
        met += 1;
        assert.deepEqual(broken(loose), [], what);
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(met > 20, `only ${met} were feasible to begin with`);
});

test("equipment that is there makes nothing dearer and breaks nothing", () => {
  fc.assert(
    fc.property(
      candidate,
      site,
      fc.subarray([...equipmentNames]),
      fc.constantFrom(...equipmentNames),
      (combination, { business, requirements }, has, more) => {
        const mayBuy = has.slice(1);
        const one = rankOne(combination, {
          business,
          requirements: { ...requirements, has, mayBuy },
        });
        const richer = { ...requirements, has: [...has, more], mayBuy };
        const other = rankOne(combination, { business, requirements: richer });
        assert.ok(other.cost.totalPerYear.high <= one.cost.totalPerYear.high);
        assert.ok(other.cost.purchase.high <= one.cost.purchase.high);
        const before = new Set(one.violations.map(({ constraint }) => constraint));
        for (const { constraint } of other.violations)
          assert.ok(before.has(constraint), constraint);
      },
    ),
  );
});

test("outages cost in proportion to their number and to what an hour without mail costs", () => {
  fc.assert(
    fc.property(
      candidate,
      site,
      fc.integer({ min: 2, max: 9 }),
      (combination, { business, requirements }, factor) => {
        const { outages: events } = requirements;
        const cost = (one: BusinessRequirements, where: Requirements): number =>
          rankOne(combination, { business: one, requirements: where }).cost.outagesPerYear.high;
        const once = cost(business, requirements);
        const more = Object.fromEntries(
          Object.entries(events).map(([name, count]) => [name, count * factor]),
        ) as unknown as Requirements["outages"];
        const dearer = { ...business, downtimePerHour: business.downtimePerHour * factor };
        for (const scaled of [
          cost(business, { ...requirements, outages: more }),
          cost(dearer, requirements),
        ])
          assert.ok(Math.abs(scaled - once * factor) <= 1e-9 * Math.abs(scaled));
      },
    ),
  );
});

const prices = [
  "disk_price",
  "fast_disk_price",
  "tape_price",
  "tape_drive_price",
  "courier_price",
  "object_storage_price",
  "site_price",
  "array_price",
] as const;

test("all else being equal, cheaper never ranks below dearer", () => {
  fc.assert(
    fc.property(candidate, site, fc.constantFrom(...prices), (combination, where, name) => {
      const { business, requirements } = where;
      const price = requirements.parameters[name];
      const halved = { ...price, low: price.low / 2, high: price.high / 2 };
      const parameters = { ...requirements.parameters, [name]: halved };
      const dear = rankOne(combination, where);
      const cheap = rankOne(combination, {
        business,
        requirements: { ...requirements, parameters },
      });
      assert.ok(byCost(cheap, dear) <= 0, name);
      assert.ok(byCost(dear, cheap) >= 0, name);
    }),
  );
});
