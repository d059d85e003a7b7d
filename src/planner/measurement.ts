import { formatDuration } from "#time";
import { isParameterName, type ParameterName, type Parameters } from "./parameters.ts";
import { replacedBy, type Quantity } from "./quantity.ts";

/** What measured it: a benchmark of the site, the work itself, a rehearsal, or the moments of a copy. */
export const measurementKinds = [
  "bench",
  "capture",
  "restore",
  "drill",
  "moments",
  "store",
] as const;
export type MeasurementKind = (typeof measurementKinds)[number];

/** One number of this site as it was measured. In the unit of its parameter. */
export type Measurement = {
  readonly parameter: ParameterName;
  readonly low: number;
  readonly high: number;
  readonly kind: MeasurementKind;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Of the run that measured it: a moment's or job's identity. */
  readonly id?: string;
  /** How much was read or written to measure it. */
  readonly bytes?: number;
  readonly seconds?: number;
  /** What was measured: "restore of 244 MB, 6,046 files, verified". */
  readonly about: string;
};

/** Parameters with the newest measurement of each in place; what was there before is kept beside it. */
export function withMeasurements(
  parameters: Parameters,
  measurements: readonly Measurement[],
): Parameters {
  const newest = new Map<ParameterName, Measurement>();
  for (const measurement of measurements) {
    if (!isParameterName(measurement.parameter)) continue;
    const known = newest.get(measurement.parameter);
    // Later in the list wins where the times are equal: a list is in the order of measuring.
    if (known === undefined || Date.parse(known.at) <= Date.parse(measurement.at))
      newest.set(measurement.parameter, measurement);
  }
  const result: Record<string, Quantity> = { ...parameters };
  for (const [name, measurement] of newest) {
    const before = parameters[name];
    result[name] = replacedBy(before, measuredQuantity(measurement, before.unit));
  }
  return result as Parameters;
}

function measuredQuantity(measurement: Measurement, unit: Quantity["unit"]): Quantity {
  const { low, high, at, id, kind, about, seconds } = measurement;
  const which = id === undefined ? kind : `${kind} ${id}`;
  const took = seconds === undefined ? "" : ` in ${formatDuration(seconds * 1000)}`;
  return { low, high, unit, origin: "measured", basis: `${about}${took} (${which}, ${at})` };
}
