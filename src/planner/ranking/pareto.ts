import type { Evaluation } from "./evaluate.ts";
import type { Cost } from "./cost.ts";

type Placed = { readonly evaluation: Evaluation; readonly cost: Cost };

/** Those that no other beats in operational RPO, RTO and yearly cost at once. */
export function paretoFront<Item extends Placed>(items: readonly Item[]): ReadonlySet<Item> {
  // Sorted by all coordinates in turn, an item can only be beaten by one before it.
  const sorted = items.toSorted(byCoordinates);
  const front: Item[] = [];
  for (const item of sorted) if (!front.some((other) => beats(other, item))) front.push(item);
  return new Set(front);
}

function byCoordinates(left: Placed, right: Placed): number {
  const [cost, rpo, rto] = coordinates(left);
  const [otherCost, otherRpo, otherRto] = coordinates(right);
  return cost - otherCost || rpo - otherRpo || rto - otherRto;
}

/** At least as good in everything, better in something. */
function beats(left: Placed, right: Placed): boolean {
  const ours = coordinates(left);
  const theirs = coordinates(right);
  return (
    ours.every((value, index) => value <= (theirs[index] ?? 0)) &&
    ours.some((value, index) => value < (theirs[index] ?? 0))
  );
}

function coordinates({ evaluation, cost }: Placed): readonly [number, number, number] {
  const { rpo, rto } = evaluation.operational;
  return [cost.protectionPerYear.high, rpo.logsLost.high, rto.logsSurvive.high];
}
