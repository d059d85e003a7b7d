import type { DataSourceId } from "../figure-1/index.ts";
import type { Combination, Kept } from "../model/index.ts";
import { type Ranked, rankOne } from "../ranking/index.ts";
import type { Requirements } from "../requirements/index.ts";
import type { LinePlan, Plan } from "./plan.ts";

/** What is written for each line of business, and the data source that all of them share. */
export type WrittenChoice = {
  readonly source: DataSourceId;
  /** By line of business, as in the plan; undefined where nothing can be written. */
  readonly ones: readonly (Ranked | undefined)[];
};

/**
 * One server has one data source, so the choices of all lines must go with it. The first source is taken
 * with which most lines get what this version runs whole; of equal ones what the plan itself chose.
 */
export function chooseWritten({ lines, requirements }: Plan): WrittenChoice {
  const chosen = lines.flatMap((line) => {
    const one = line.chosen ?? line.runsHere;
    return one === undefined ? [] : [one.evaluation.combination.source];
  });
  const usual: readonly DataSourceId[] = ["live-object", "hot-split", "offline"];
  const sources = [...new Set([...chosen, ...usual])];
  const choices = sources.map((source): WrittenChoice => ({
    source,
    ones: lines.map((line) => writable(line, { source, requirements })),
  }));
  const written = ({ ones }: WrittenChoice): number =>
    ones.filter((one) => one !== undefined).length;
  const whole = ({ ones }: WrittenChoice): number =>
    ones.filter((one) => one?.missing.length === 0).length;
  return choices.reduce((best, choice) =>
    written(choice) > written(best) ||
    (written(choice) === written(best) && whole(choice) > whole(best))
      ? choice
      : best,
  );
}

type WritableOptions = { readonly source: DataSourceId; readonly requirements: Requirements };

/** What is asked for where it runs here; else the cheapest that does; else what lacks only its disaster layer. */
function writable(line: LinePlan, options: WritableOptions): Ranked | undefined {
  const { business, chosen, runsHere, ranking } = line;
  const { source, requirements } = options;
  const cheapest = ranking.feasible[0];
  // What was asked for by name is written as it is, whatever it fails: `plan check` says so.
  const isAsked = chosen !== undefined && chosen.evaluation.id !== cheapest?.evaluation.id;
  if (isAsked && chosen.missing.length === 0 && isOf(source, chosen)) return chosen;
  for (const one of [chosen, runsHere]) {
    if (one === undefined) continue;
    const { combination } = one.evaluation;
    const variant = isOf(source, one)
      ? one
      : rankOne({ ...combination, source }, { business, requirements });
    if (isWhole(variant, line, requirements)) return variant;
  }
  const ofSource = ranking.feasible.filter((one) => isOf(source, one));
  const found = ofSource.find((one) => isWhole(one, line, requirements));
  if (found !== undefined) return found;
  const isChosen = chosen !== undefined && isOf(source, chosen);
  return [...(isChosen ? [chosen] : []), ...ofSource].find(({ missing }) =>
    missing.every((part) => part === "disaster"),
  );
}

function isOf(source: DataSourceId, { evaluation }: Ranked): boolean {
  return evaluation.combination.source === source;
}

/** This version runs it, and as it is written in the file it still meets everything. */
function isWhole(
  { missing, evaluation, violations }: Ranked,
  { business }: LinePlan,
  requirements: Requirements,
): boolean {
  if (missing.length > 0 || violations.length > 0) return false;
  const combination = asWritten(evaluation.combination);
  if (combination === evaluation.combination) return true;
  return rankOne(combination, { business, requirements }).violations.length === 0;
}

/** Tapes are not thinned out in this version: what is kept at all is kept at its first pace, on more of them. */
export function asWritten(combination: Combination): Combination {
  const { operational, disaster } = combination;
  if (operational.method !== "tape") return combination;
  return {
    ...combination,
    operational: { ...operational, kept: keptWhole(operational) },
    ...(disaster?.option === "ship-tapes"
      ? { disaster: { ...disaster, kept: keptWhole(disaster) } }
      : {}),
  };
}

function keptWhole({
  reachHours,
  everyHours,
}: {
  readonly reachHours: number;
  readonly everyHours: number;
}): readonly Kept[] {
  return [{ fromHours: 0, untilHours: reachHours, everyHours }];
}
