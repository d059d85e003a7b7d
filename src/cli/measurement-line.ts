import {
  isParameterName,
  type Measurement,
  type MeasurementKind,
  measurementKinds,
  type ParameterName,
} from "#planner";
import { parseRfc3339 } from "#time";

/** Far longer than any of ours: what is longer is none of them. */
const longestLine = 4096;
const longestText = 500;
const longestId = 200;

/** One line of the file, with its end. */
export function measurementLine(measurement: Measurement): string {
  const { parameter, low, high, kind, at, about, ...rest } = measurement;
  const text = about.slice(0, longestText);
  return `${JSON.stringify({ parameter, low, high, kind, at, ...rest, about: text })}\n`;
}

/** A line as the measurement that it holds, or what is wrong with it. */
export function readMeasurementLine(line: string): Measurement | string {
  const fields = jsonObjectOf(line);
  return typeof fields === "string" ? fields : checked(fields);
}

/** The fields of a line that is a JSON object, or what is wrong with it. */
export function jsonObjectOf(line: string): Readonly<Record<string, unknown>> | string {
  if (line.length > longestLine) return "it is too long";
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "it is no JSON; it may have been cut off while it was written";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "it is no JSON object";
  return value as Readonly<Record<string, unknown>>;
}

function checked(fields: Readonly<Record<string, unknown>>): Measurement | string {
  const { parameter, low, high, kind, at, id, bytes, seconds, about } = fields;
  if (typeof parameter !== "string" || !isParameterName(parameter))
    return "it measures nothing that this version knows";
  if (!isAmount(low) || !isAmount(high) || low > high) return "its low and high are no interval";
  if (!isKind(kind)) return "its kind is unknown";
  if (!isInstant(at)) return "its time is no RFC 3339 time";
  if (!isText(about, longestText)) return "it does not say what was measured";
  if (id !== undefined && !isText(id, longestId)) return "its id is no text";
  if (bytes !== undefined && !isAmount(bytes)) return "its bytes are no number";
  if (seconds !== undefined && !isAmount(seconds)) return "its seconds are no number";
  const name: ParameterName = parameter;
  return {
    parameter: name,
    low,
    high,
    kind,
    at,
    ...(id === undefined ? {} : { id }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(seconds === undefined ? {} : { seconds }),
    about,
  };
}

export function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

export function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= longest;
}

function isKind(value: unknown): value is MeasurementKind {
  return measurementKinds.some((kind) => kind === value);
}

export function isInstant(value: unknown): value is string {
  if (typeof value !== "string") return false;
  try {
    parseRfc3339(value);
    return true;
  } catch {
    return false;
  }
}
