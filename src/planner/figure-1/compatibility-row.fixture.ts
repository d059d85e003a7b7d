/** A statement of the paper about Figure 1, and how tests ask the planner whether it holds it. */
import assert from "node:assert/strict";
import {
  type Combination,
  paperSituation,
  parseCombination,
  type Situation,
} from "../model/index.ts";
import { paperParameters } from "../parameters.ts";
import { type Evaluation, type Ranked, rankOne, type RankOptions } from "../ranking/index.ts";
import { businessWith, siteWith } from "../ranking/site.fixture.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import { disasterEdge } from "./disaster-edges.ts";
import type { DataSourceId, DisasterOptionId, OperationalMethodId } from "./names.ts";
import { type Edge, sourceEdge } from "./source-edges.ts";

/** One statement of the paper. */
export type Row = {
  readonly section: string;
  /** An exact quotation. */
  readonly words: string;
  readonly assertion: () => void;
};

export function feeds(
  verdict: Edge["verdict"],
  source: DataSourceId,
  ...methods: readonly OperationalMethodId[]
): void {
  for (const method of methods)
    assert.equal(sourceEdge(source, method).verdict, verdict, `${source} → ${method}`);
}

export function follows(
  verdict: Edge["verdict"],
  method: OperationalMethodId,
  ...options: readonly DisasterOptionId[]
): void {
  for (const option of options)
    assert.equal(disasterEdge(method, option).verdict, verdict, `${method} → ${option}`);
}

export function minds(edge: Edge, words: RegExp): void {
  assert.match(edge.caveats.join("\n"), words);
}

export const paper: Situation = paperSituation(paperParameters());
export const mirrors = [
  "mirror-application",
  "mirror-host",
  "mirror-array",
  "mirror-sync",
  "mirror-failover",
] as const;

export function combinationOf(id: string): Combination {
  return parseCombination(id) ?? assert.fail(`${id} is no combination`);
}

type Asked = RankOptions & {
  readonly business?: BusinessRequirements;
  readonly requirements?: Requirements;
};

export function rankedOf(id: string, asked: Asked = {}): Ranked {
  const { business = businessWith(), requirements = siteWith() } = asked;
  return rankOne(combinationOf(id), { ...asked, business, requirements });
}

export function evaluationOf(id: string, asked: Asked = {}): Evaluation {
  return rankedOf(id, asked).evaluation;
}

export function brokenBy(id: string, asked: Asked = {}): readonly string[] {
  return rankedOf(id, asked).violations.map(({ constraint }) => constraint);
}
