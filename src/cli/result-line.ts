import { isFigureRow, type LogCase } from "#planner";
import { isAmount, isInstant, isText, jsonObjectOf } from "./measurement-line.ts";
import type { PhaseTime } from "./phase-clock.ts";
import { type Result, resultQuantities, type ResultQuantity, resultUnits } from "./result.ts";

const longestText = 500;
const longestId = 200;
const longestPhaseName = 50;
const mostPhases = 20;

/** One line of the file, with its end. */
export function resultLine(result: Result): string {
  const about = result.about.slice(0, longestText);
  return `${JSON.stringify({ ...result, about })}\n`;
}

/** A line as the result that it holds, or what is wrong with it. */
export function readResultLine(line: string): Result | string {
  const fields = jsonObjectOf(line);
  return typeof fields === "string" ? fields : checked(fields);
}

function checked(fields: Readonly<Record<string, unknown>>): Result | string {
  const { row, quantity, case: logs, low, high, unit, at, phases, bytes, id, about } = fields;
  if (typeof row !== "string" || !isFigureRow(row))
    return "it is of no row of the figures that this version knows";
  if (!isQuantity(quantity)) return "its quantity is unknown";
  if (!isCase(logs)) return "it does not say whether the logs survive";
  if (!isAmount(low) || !isAmount(high) || low > high) return "its low and high are no interval";
  if (unit !== resultUnits[quantity]) return `its unit is not ${resultUnits[quantity]}`;
  if (!isInstant(at)) return "its time is no RFC 3339 time";
  if (phases !== undefined && !arePhases(phases)) return "its phases are no times";
  if (!isAmount(bytes)) return "its bytes are no number";
  if (!isText(id, longestId)) return "its id is no text";
  if (!isText(about, longestText)) return "it does not say what was measured";
  return {
    row,
    quantity,
    case: logs,
    low,
    high,
    unit: resultUnits[quantity],
    at,
    ...(phases === undefined ? {} : { phases: phases.map(({ name, ms }) => ({ name, ms })) }),
    bytes,
    id,
    about,
  };
}

function isQuantity(value: unknown): value is ResultQuantity {
  return resultQuantities.some((quantity) => quantity === value);
}

function isCase(value: unknown): value is LogCase {
  return value === "logs survive" || value === "logs lost";
}

function arePhases(value: unknown): value is readonly PhaseTime[] {
  return Array.isArray(value) && value.length <= mostPhases && value.every(isPhase);
}

function isPhase(value: unknown): value is PhaseTime {
  if (typeof value !== "object" || value === null) return false;
  const { name, ms } = value as Readonly<Record<string, unknown>>;
  return isText(name, longestPhaseName) && isAmount(ms);
}
