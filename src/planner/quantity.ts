/**
 * A number that can be asked where it comes from. Values are intervals: a tape reads at 10 to 55 MB/s,
 * and what is computed from it is an interval again. `low` equals `high` where there is one value.
 */
export const units = [
  "bytes",
  "bytes/s",
  "minutes",
  "hours",
  "days",
  "years",
  "share",
  "count",
  "money",
  "money/h",
  "× data",
] as const;
export type Unit = (typeof units)[number];

/** Where an estimate comes from: a cell or sentence of the paper, a formula, or a measurement. */
export const origins = ["paper", "computed", "measured"] as const;
export type Origin = (typeof origins)[number];

/** Inputs may also be what the reader of the plan said of the site, or an assumption to be checked. */
export type InputOrigin = Origin | "stated" | "assumed";

export type Quantity = {
  readonly low: number;
  readonly high: number;
  readonly unit: Unit;
  readonly origin: InputOrigin;
  /** The section and its words; the formula with its numbers; or when and by what it was measured. */
  readonly basis: string;
  /** What it took the place of, kept for comparison. */
  readonly instead?: Quantity;
};

export type Interval = { readonly low: number; readonly high: number };

export function exactly(value: number): Interval {
  return { low: value, high: value };
}

/** The value to plan with: the end of the interval that is worse where more is worse (times, sizes, cost). */
export function worst({ high }: Interval): number {
  return high;
}

export function middle({ low, high }: Interval): number {
  return (low + high) / 2;
}

export function isExact({ low, high }: Interval): boolean {
  return low === high;
}

export function sum(parts: readonly Interval[]): Interval {
  let low = 0;
  let high = 0;
  for (const part of parts) {
    low += part.low;
    high += part.high;
  }
  return { low, high };
}

export function times(left: Interval, right: Interval | number): Interval {
  const factor = typeof right === "number" ? exactly(right) : right;
  return { low: product(left.low, factor.low), high: product(left.high, factor.high) };
}

/** Nothing for ever is nothing. */
function product(left: number, right: number): number {
  return left === 0 || right === 0 ? 0 : left * right;
}

/** All values here are positive, so the ends meet crosswise. A divisor of 0 makes the result unlimited. */
export function over(left: Interval, right: Interval | number): Interval {
  const divisor = typeof right === "number" ? exactly(right) : right;
  return { low: ratio(left.low, divisor.high), high: ratio(left.high, divisor.low) };
}

function ratio(dividend: number, divisor: number): number {
  return dividend === 0 ? 0 : dividend / divisor;
}

/** A computed quantity; `basis` is its formula. */
export function computed(interval: Interval, unit: Unit, basis: string): Quantity {
  const { low, high } = interval;
  return { low: rounded(low), high: rounded(high), unit, origin: "computed", basis };
}

/** Twelve digits: 25.000000000000004 minutes are 25, and equal is equal. */
function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(12)) : value;
}

/** A measurement takes the place of what was paper, computed, stated or assumed; that is kept beside it. */
export function replacedBy(before: Quantity, after: Quantity): Quantity {
  return { ...after, instead: before };
}
