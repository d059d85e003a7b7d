import assert from "node:assert/strict";
import { test } from "node:test";
import { parameterNames, todaysParameters } from "../parameters.ts";
import { assumptionExample } from "./assumptions.ts";
import { parseRequirements } from "./index.ts";
import { problemIn, read, small } from "./requirements.fixture.ts";

test("every parameter can be stated as its own example shows, and keeps the unit of the model", () => {
  for (const name of parameterNames) {
    const text = ["mail", "hosts", "mailboxes"].includes(name)
      ? small
          .replace(/mail: 60 GB/, `mail: 60 GB, ${name}: 40`)
          .replace("mail: 60 GB, mail: 40", "mail: 60 GB")
      : `${small}site: {assumptions: {${name}: ${assumptionExample(name)}}}\n`;
    const quantity = read(text).parameters[name];
    assert.equal(quantity.origin, "stated", name);
    assert.equal(quantity.unit, todaysParameters()[name].unit, name);
  }
});

test("assumptions are read in the units that people write", () => {
  const cases: readonly (readonly [string, string, number, number])[] = [
    ["network_rate", "100 Mbit/s", 12_500_000, 12_500_000],
    ["network_rate", "1 Gbit per second", 125_000_000, 125_000_000],
    ["network_rate", "100 Mbps", 12_500_000, 12_500_000],
    ["disk_rate", "200 MiB/s", 200 * 1024 ** 2, 200 * 1024 ** 2],
    ["disk_rate", "720 GB per hour", 200e6, 200e6],
    ["playback_rate", "2 GB in 45 minutes", 2e9 / 2700, 2e9 / 2700],
    ["tape_rate", "100 MB/s to 300 MB/s", 100e6, 300e6],
    ["cdp_recovery", "5–30 minutes", 5, 30],
    ["cdp_recovery", "90 seconds", 1.5, 1.5],
    ["recall", "1 day", 24, 24],
    ["hold", "0", 0, 0],
    ["lifetime", "5 years", 5, 5],
    ["growth_per_year", "28.7% per year", 0.287, 0.287],
    ["change_per_day", "5-10%", 0.05, 0.1],
    ["distance_km", "0 km", 0, 0],
    ["raid_factor", "1.25×", 1.25, 1.25],
    ["site_price", "100 EUR per month", 1200, 1200],
    ["object_storage_price", "10 EUR per TB and month", 120, 120],
    ["tape_capacity", "12 TB", 12e12, 12e12],
  ];
  for (const [name, text, low, high] of cases) {
    const quantity = Object.entries(
      read(`${small}site: {assumptions: {${name}: ${text}}}\n`).parameters,
    ).find(([found]) => found === name)?.[1];
    assert.deepEqual([quantity?.low, quantity?.high], [low, high], text);
  }
});

test("what is no assumption is said with what it is and how to write it", () => {
  const cases: readonly (readonly [string, string, string, string | undefined])[] = [
    ["network_rate", "100 MB", "planner.quantity", undefined],
    ["network_rate", "100", "planner.quantity", undefined],
    ["network_rate", "100 Mb/s", "planner.quantity", "100 Mbit/s"],
    ["network_rate", "0 MB/s", "planner.quantity", undefined],
    ["tape_rate", "300-100 MB/s", "planner.quantity", undefined],
    ["tape_rate", "fast", "planner.quantity", undefined],
    ["recall", "8", "planner.quantity", "8 hours"],
    ["recall", "9000 years", "planner.quantity", undefined],
    ["growth_per_year", "20", "config.share", "20%"],
    ["change_per_day", "120%", "planner.quantity", undefined],
    ["tape_streams", "1.5", "planner.quantity", undefined],
    ["tape_streams", "0", "planner.quantity", undefined],
    ["disk_price", "40", "config.money", undefined],
    ["disk_price", "40 EUR per year", "config.money", undefined],
    ["object_storage_price", "120 EUR", "config.money", "120 EUR per TB and year"],
    ["disk_price", "40 USD per TB", "planner.currency", undefined],
    ["disk_prize", "40 EUR", "config.unknown-key", "disk_price"],
    ["mail", "40 GB", "planner.stated-twice", undefined],
  ];
  for (const [name, text, code, suggestion] of cases) {
    const problem = problemIn(/$/, `site: {assumptions: {${name}: ${text}}}\n`);
    assert.equal(problem.code, code, `${name}: ${text}`);
    assert.equal(problem.severity, "error");
    assert.equal(problem.suggestion, suggestion, `${name}: ${text}`);
    assert.equal(problem.line, 10);
  }
});

test("a measurement takes the place of what is stated, which is kept beside it", () => {
  const { requirements } = parseRequirements(small, {
    fileName: "r.yaml",
    measurements: [
      {
        parameter: "mail",
        low: 61e9,
        high: 61e9,
        kind: "store",
        at: "2026-11-23T14:03:07Z",
        about: "the store was counted",
      },
    ],
  });
  assert.equal(requirements?.parameters.mail.high, 61e9);
  assert.equal(requirements.parameters.mail.origin, "measured");
  assert.equal(requirements.parameters.mail.instead?.basis, "r.yaml:2");
});
