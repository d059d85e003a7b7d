/** An axis of time: logarithmic, with a band of its own for 0 before it and for "unlimited" after it. */
export type Tick = { readonly value: number; readonly label: string };
export type PlacedTick = Tick & { readonly at: number };

export type Axis = {
  /** The pixel of a value; what lies beyond the axis is put at its end. */
  readonly position: (value: number) => number;
  readonly ticks: readonly PlacedTick[];
  /** Where the logarithmic part begins, after the band of 0. */
  readonly start: number;
  /** Where it ends, before the band of "unlimited". */
  readonly end: number;
};

export type AxisOptions = {
  readonly ticks: readonly Tick[];
  /** Pixels; `from` may be the larger one (an axis that goes up). */
  readonly from: number;
  readonly to: number;
  /** The finest and the coarsest value that the axis may ever begin and end with. */
  readonly smallest: number;
  readonly largest: number;
  /** Room around the values, as a factor. */
  readonly margin: number;
  /** Pixels and label for 0; without it 0 lies at the start. */
  readonly zero?: { readonly band: number; readonly label: string };
  /** Pixels for what is unlimited, used where there is such a value. */
  readonly unlimitedBand: number;
};

export function logAxis(values: readonly number[], options: AxisOptions): Axis {
  const { from, to, ticks, zero } = options;
  const [low, high] = domainOf(values, options);
  const direction = Math.sign(to - from);
  const hasUnlimited = values.includes(Infinity);
  const start = from + direction * (zero?.band ?? 0);
  const end = to - direction * (hasUnlimited ? options.unlimitedBand : 0);
  const position = (value: number): number => {
    if (value === Infinity) return (end + to) / 2;
    if (!(value > 0)) return (from + start) / 2;
    const share = Math.log(value / low) / Math.log(high / low);
    return start + (end - start) * Math.min(1, Math.max(0, share));
  };
  const shown: Tick[] = ticks.filter(({ value }) => value >= low && value <= high);
  if (zero !== undefined) shown.unshift({ value: 0, label: zero.label });
  if (hasUnlimited) shown.push({ value: Infinity, label: "unlimited" });
  return {
    position,
    start,
    end,
    ticks: shown.map((tick) => ({ ...tick, at: position(tick.value) })),
  };
}

function domainOf(values: readonly number[], options: AxisOptions): readonly [number, number] {
  const { smallest, largest, margin } = options;
  const within = (value: number): number => Math.min(largest, Math.max(smallest, value));
  let low = Infinity;
  let high = 0;
  for (const value of values) {
    if (!(value > 0) || value === Infinity) continue;
    low = Math.min(low, within(value));
    high = Math.max(high, within(value));
  }
  // Nothing to show: an hour in the middle is as good as anything.
  if (high === 0) [low, high] = [within(1), within(1)];
  return [within(low / margin) / 1.001, within(high * margin) * 1.001];
}

/** Ticks without those whose label would touch the one before it. */
export function spacedTicks(ticks: readonly PlacedTick[], letterPx: number): readonly PlacedTick[] {
  const kept: PlacedTick[] = [];
  let free = -Infinity;
  for (const tick of ticks) {
    const half = (tick.label.length * letterPx) / 2;
    if (tick.at - half < free) continue;
    kept.push(tick);
    free = tick.at + half + letterPx;
  }
  return kept;
}

const hour = 60;
const day = 24 * hour;

/** Minutes. */
export const durationTicks: readonly Tick[] = [
  { value: 1 / 60, label: "1 s" },
  { value: 10 / 60, label: "10 s" },
  { value: 1, label: "1 min" },
  { value: 10, label: "10 min" },
  { value: hour, label: "1 h" },
  { value: 4 * hour, label: "4 h" },
  { value: day, label: "1 d" },
  { value: 7 * day, label: "1 week" },
  { value: 30 * day, label: "30 d" },
  { value: 365 * day, label: "1 year" },
  { value: 3650 * day, label: "10 years" },
];

/** Hours. */
export const ageTicks: readonly Tick[] = [
  { value: 1 / 60, label: "1 min" },
  { value: 10 / 60, label: "10 min" },
  { value: 1, label: "1 h" },
  { value: 6, label: "6 h" },
  { value: 24, label: "24 h" },
  { value: 7 * 24, label: "1 week" },
  { value: 30 * 24, label: "30 d" },
  { value: 365 * 24, label: "1 year" },
  { value: 3650 * 24, label: "10 years" },
  { value: 36_500 * 24, label: "100 years" },
];
