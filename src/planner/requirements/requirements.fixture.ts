import assert from "node:assert/strict";
import type { Problem } from "#policy";
import { parseRequirements, type Requirements } from "./index.ts";

/** The least that a requirements file must have, for tests that change a piece of it. */
export const small: string = `version: 1
server: {kind: dovecot-maildir, mail: 60 GB}
lines_of_business:
  everyone:
    mailboxes: ["*"]
    operational: {lose_at_most: 1 hour, back_within: 1 hour, reach_back: 14 days}
    disaster: {lose_at_most: 1 day, back_within: 1 day, reach_back: 1 year}
    payroll: 0 EUR per hour
    productivity_lost_without_mail: 0%
`;
export function changed(from: string | RegExp, to: string): string {
  const text = small.replace(from, to);
  assert.notEqual(text, small);
  return text;
}

export function problemsOf(text: string): readonly Problem[] {
  return parseRequirements(text, { fileName: "r.yaml" }).problems;
}

/** The one problem that the small file has after a change. */
export function problemIn(from: string | RegExp, to: string): Problem {
  const [problem, ...others] = problemsOf(changed(from, to));
  assert.ok(problem !== undefined, `no problem was found in ${to}`);
  assert.deepEqual(others, []);
  return problem;
}

export function read(text: string): Requirements {
  const { requirements, problems } = parseRequirements(text, { fileName: "r.yaml" });
  assert.deepEqual(problems, []);
  assert.ok(requirements !== undefined);
  return requirements;
}

export function readWith(from: string | RegExp, to: string): Requirements {
  return read(changed(from, to));
}
