import type { Interval, Unit } from "./quantity.ts";

/**
 * Every number that the model is computed from, by the name under which it is stated in a requirements
 * file, measured, and asked about (`plan why tape_rate`).
 *
 * `paper` is what the paper says (its 2004 example: 60 GB of database, 2 GB of logs a day), or what was
 * fitted to its figures, which then says so; `today` is what is assumed of a site that says nothing,
 * where that differs. Prices are in the currency of the requirements file and always to be checked.
 * 1 GB = 1024 MB throughout, as in the paper.
 */
export type ParameterSpec = {
  readonly unit: Unit;
  /** One sentence: what the number is. */
  readonly about: string;
  readonly paper: Assumption;
  readonly today?: Assumption;
};

export type Assumption = {
  readonly value: number | Interval;
  /** Section and words of the paper, "fitted to …", or why this is assumed. */
  readonly basis: string;
  /** True where the paper itself states it; what is fitted or assumed is not. */
  readonly stated: boolean;
};

export const GB: number = 1024 ** 3;
export const MB: number = 1024 ** 2;

export function said(value: number | Interval, basis: string): Assumption {
  return { value, basis, stated: true };
}

export function fitted(value: number | Interval, basis: string): Assumption {
  return { value, basis: `fitted, not stated by the paper: ${basis}`, stated: false };
}

export function assumed(value: number | Interval, basis: string): Assumption {
  return { value, basis, stated: false };
}
