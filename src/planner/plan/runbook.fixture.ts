import assert from "node:assert/strict";
import { parseCombination } from "../model/index.ts";
import { rankOne } from "../ranking/index.ts";
import { parseRequirements, type Requirements } from "../requirements/index.ts";
import { type LinePlan, type Plan, recoveryOrder } from "./plan.ts";

/** Requirements of a site with two lines of business, for tests. */
export function siteOf({
  kind = "dovecot-maildir",
  path = "/srv/mail",
}: { readonly kind?: string; readonly path?: string } = {}): Requirements {
  const text = `version: 1
server: { name: mx1, kind: ${kind}, path: ${JSON.stringify(path)}, mail: 60 GB, mailboxes: 40, new_per_day: 300 MB, may_stop: 2 hours }
site: { has: [disk for copies, tape drive], copy_path: /srv/recovery }
lines_of_business:
  sales:
    mailboxes: ["*@sales.example.org"]
    mail_share: 40%
    payroll: 0 EUR per hour
    productivity_lost_without_mail: 0%
    operational: { lose_at_most: 1 day, back_within: 4 hours, reach_back: 14 days }
    disaster: { lose_at_most: 2 days, back_within: 1 day, reach_back: 90 days }
  everyone else:
    mailboxes: ["*"]
    payroll: 0 EUR per hour
    productivity_lost_without_mail: 0%
    operational: { lose_at_most: 1 day, back_within: 8 hours, reach_back: 14 days }
    disaster: { lose_at_most: 3 days, back_within: 2 days, reach_back: 90 days }
`;
  const { requirements, problems } = parseRequirements(text, { fileName: "requirements.yaml" });
  assert.deepEqual(problems, []);
  assert.ok(requirements);
  return requirements;
}

/** A plan with these combinations: one for every line of business, or one for each. Nothing else is ranked. */
export function planOf(
  chosen: string | Readonly<Record<string, string>>,
  requirements: Requirements = siteOf(),
): Plan {
  const { linesOfBusiness } = requirements;
  const lines = linesOfBusiness.map((business): LinePlan => {
    const combination = parseCombination(
      typeof chosen === "string" ? chosen : (chosen[business.name] ?? ""),
    );
    assert.ok(combination, business.name);
    return {
      business,
      ranking: { business, feasible: [], rejected: [] },
      chosen: rankOne(combination, { business, requirements }),
      waysOut: [],
      lapses: [],
    };
  });
  const nothing = { low: 0, high: 0 };
  return {
    requirements,
    lines,
    totals: { purchase: nothing, protectionPerYear: nothing, totalPerYear: nothing },
    recoveryOrder: recoveryOrder(linesOfBusiness),
    warnings: [],
  };
}
