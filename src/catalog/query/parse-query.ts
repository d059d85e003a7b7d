import { closestWord, quoted } from "#errors";
import { type Instant, parseBytes, parseMoment, TimeError } from "#time";
import { CatalogError } from "../catalog-error.ts";
import { type Condition, type Query, states, type WordField } from "./query.ts";

export type ParseQueryOptions = {
  readonly now: Instant;
  /** Zone in which dates are meant. */
  readonly zone: string;
};

const longestQuery = 2_000;
const mostConditions = 50;
const shortestPrefix = 3;

/** What may stand before a colon. */
const fields = [
  "subject",
  "from",
  "to",
  "cc",
  "filename",
  "body",
  "has",
  "before",
  "after",
  "in",
  "is",
  "keyword",
  "larger",
  "smaller",
] as const;
type Field = (typeof fields)[number];

type Word = {
  readonly isNot: boolean;
  readonly field: string;
  readonly value: string;
  readonly isQuoted: boolean;
  /** Where it begins, and where its value does; from 0. */
  readonly at: number;
  readonly valueAt: number;
};

/**
 * `invoice "on time" from:bank has:attachment -in:Trash`: words and phrases, fields, and a minus in
 * front of what must not be. Pure. Throws CatalogError `catalog.query`, which says where it went wrong.
 */
export function parseQuery(text: string, options: ParseQueryOptions): Query {
  if (text.length > longestQuery)
    throw new CatalogError(
      "catalog.query",
      `Cannot search for so much: more than ${longestQuery} characters`,
      { hint: "Use fewer words." },
    );
  const words = split(text);
  if (words.length > mostConditions)
    throw wrong(text, (words[mostConditions] as Word).at, `more than ${mostConditions} conditions`);
  return {
    conditions: words.map((word) => ({
      ...conditionOf(word, text, options),
      isNot: word.isNot,
    })),
  };
}

function split(text: string): readonly Word[] {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text[at] as string)) at++;
    if (at >= text.length) return words;
    const start = at;
    const isNot = text[at] === "-" && /[^\s-]/.test(text[at + 1] ?? "");
    if (isNot) at++;
    const named = /^([A-Za-z]+):(?!\/\/)/.exec(text.slice(at, at + 40))?.[1] ?? "";
    const field = fieldNamed(named, text, at);
    if (field !== "") at += named.length + 1;
    const valueAt = at;
    const isQuoted = text[at] === '"';
    const end = isQuoted ? text.indexOf('"', at + 1) : endOfWord(text, at);
    if (end < 0) throw wrong(text, at, 'the quote (") has no end');
    const value = text.slice(isQuoted ? at + 1 : at, end);
    at = isQuoted ? end + 1 : end;
    words.push({ isNot, field, value, isQuoted, at: start, valueAt });
  }
}

function endOfWord(text: string, from: number): number {
  let end = from;
  while (end < text.length && !/\s/.test(text[end] as string)) end++;
  return end;
}

/** "" where what stands before the colon is a word like any other; one that is nearly a field is a slip. */
function fieldNamed(named: string, text: string, at: number): Field | "" {
  const name = named.toLowerCase();
  const known = fields.find((field) => field === name);
  if (known !== undefined || name === "") return known ?? "";
  const meant = name.length < 3 ? undefined : closestWord(name, fields);
  if (meant === undefined) return "";
  throw wrong(
    text,
    at,
    `there is no field ${quoted(`${named}:`)}`,
    `Did you mean ${meant}: ? To search for it as a word, put it in quotes.`,
  );
}

function conditionOf(word: Word, text: string, options: ParseQueryOptions): Condition {
  const { field, value } = word;
  if (value.trim() === "") {
    throw wrong(
      text,
      word.valueAt,
      field === "" ? "there is nothing in the quotes" : `nothing follows after ${field}:`,
    );
  }
  const fail = (state: string, hint?: string): CatalogError =>
    wrong(text, word.valueAt, state, hint);
  switch (field as Field | "") {
    case "has":
      if (/^attachments?$/i.test(value)) return { kind: "has-attachment" };
      throw fail(`has: knows no ${quoted(value)}`, "Write has:attachment.");
    case "before":
    case "after":
      return { kind: field as "before" | "after", atNs: instantOf(value, options, fail) };
    case "in":
      return { kind: "in", mailbox: value };
    case "keyword":
      return { kind: "keyword", keyword: value };
    case "is": {
      const state = states.find((one) => one === value.toLowerCase());
      if (state !== undefined) return { kind: "is", state };
      throw fail(`is: knows no ${quoted(value)}`, `It knows ${states.join(", ")}.`);
    }
    case "larger":
    case "smaller":
      return { kind: field as "larger" | "smaller", sizeBytes: bytesOf(value, fail) };
    case "":
      return wordsOf("any", word, fail);
    default:
      return wordsOf(field as WordField, word, fail);
  }
}

type Fail = (state: string, hint?: string) => CatalogError;

function wordsOf(field: WordField, { value, isQuoted }: Word, fail: Fail): Condition {
  const isPrefix = !isQuoted && value.endsWith("*");
  const text = isPrefix ? value.slice(0, -1) : value;
  if (!/[\p{L}\p{N}\p{Co}]/u.test(text)) throw fail(`${quoted(value)} has no letter and no digit`);
  if (isPrefix && (/[\p{L}\p{N}]*$/u.exec(text)?.[0].length ?? 0) < shortestPrefix)
    throw fail(`the beginning of a word before * has fewer than ${shortestPrefix} letters`);
  return { kind: "words", field, text, isPrefix };
}

function instantOf(value: string, { now, zone }: ParseQueryOptions, fail: Fail): bigint {
  try {
    return parseMoment(value, { now, zone, allowFuture: true });
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw fail(error.message, error.hint);
  }
}

function bytesOf(value: string, fail: Fail): number {
  try {
    return parseBytes(value);
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw fail(error.message, error.hint);
  }
}

function wrong(
  text: string,
  at: number,
  state: string,
  hint: string = "`restante help find` shows what can be searched for.",
): CatalogError {
  return new CatalogError(
    "catalog.query",
    `Cannot search for ${quoted(text)}: at character ${at + 1}, ${state}`,
    { hint },
  );
}
