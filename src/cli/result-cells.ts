import type { MeasuredResult } from "#planner";
import type { Result } from "./result.ts";

/** Share of the largest restore's mail that another must have brought back to speak for the method. */
const leastShareOfLargest = 0.5;

/**
 * Of each cell the result that speaks for it. A recovery time is that of the whole server (§4.1): the newest
 * of those that brought back at least half as much as any, since one message is back in a second. Else the newest.
 */
export function measuredResults(results: readonly Result[]): readonly MeasuredResult[] {
  const ofCells = Map.groupBy(results, (one) => JSON.stringify([one.row, one.quantity, one.case]));
  return [...ofCells.values()].map((some) => measuredResult(chosenOf(some)));
}

function chosenOf(results: readonly Result[]): Result {
  const largest = results.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  // In the order of recording, since a clock may have been set back.
  return results.findLast(
    ({ quantity, bytes }) => quantity !== "RTO" || bytes >= leastShareOfLargest * largest,
  ) as Result;
}

function measuredResult({ about, id, low, high, unit, ...place }: Result): MeasuredResult {
  const { row, quantity, case: logs, at, bytes, phases } = place;
  const basis = `${about} (${id.slice(0, 8)}, ${at})`;
  return {
    row,
    quantity,
    case: logs,
    measured: { low, high, unit, origin: "measured", basis },
    at,
    bytes,
    ...(phases === undefined ? {} : { phases }),
  };
}
