/** A query as SQL: which messages, newest first or ranked, without what they are. */
import { CatalogError } from "../catalog-error.ts";
import type { Condition, Query, State, WordField } from "../query/query.ts";
import { searchable } from "../words.ts";
import type { Value } from "./database.ts";
import { numbersBetween } from "./message-ids.ts";

export type Sql = { readonly text: string; readonly values: readonly Value[] };

type Conditioned = Query["conditions"][number];

export type FindSqlOptions = {
  /** Accounts that are meant; undefined: all. */
  readonly accounts: readonly number[] | undefined;
  /** Mailboxes that each `in:` stands for, in the order of the conditions. */
  readonly mailboxes: ReadonlyMap<Conditioned, readonly number[]>;
  /** Whether only what stands in temp.at_order is meant. */
  readonly isAt: boolean;
  /** Numbers from this one on are of pages before. */
  readonly below: number | undefined;
  /** Whether to begin with what is lost: it is little. */
  readonly fromLost: boolean;
};

const columns: Readonly<Record<WordField, string>> = {
  any: "",
  subject: "subject : ",
  from: "sender : ",
  to: "{recipients copies} : ",
  cc: "copies : ",
  filename: "attachments : ",
  body: "text : ",
};

/** The words of a query in the language of FTS5 (sqlite.org/fts5.html §3); undefined where there are none. */
export function matchOf(query: Query): string | undefined {
  const wanted = query.conditions.flatMap((one) =>
    one.kind === "words" && !one.isNot ? [phraseOf(one)] : [],
  );
  if (wanted.length === 0) return undefined;
  const unwanted = query.conditions.flatMap((one) =>
    one.kind === "words" && one.isNot ? [phraseOf(one)] : [],
  );
  return unwanted.reduce((all, one) => `(${all}) NOT (${one})`, wanted.join(" AND "));
}

function phraseOf({ field, text, isPrefix }: Extract<Condition, { kind: "words" }>): string {
  // A quote within is doubled: nothing that is typed is an operator.
  const phrase = `"${searchable(text).replaceAll('"', '""')}"`;
  return `${columns[field]}${phrase}${isPrefix ? " *" : ""}`;
}

/** The numbers of the messages, newest first, without a limit. */
export function findSql(query: Query, options: FindSqlOptions): Sql {
  const values: Value[] = [];
  const conditions: string[] = [];
  const add = (text: string, ...some: readonly Value[]): void => {
    conditions.push(text);
    values.push(...some);
  };
  const match = matchOf(query);
  const id = options.fromLost ? "lost.message" : match === undefined ? "message.id" : "words.rowid";
  const { lowest, highest } = numbersOf(query);
  add(`${id} BETWEEN ? AND ?`, lowest, Math.min(highest, (options.below ?? Infinity) - 1));
  if (match !== undefined) add("words MATCH ?", match);
  else addUnwantedWords(query, add);
  for (const one of query.conditions) addOwn(one, { add, isNot: one.isNot ? "NOT " : "" });
  addPlacement(query, options, add);
  for (const one of query.conditions) {
    if (one.kind !== "is" || (one.state !== "missing" && one.state !== "present")) continue;
    const isMissing = (one.state === "missing") !== one.isNot;
    const inScope = scopeOf("lost.account", options, values.push.bind(values));
    conditions.push(
      `${isMissing ? "" : "NOT "}EXISTS (SELECT 1 FROM lost WHERE lost.message = message.id${inScope})`,
    );
  }
  const from = options.fromLost
    ? `lost${match === undefined ? "" : " CROSS JOIN words ON words.rowid = lost.message"} CROSS JOIN message ON message.id = lost.message`
    : match === undefined
      ? "message"
      : "words CROSS JOIN message ON message.id = words.rowid";
  return {
    text: `SELECT message.id AS id FROM ${from} WHERE ${conditions.join(" AND ")}${options.fromLost ? " GROUP BY lost.message" : ""} ORDER BY ${id} DESC`,
    values,
  };
}

/** Dates are bounds of the numbers. */
function numbersOf({ conditions }: Query): { readonly lowest: number; readonly highest: number } {
  let from: number | undefined;
  let before: number | undefined;
  for (const one of conditions) {
    if (one.kind !== "after" && one.kind !== "before") continue;
    const seconds = Number((one.atNs + 999_999_999n) / 1_000_000_000n);
    const bound = Math.min(Math.max(seconds, 0), 2 ** 32);
    if ((one.kind === "after") !== one.isNot) from = Math.max(from ?? 0, bound);
    else before = Math.min(before ?? bound, bound);
  }
  return numbersBetween(from, before);
}

type Add = (text: string, ...values: readonly Value[]) => void;

