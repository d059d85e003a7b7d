/** docs/guide/tiers.md says what the catalogue is, and what it shows can be used. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  formatSpan,
  type Objectives,
  parseClassification,
  parseRequirements,
  standardTiers,
} from "../requirements/index.ts";
import { priceClassification } from "./index.ts";

const guide = join(import.meta.dirname, "../../../docs/guide");
const page = readFileSync(join(guide, "tiers.md"), "utf8");

test("the page has the standard tiers with their objectives", () => {
  const spans = ({ loseAtMostMs, backWithinMs, reachBackMs }: Objectives): string =>
    [loseAtMostMs, backWithinMs, reachBackMs].map(formatSpan).join(", ");
  const rows = [...page.matchAll(/^\| `(\w+)` +\| ([^|]+?) +\| ([^|]+?) +\| `(\w+)` +\|$/gm)];
  assert.deepEqual(
    rows.map((row) => row.slice(1)),
    standardTiers.map(({ name, operational, disaster, risk }) => [
      name,
      spans(operational),
      disaster === undefined ? "accepted" : spans(disaster),
      risk,
    ]),
  );
});

test("the tiers that the page shows can be written so", () => {
  const [, text = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { requirements, problems } = parseRequirements(
    `version: 1\nserver: { kind: maildir, mail: 60 GB }\n${text}`,
    { fileName: "the page" },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    requirements?.linesOfBusiness.map(({ tier }) => tier),
    ["gold", "bulk"],
  );
});

test("the example of a classification fits its site: no remark, and every line has its price", () => {
  const read = (name: string): string => readFileSync(join(guide, "planning", name), "utf8");
  const { requirements } = parseRequirements(read("ten-person-firm.yaml"), { fileName: "r.yaml" });
  assert.ok(requirements !== undefined);
  const { classification, problems } = parseClassification(read("ten-person-firm.csv"), {
    fileName: "c.csv",
    tiers: requirements.tiers,
    currency: requirements.currency,
  });
  assert.deepEqual(problems, []);
  const { lines, findings } = priceClassification(
    classification?.linesOfBusiness ?? [],
    requirements,
  );
  assert.deepEqual(findings, []);
  assert.deepEqual(
    lines.map(({ business, pricePerYear }) => [business.tier, pricePerYear !== undefined]),
    [
      ["gold", true],
      ["silver", true],
      ["bronze", true],
    ],
  );
});
