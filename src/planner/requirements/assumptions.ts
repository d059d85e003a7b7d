import { quoted } from "#errors";
import { moneyFinding, type MoneyForm, parseMoney, parseShare, shareFinding } from "#policy";
import { parseBytes, TimeError } from "#time";
import { type ParameterName, parameters } from "../parameters.ts";
import { exactly, type Interval, type Unit } from "../quantity.ts";
import type { RequirementFinding } from "./requirement-finding.ts";
import { parseSpan, yearMs } from "./spans.ts";

/**
 * What people write for a parameter: "60 GB", "100-300 MB/s", "8 hours", "40 EUR per TB". The value is in
 * the parameter's unit.
 */
export type ReadAssumption =
  | { readonly value: Interval; readonly currency?: string }
  | { readonly finding: RequirementFinding };

const longestText = 80;

export function readAssumption(name: ParameterName, written: string | number): ReadAssumption {
  const { unit } = parameters[name];
  const text = withoutPeriod(name, String(written).trim());
  if (unit === "money") return readPrice(name, String(written));
  const interval = text.length > longestText ? undefined : readInterval(text, unit, name);
  if (interval === undefined) return { finding: notUnderstood(name, written) };
  const { least, most, whole = false } = boundsOf(name);
  const wrong = (what: string): ReadAssumption => ({
    finding: {
      code: "planner.quantity",
      message: `${quoted(String(written))} ${what}`,
      hint: `${name} is ${parameters[name].about}; write it like ${assumptionExample(name)}.`,
    },
  });
  if (interval.low > interval.high) return wrong("goes from more to less");
  if (interval.low < least) return wrong(least === 0 ? "is less than nothing" : "is too little");
  if (interval.high > most) return wrong("is more than can be");
  if (whole && !(Number.isInteger(interval.low) && Number.isInteger(interval.high)))
    return wrong("is not a whole number");
  return { value: interval };
}

/** For hints, and for editors. */
export function assumptionExample(name: ParameterName): string {
  const { unit } = parameters[name];
  return examples[name] ?? priceForms[name]?.example ?? unitExamples[unit];
}

const unitExamples: Readonly<Record<Unit, string>> = {
  bytes: "60 GB",
  "bytes/s": "100-300 MB/s",
  minutes: "5 minutes",
  hours: "8 hours",
  days: "2 days",
  years: "5 years",
  share: "20%",
  count: "40",
  money: "70 EUR",
  "money/h": "12000 EUR per hour",
  "× data": "1.25",
};

const examples: Readonly<Partial<Record<ParameterName, string>>> = {
  network_rate: "100 Mbit/s",
  playback_rate: "2 GB in 45 minutes",
  distance_km: "50 km",
  logs_per_day: "300 MB",
};

const yearly: readonly (readonly string[])[] = [["year"], ["month"]];
const priceForms: Readonly<Partial<Record<ParameterName, MoneyForm>>> = {
  disk_price: { per: [["tb"], []], example: "40 EUR per TB" },
  fast_disk_price: { per: [["tb"], []], example: "250 EUR per TB" },
  tape_price: { per: [[], ["tape"]], example: "70 EUR per tape" },
  tape_drive_price: { per: [[], ["drive"]], example: "4500 EUR" },
  courier_price: { per: [[], ["trip"]], example: "60 EUR per trip" },
  object_storage_price: {
    per: [
      ["tb", "year"],
      ["tb", "month"],
    ],
    example: "120 EUR per TB and year",
  },
  site_price: { per: yearly, example: "900 EUR per year" },
  array_price: { per: [[], ["array"]], example: "15000 EUR" },
  labour_price: { per: [["hour"]], example: "50 EUR per hour" },
};

function readPrice(name: ParameterName, text: string): ReadAssumption {
  const form = priceForms[name] ?? { per: [[]], example: unitExamples.money };
  const finding = moneyFinding(text, form);
  const money = parseMoney(text);
  if (finding !== undefined || money === undefined)
    return { finding: finding ?? notUnderstood(name, text) };
  return { value: exactly(yearlyAmount(money)), currency: money.currency };
}

/** Twelve months are a year. */
export function yearlyAmount(money: {
  readonly amount: number;
  readonly per: readonly string[];
}): number {
  return money.per.includes("month") ? money.amount * 12 : money.amount;
}

/** "300 MB per day" of what is a day's by name, "20% a year" of what is a year's. */
function withoutPeriod(name: ParameterName, text: string): string {
  const [, period] = /_per_(day|year)$/.exec(name) ?? [];
  if (period === undefined) return text;
  return text.replace(new RegExp(`\\s*(?:\\bper\\b|\\ba\\b|/)\\s*${period}$`, "i"), "");
}

function readInterval(text: string, unit: Unit, name: ParameterName): Interval | undefined {
  const read = (part: string): number | undefined => readOne(part.trim(), unit, name);
  const range = /^(\d[\d.]*)(.*?)(?:\s+to\s+|\s*[-–]\s*)(\d[\d.]*)(.*)$/s.exec(text);
  if (range === null) {
    const value = read(text);
    return value === undefined ? undefined : exactly(value);
  }
  const [, lowNumber = "", lowUnit = "", highNumber = "", highUnit = ""] = range;
  // "100-300 MB/s": the unit stands once.
  const low = read(lowNumber + (lowUnit.trim() === "" ? highUnit : lowUnit));
  const high = read(highNumber + highUnit);
  return low === undefined || high === undefined ? undefined : { low, high };
}

