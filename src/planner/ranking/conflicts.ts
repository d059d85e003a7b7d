import type { Constraint, Violation } from "./violation.ts";
import type { Ranked, Ranking } from "./rank.ts";

/**
 * One way out when nothing meets the requirements: the constraints that would have to give way together,
 * and by how much for the nearest combination that then fits.
 */
export type WayOut = {
  readonly constraints: readonly Constraint[];
  readonly nearest: Ranked;
  /** Combinations that only these constraints keep out. */
  readonly combinations: number;
};

const mostWays = 6;

/**
 * What would have to change (§1.4: requirements may contradict each other): the smallest sets of constraints
 * whose giving way leaves something feasible, fewest first, then the nearest.
 */
export function waysOut({ rejected }: Pick<Ranking, "rejected">): readonly WayOut[] {
  const sets = new Map<string, WayOut>();
  for (const one of rejected) {
    const broken = constraintsOf(one.violations);
    const key = broken.join(" + ");
    const known = sets.get(key);
    // `rejected` is in the order of distance: the first of a set is its nearest.
    sets.set(
      key,
      known === undefined
        ? { constraints: broken, nearest: one, combinations: 1 }
        : {
            ...known,
            combinations: known.combinations + 1,
            nearest: isNearer(one, known.nearest) ? one : known.nearest,
          },
    );
  }
  const minimal = [...sets.values()].filter(
    ({ constraints }) =>
      ![...sets.values()].some(
        (other) =>
          other.constraints.length < constraints.length &&
          other.constraints.every((constraint) => constraints.includes(constraint)),
      ),
  );
  return minimal
    .toSorted(
      (left, right) =>
        left.constraints.length - right.constraints.length ||
        compare(farthest(left.nearest), farthest(right.nearest)) ||
        left.constraints.join().localeCompare(right.constraints.join(), "en"),
    )
    .slice(0, mostWays);
}

function constraintsOf(violations: readonly Violation[]): readonly Constraint[] {
  return [...new Set(violations.map(({ constraint }) => constraint))].toSorted();
}

function isNearer(left: Ranked, right: Ranked): boolean {
  return compare(farthest(left), farthest(right)) < 0;
}

function farthest({ violations }: Ranked): number {
  return violations.reduce((most, { factor }) => Math.max(most, factor), 1);
}

/** Infinity equals itself. */
function compare(left: number, right: number): number {
  return left === right ? 0 : left - right;
}
