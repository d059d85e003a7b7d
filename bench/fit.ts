/** How a cost grows with a size, from a few points of both. */

export type Point = { readonly size: number; readonly cost: number };

export type Growth = {
  /** What it costs however small the size is: measured at (almost) nothing, not fitted. */
  readonly fixed: number;
  /**
   * k of cost ≈ b·n^k as it stands, by least squares over the logarithms: what a person notices who
   * has so many times more.
   */
  readonly whole: number;
  /** k of (cost − fixed) ≈ b·n^k. Undefined where fewer than two points stand out from the fixed cost. */
  readonly beyondFixed?: number;
};

/** A point counts beyond the fixed cost from this share of it on: less is noise. */
const NOISE_SHARE = 0.25;

/**
 * `fixed` is the cost at n → 0. The fixed cost is subtracted, not fitted: three parameters through a
 * handful of points would fit anything. Sizes and costs are positive.
 */
export function fitGrowth(points: readonly Point[], fixed: number): Growth {
  const beyond = points
    .map(({ size, cost }) => ({ size, cost: cost - fixed }))
    .filter(({ cost }) => cost > fixed * NOISE_SHARE && cost > 0);
  const whole = slopeOfLogarithms(points);
  if (beyond.length < 2) return { fixed, whole };
  return { fixed, whole, beyondFixed: slopeOfLogarithms(beyond) };
}

/** Of log cost over log size, by least squares. */
export function slopeOfLogarithms(points: readonly Point[]): number {
  const logs = points.map(({ size, cost }) => [Math.log(size), Math.log(cost)] as const);
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / logs.length;
  const above = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const below = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return above / below;
}