function readOne(text: string, unit: Unit, name: ParameterName): number | undefined {
  switch (unit) {
    case "bytes":
      return readBytes(text);
    case "bytes/s":
      return readRate(text);
    case "minutes":
      return readTime(text, 60_000);
    case "hours":
      return readTime(text, 3_600_000);
    case "days":
      return readTime(text, 86_400_000);
    case "years":
      return readTime(text, yearMs);
    case "share":
      return parseShare(text);
    case "count":
      return plainNumber(name === "distance_km" ? text.replace(/\s*km$/i, "") : text);
    case "× data":
      return plainNumber(text.replace(/\s*[×x]$/, ""));
    case "money":
    case "money/h":
      return undefined;
  }
}

function plainNumber(text: string): number | undefined {
  return /^\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

function readTime(text: string, unitMs: number): number | undefined {
  if (text === "0") return 0;
  return understood(() => parseSpan(text) / unitMs);
}

/** A number alone might be bytes or a slip: the unit must be there. */
function readBytes(text: string): number | undefined {
  return /\d\s*[a-z]+$/i.test(text) ? understood(() => parseBytes(text)) : undefined;
}

/** "100 Mbit/s", "200 MB/s", "200 GB per hour", "2 GB in 45 minutes"; bytes a second. */
function readRate(text: string): number | undefined {
  const bits = /^(\d{1,12}(?:\.\d{1,9})?)\s*([kMGT]?)(?:bit\s*(?:\/\s*s|per second)|bps)$/i.exec(
    text,
  );
  if (bits !== null) {
    const power = ["", "k", "m", "g", "t"].indexOf((bits[2] ?? "").toLowerCase());
    return (Number(bits[1]) * 1000 ** power) / 8;
  }
  // "Mb/s" is as often bits as bytes.
  if (/\d\s*[kMGT]?b\s*(?:\/|per|in)/.test(text)) return undefined;
  const [, size = "", per, taking] =
    /^(.+?)\s*(?:(?:\/|\bper\b|\ban?\b)\s*(s|seconds?|min|minutes?|h|hours?|days?)|\bin\s+(.+))$/i.exec(
      text,
    ) ?? [];
  const span = taking ?? (per === undefined ? undefined : `1 ${per}`);
  if (span === undefined) return undefined;
  return understood(() => {
    const sizeBytes = readBytes(size);
    const spanMs = parseSpan(span);
    return sizeBytes === undefined || spanMs <= 0 ? undefined : (sizeBytes * 1000) / spanMs;
  });
}

function understood<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}

type Bounds = { readonly least: number; readonly most: number; readonly whole?: boolean };

const longestYears = 1000;
const unitBounds: Readonly<Record<Unit, Bounds>> = {
  bytes: { least: 1, most: Number.MAX_SAFE_INTEGER },
  "bytes/s": { least: 1, most: Number.MAX_SAFE_INTEGER },
  minutes: { least: 0, most: longestYears * 365 * 24 * 60 },
  hours: { least: 0, most: longestYears * 365 * 24 },
  days: { least: 0, most: longestYears * 365 },
  years: { least: 1 / 365, most: longestYears },
  share: { least: 0, most: 1 },
  count: { least: 1, most: 1_000_000_000, whole: true },
  money: { least: 0, most: Number.MAX_SAFE_INTEGER },
  "money/h": { least: 0, most: Number.MAX_SAFE_INTEGER },
  "× data": { least: 1, most: 100 },
};

const bounds: Readonly<Partial<Record<ParameterName, Bounds>>> = {
  logs_per_day: { least: 0, most: Number.MAX_SAFE_INTEGER },
  distance_km: { least: 0, most: 40_000 },
  growth_per_year: { least: 0, most: 100 },
};

function boundsOf(name: ParameterName): Bounds {
  return bounds[name] ?? unitBounds[parameters[name].unit];
}

function notUnderstood(name: ParameterName, written: string | number): RequirementFinding {
  const { unit, about } = parameters[name];
  if (unit === "share") {
    const finding = shareFinding(withoutPeriod(name, String(written)), {
      most: boundsOf(name).most,
    });
    if (finding !== undefined) return finding;
  }
  const text = String(written);
  const bits = /^(.*\d)\s*([kMGT])b\s*\/\s*s$/.exec(text);
  const [, amount] = /^\s*(\d+(?:\.\d+)?)\s*$/.exec(text) ?? [];
  const suggestion =
    bits === null
      ? amount === undefined
        ? undefined
        : withUnit(amount, unit)
      : `${bits[1]} ${bits[2]}bit/s`;
  const message =
    amount === undefined
      ? `${quoted(text)} is not a ${unit === "bytes/s" ? "rate" : "quantity"} I know`
      : `${quoted(text)} lacks a unit`;
  const hint = `${name} is ${about}; write it like ${assumptionExample(name)}.`;
  return { code: "planner.quantity", message, suggestion, hint };
}

/** Times have a usual unit; sizes and rates do not. */
function withUnit(amount: string, unit: Unit): string | undefined {
  const isTime = unit === "minutes" || unit === "hours" || unit === "days" || unit === "years";
  return isTime ? `${amount} ${unit}` : undefined;
}
