/** A query as SQL: which messages, newest first or ranked, without what they are. */
import { CatalogError } from "../catalog-error.ts";
import type { Condition, Query, WordField } from "../query/query.ts";
import { searchable } from "../words.ts";
import type { Value } from "./database.ts";
import { numbersBetween } from "./message-ids.ts";
import type { Scope } from "./find-scope.ts";

type Conditioned = Query["conditions"][number];

export type Sql = { readonly text: string; readonly values: readonly Value[] };

export type FindSqlOptions = {
  /** What stands in temp.scope_mailbox and temp.scope_account; see `chooseScope`. */
  readonly scope: Scope;
  /** Flags and keywords that are meant, by their rows; undefined: any. See `chooseLabels`. */
  readonly labels: readonly number[] | undefined;
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
  const add: Add = (text, ...some) => {
    conditions.push(text);
    values.push(...some);
  };
  const match = matchOf(query);
  const { id, from, order } = sourceOf(mostLookedThrough(query), options);
  const { lowest, highest } = numbersOf(query);
  add(`${id} BETWEEN ? AND ?`, lowest, Math.min(highest, (options.below ?? Infinity) - 1));
  if (match !== undefined) add("words MATCH ?", match);
  else addUnwantedWords(query, add);
  // With a plus it is looked up for each message, and does not decide where to begin.
  if (options.scope.kind === "candidates") add(`+${id} IN (SELECT message FROM temp.candidate)`);
  for (const one of query.conditions) addOwn(one, { add, isNot: one.isNot ? "NOT " : "" });
  for (const one of query.conditions) addLost(one, { scope: options.scope, id, add });
  addPlacement(options, add);
  return {
    text: `SELECT message.id AS id FROM ${from} WHERE ${conditions.join(" AND ")} ${order}`,
    values,
  };
}

/** Few messages are looked through for words one by one; of many those that have the words are looked through. */
const fewCandidates = 2_000;
/** The beginning of a word is all words that begin so, which are put together anew for each message. */
const fewForBeginnings = 50;

/** Candidates that are looked through one by one; undefined where no words are searched for. */
function mostLookedThrough({ conditions }: Query): number | undefined {
  const words = conditions.filter((one) => one.kind === "words");
  if (words.every(({ isNot }) => isNot)) return undefined;
  return words.some(({ isPrefix }) => isPrefix) ? fewForBeginnings : fewCandidates;
}

/** Where to begin, so that the newest come first and little is looked at in vain. */
function sourceOf(
  most: number | undefined,
  { scope, fromLost }: FindSqlOptions,
): { readonly id: string; readonly from: string; readonly order: string } {
  const hasWords = most !== undefined;
  const begin = (
    id: string,
    tables: readonly string[],
    grouped = "",
  ): ReturnType<typeof sourceOf> => ({
    id,
    from: tables.join(" CROSS JOIN "),
    order: `${grouped}ORDER BY ${id} DESC`,
  });
  const wordsOf = (id: string): readonly string[] =>
    hasWords ? [`words ON words.rowid = ${id}`] : [];
  if (fromLost) {
    const id = "lost.message";
    const tables = ["lost", ...wordsOf(id), `message ON message.id = ${id}`];
    return begin(id, tables, "GROUP BY lost.message ");
  }
  if (scope.kind === "candidates" && (!hasWords || scope.count <= most)) {
    const id = "candidate.message";
    return begin(id, ["temp.candidate", ...wordsOf(id), `message ON message.id = ${id}`]);
  }
  if (!hasWords) return begin("message.id", ["message"]);
  return begin("words.rowid", ["words", "message ON message.id = words.rowid"]);
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

/** Conditions on whether an account has it now. */
function addLost(
  one: Conditioned,
  { scope, id, add }: { readonly scope: Scope; readonly id: string; readonly add: Add },
): void {
  if (one.kind !== "is" || (one.state !== "missing" && one.state !== "present")) return;
  const isMissing = (one.state === "missing") !== one.isNot;
  const account =
    scope.kind === "all" ? "" : " AND here.account IN (SELECT account FROM temp.scope_account)";
  add(
    `${isMissing ? "" : "NOT "}EXISTS (SELECT 1 FROM lost AS here WHERE here.message = ${id}${account})`,
  );
}

/** Conditions that one and the same placement must meet. */
function addPlacement({ scope, isAt, labels }: FindSqlOptions, add: Add): void {
  // What is a candidate has a placement in scope.
  if (scope.kind === "candidates" && labels === undefined && !isAt) return;
  const mailbox = isAt ? " JOIN mailbox ON mailbox.id = placement.mailbox" : "";
  const inScope =
    scope.kind === "all"
      ? ""
      : " AND placement.mailbox IN (SELECT mailbox FROM temp.scope_mailbox)";
  const values: Value[] = [];
  let state = "";
  if (labels !== undefined) {
    state = " AND placement.label IN (SELECT value FROM json_each(?))";
    values.push(JSON.stringify(labels));
  }
  if (isAt) state += atMoment;
  else if (labels !== undefined) state += newestState;
  add(
    `EXISTS (SELECT 1 FROM placement${mailbox} WHERE placement.message = message.id${inScope}${state})`,
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

const newestPage = /^n(-?\d{1,16})$/;
const rankedPage = /^r(\d{1,6})$/;

export type Cursor = { readonly below?: number; readonly skip?: number };

export function readCursor(cursor: string | undefined): Cursor {
  if (cursor === undefined) return {};
  const below = newestPage.exec(cursor)?.[1];
  if (below !== undefined) return { below: Number(below) };
  const skip = rankedPage.exec(cursor)?.[1];
  if (skip !== undefined) return { skip: Number(skip) };
  throw new CatalogError("catalog.cursor", "Cannot go on after that page: that is no cursor", {
    hint: "Give the cursor as the page before had it, with the same search and order.",
  });
}
