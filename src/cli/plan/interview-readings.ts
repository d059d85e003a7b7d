import { closestWord, quoted } from "#errors";
import {
  type Money,
  moneyFinding,
  type MoneyForm,
  parseMoney,
  parseShare,
  shareFinding,
} from "#policy";
import { parseSpan } from "#planner";
import { parseBytes, TimeError } from "#time";

/** What an answer says, or one or two sentences on why it says nothing. */
export type Read<Value> = { readonly value: Value } | { readonly wrong: string };

/** Undefined, "unknown" and the like are understood where a question may be skipped. */
export const skipWords: ReadonlySet<string> = new Set([
  "-",
  "skip",
  "none",
  "no",
  "unknown",
  "nobody knows",
]);

export function isSkip(typed: string): boolean {
  return skipWords.has(typed.toLowerCase());
}

const nothingWords: ReadonlySet<string> = new Set(["0", "nothing", "none", "never", "no", "zero"]);
const longestMs = 1000 * 365 * 86_400_000;

export type ReadSpanOptions = {
  /** Whether 0, "nothing" or "never" may be said. */
  readonly mayBeNothing?: boolean;
  readonly mostMs?: number;
  /** "15 minutes". */
  readonly example: string;
};

/** Whole milliseconds. */
export function readSpanAnswer(typed: string, options: ReadSpanOptions): Read<number> {
  const { mayBeNothing = false, mostMs = longestMs, example } = options;
  const write = `Write it like ${example}${mayBeNothing ? ", or nothing" : ""}.`;
  if (nothingWords.has(typed.toLowerCase()))
    return mayBeNothing ? { value: 0 } : { wrong: `${quoted(typed)} is no time at all. ${write}` };
  if (/^\d+(?:\.\d+)?$/.test(typed)) return { wrong: `${quoted(typed)} lacks a unit. ${write}` };
  try {
    const value = Math.round(parseSpan(typed));
    if (value > mostMs) return { wrong: `${quoted(typed)} is too long. ${write}` };
    if (value === 0 && !mayBeNothing)
      return { wrong: `${quoted(typed)} is no time at all. ${write}` };
    return { value };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    const meant = error.suggestion === undefined ? "" : ` Did you mean ${error.suggestion}?`;
    return { wrong: `${quoted(typed)} is not a time I know.${meant} ${write}` };
  }
}

export function readSizeAnswer(
  typed: string,
  { leastBytes, example }: { readonly leastBytes: number; readonly example: string },
): Read<number> {
  const write = `Write it like ${example}.`;
  // A number alone might be bytes or a slip.
  if (/^[\d.]+$/.test(typed) && Number(typed) !== 0)
    return { wrong: `${quoted(typed)} lacks a unit. ${write}` };
  try {
    const value = parseBytes(typed);
    return value < leastBytes ? { wrong: `${quoted(typed)} is too little. ${write}` } : { value };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    return { wrong: `${quoted(typed)} is not a size I know. ${write}` };
  }
}

export function readCountAnswer(
  typed: string,
  { most, example }: { readonly most: number; readonly example: string },
): Read<number> {
  const plain = withoutSeparators(typed);
  const value = /^\d{1,15}$/.test(plain) ? Number(plain) : Number.NaN;
  if (value >= 1 && value <= most) return { value };
  return { wrong: `${quoted(typed)} is not a number from 1 to ${most}. Write it like ${example}.` };
}

export function readShareAnswer(typed: string): Read<number> {
  const finding = shareFinding(typed);
  const value = parseShare(typed);
  if (finding === undefined && value !== undefined) return { value };
  return { wrong: findingText(finding ?? { message: `${quoted(typed)} is no share` }) };
}

export type ReadMoneyOptions = {
  /** Of an amount without one. */
  readonly currency: string;
  readonly form: MoneyForm;
};

/** "12000", "12,000 EUR", "500 per month", "12000 EUR per hour". */
export function readMoneyAnswer(typed: string, { currency, form }: ReadMoneyOptions): Read<Money> {
  const plain = withoutSeparators(typed).replace(
    /^(\d+(?:\.\d+)?)(?=\s*(?:$|\/|(?:per|each|an?)\b))/i,
    `$1 ${currency} `,
  );
  const money = parseMoney(plain);
  const [usual = []] = form.per;
  if (money?.per.length === 0) return { value: { ...money, per: usual } };
  const finding = moneyFinding(plain, form);
  if (finding === undefined && money !== undefined) return { value: money };
  return { wrong: findingText(finding ?? { message: `${quoted(typed)} is no amount` }) };
}

/** 12,000 → 12000. */
function withoutSeparators(typed: string): string {
  return typed.replace(/(?<=\d)[,'’_ ](?=\d{3}(?!\d))/g, "");
}

type Told = {
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly hint?: string | undefined;
};

/** A finding of the policy room as sentences. */
function findingText({ message, suggestion, hint }: Told): string {
  const meant = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`;
  return `${message}.${meant}${hint === undefined ? "" : ` ${hint}`}`;
}

export type Choice<Id extends string> = { readonly id: Id; readonly name: string };

/** A number of the list, an id, a name, or the beginning of just one of them. */
export function readChoiceAnswer<Id extends string>(
  typed: string,
  choices: readonly Choice<Id>[],
): Read<Id> {
  const numbered = /^\d{1,3}$/.test(typed) ? choices[Number(typed) - 1] : undefined;
  if (numbered !== undefined) return { value: numbered.id };
  const wanted = typed.toLowerCase().replace(/\s+/g, " ");
  const is = ({ id, name }: Choice<Id>): boolean =>
    id.toLowerCase() === wanted || name.toLowerCase() === wanted;
  const begins = ({ id, name }: Choice<Id>): boolean =>
    id.toLowerCase().startsWith(wanted) || name.toLowerCase().startsWith(wanted);
  const same = choices.find(is);
  if (same !== undefined) return { value: same.id };
  const likely = choices.filter(begins);
  const [only] = likely;
  if (only !== undefined && likely.length === 1) return { value: only.id };
  if (only !== undefined)
    return {
      wrong: `${quoted(typed)} may be ${likely.map(({ id }) => id).join(" or ")}. Write one of them.`,
    };
  const meant = closestWord(
    wanted,
    choices.flatMap(({ id, name }) => [id, name]),
  );
  const question = meant === undefined ? "" : ` Did you mean ${meant}?`;
  return {
    wrong: `${quoted(typed)} is none of the list.${question} Write a number or a name of it, like ${choices[0]?.id ?? "1"}.`,
  };
}

/** Several of a list, with commas between; "none" for none of it. */
export function readChoicesAnswer<Id extends string>(
  typed: string,
  choices: readonly Choice<Id>[],
): Read<readonly Id[]> {
  if (/^(?:none|nothing|no|-|0)$/i.test(typed)) return { value: [] };
  const chosen = new Set<Id>();
  for (const part of typed.split(/[,;+]/)) {
    if (part.trim() === "") continue;
    const read = readChoiceAnswer(part.trim(), choices);
    if ("wrong" in read) return read;
    chosen.add(read.value);
  }
  return { value: choices.map(({ id }) => id).filter((id) => chosen.has(id)) };
}