function addUnwantedWords({ conditions }: Query, add: Add): void {
  for (const one of conditions) {
    if (one.kind !== "words" || !one.isNot) continue;
    add(
      "message.id NOT IN (SELECT unwanted.rowid FROM words AS unwanted WHERE unwanted.words MATCH ?)",
      phraseOf(one),
    );
  }
}

/** Conditions on the message itself. */
function addOwn(
  one: Condition,
  { add, isNot }: { readonly add: Add; readonly isNot: string },
): void {
  if (one.kind === "has-attachment") add(`${isNot}message.has_attachment = 1`);
  else if (one.kind === "larger") add(`${isNot}message.size > ?`, one.sizeBytes);
  else if (one.kind === "smaller") add(`${isNot}message.size < ?`, one.sizeBytes);
}

const flagOf: Partial<Readonly<Record<State, readonly [string, boolean]>>> = {
  seen: ["\\Seen", true],
  unseen: ["\\Seen", false],
  flagged: ["\\Flagged", true],
  unflagged: ["\\Flagged", false],
  answered: ["\\Answered", true],
  unanswered: ["\\Answered", false],
  draft: ["\\Draft", true],
  deleted: ["\\Deleted", true],
};

/** Conditions that one and the same placement must meet. */
function addPlacement(query: Query, options: FindSqlOptions, add: Add): void {
  const values: Value[] = [];
  let text = scopeOf("mailbox.account", options, (...some) => values.push(...some));
  let needsNewest = false;
  let needsLabel = false;
  for (const one of query.conditions) {
    const isNot = one.isNot ? "NOT " : "";
    if (one.kind === "in") {
      text += ` AND ${isNot}placement.mailbox IN (SELECT value FROM json_each(?))`;
      values.push(JSON.stringify(options.mailboxes.get(one) ?? []));
    } else if (one.kind === "keyword") {
      text += ` AND ${isNot}EXISTS (SELECT 1 FROM json_each(label.keywords) WHERE lower(value) = lower(?))`;
      values.push(one.keyword);
      needsNewest = needsLabel = true;
    } else if (one.kind === "is") {
      const flag = flagOf[one.state];
      if (flag === undefined) continue;
      const [name, isSet] = flag;
      text += ` AND ${isSet === one.isNot ? "NOT " : ""}EXISTS (SELECT 1 FROM json_each(label.flags) WHERE value = ?)`;
      values.push(name);
      needsNewest = needsLabel = true;
    }
  }
  const label = needsLabel ? " JOIN label ON label.id = placement.label" : "";
  if (options.isAt) text += atMoment;
  else if (needsNewest) text += newestState;
  add(
    `EXISTS (SELECT 1 FROM placement JOIN mailbox ON mailbox.id = placement.mailbox${label} WHERE placement.message = message.id${text})`,
    ...values,
  );
}

const newestState = ` AND NOT EXISTS (SELECT 1 FROM placement AS later WHERE later.message = placement.message
  AND later.mailbox = placement.mailbox AND placement.last_sighting IS NOT NULL
  AND (later.last_sighting IS NULL OR later.last_sighting > placement.last_sighting))`;

const atMoment = ` AND EXISTS (SELECT 1 FROM sighting JOIN account ON account.id = mailbox.account
  JOIN temp.at_order ON at_order.history = account.history
  WHERE sighting.mailbox = mailbox.id AND sighting.kind IN ('complete', 'partial')
  AND sighting.first_order <= at_order.ordinal
  AND (sighting.last_order IS NULL OR sighting.last_order >= at_order.ordinal)
  AND placement.first_sighting <= sighting.number
  AND (placement.last_sighting IS NULL OR placement.last_sighting >= sighting.number))`;

function scopeOf(
  column: string,
  { accounts }: FindSqlOptions,
  push: (value: Value) => unknown,
): string {
  if (accounts === undefined) return "";
  push(JSON.stringify(accounts));
  return ` AND ${column} IN (SELECT value FROM json_each(?))`;
}

const newestPage = /^n(-?\d{1,16})$/;
const rankedPage = /^r(\d{1,6})$/;

export type Cursor = { readonly below?: number; readonly skip?: number };

export function readCursor(cursor: string | undefined, sort: "newest" | "relevance"): Cursor {
  if (cursor === undefined) return {};
  const [, number] = (sort === "newest" ? newestPage : rankedPage).exec(cursor) ?? [];
  if (number === undefined) {
    throw new CatalogError(
      "catalog.cursor",
      "Cannot go on after that page: its cursor is none of this search",
      {
        hint: "Give the cursor as the page before had it, with the same search and order.",
      },
    );
  }
  return sort === "newest" ? { below: Number(number) } : { skip: Number(number) };
}
