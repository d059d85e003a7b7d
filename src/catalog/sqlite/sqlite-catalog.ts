import { statSync } from "node:fs";
import type {
  BeginFillOptions,
  Catalog,
  CatalogFill,
  CatalogStatus,
  FindOptions,
  FoundMessage,
  FoundPage,
  KnownAccount,
  KnownMailbox,
  KnownMoment,
  ProvisionalFill,
} from "../catalog.ts";
import type { Query } from "../query/query.ts";
import { type Database, inMemory } from "./database.ts";
import { chooseLabels } from "./find-labels.ts";
import { chooseScope, type Scope } from "./find-scope.ts";
import { findSql, type FindSqlOptions, matchOf, readCursor } from "./find-sql.ts";
import { FoundReader } from "./read-found.ts";
import { readAccounts, readMailboxes, readMoments } from "./read-known.ts";
import { SqliteProvisionalFill } from "./provisional-fill.ts";
import { SqliteFill } from "./sqlite-fill.ts";
import { ThreadFill } from "./thread-fill.ts";
import type { Turn } from "./turn.ts";

const defaultLimit = 50;
const largestLimit = 10_000;
/** Ranking looks at every message that matches; of more than so many the newest count. */
const rankedMost = 20_000;
/** Of messages that have the words, whatever else they must be. */
const lookedAtMost = 40_000;
/** So few are looked through one by one for words sooner than what has the words for what is lost. */
const fewLost = 2_000;

export class SqliteCatalog implements Catalog {
  readonly location: string;
  readonly fullText: boolean;
  readonly #database: Database;
  readonly #turn: Turn;

  constructor(database: Database, options: { readonly turn: Turn; readonly fullText: boolean }) {
    this.#database = database;
    this.#turn = options.turn;
    this.fullText = options.fullText;
    this.location = database.location;
  }

  async find(query: Query, options: FindOptions = {}): Promise<FoundPage> {
    const { sort = "newest", cursor, signal } = options;
    const limit = Math.min(Math.max(1, options.limit ?? defaultLimit), largestLimit);
    const { below, skip = 0 } = readCursor(cursor);
    signal?.throwIfAborted();
    const ranked =
      sort === "relevance"
        ? this.#rankedIds(query, options, { limit: limit + 1, skip })
        : undefined;
    const ids = ranked ?? this.#newestIds(query, options, { limit: limit + 1, below });
    const order = ranked === undefined ? "newest" : "relevance";
    const reader = new FoundReader(this.#database, options.accounts);
    const page = ids.slice(0, limit);
    const messages = page.flatMap((id) => reader.message(id) ?? []);
    if (ids.length <= limit) return { messages, order };
    return { messages, order, next: order === "newest" ? `n${page.at(-1)}` : `r${skip + limit}` };
  }

  async messagesByIdentity(
    prefix: string,
    { limit }: { readonly limit: number },
  ): Promise<readonly FoundMessage[]> {
    if (!/^[0-9a-f]{1,64}$/.test(prefix)) return [];
    const rows = this.#database.all(
      "SELECT id FROM message WHERE identity BETWEEN ? AND ? ORDER BY id DESC LIMIT ?",
      Buffer.from(prefix.padEnd(64, "0"), "hex"),
      Buffer.from(prefix.padEnd(64, "f"), "hex"),
      limit,
    );
    const reader = new FoundReader(this.#database, undefined);
    return rows.flatMap((row) => reader.message(row["id"] as number) ?? []);
  }

  async moments(): Promise<readonly KnownMoment[]> {
    return readMoments(this.#database);
  }

  async accounts(): Promise<readonly KnownAccount[]> {
    return readAccounts(this.#database);
  }

  async mailboxes(): Promise<readonly KnownMailbox[]> {
    return readMailboxes(this.#database);
  }

  async status(): Promise<CatalogStatus> {
    const count = (table: string): number =>
      this.#database.get(`SELECT count(*) AS count FROM ${table}`)?.["count"] as number;
    return {
      location: this.location,
      sizeBytes: sizeOf(this.location),
      fullText: this.fullText,
      moments: await this.moments(),
      accounts: await this.accounts(),
      messages: count("message"),
      placements: count("placement"),
    };
  }

  async beginFill(options: BeginFillOptions = {}): Promise<CatalogFill> {
    const giveBack = await this.#turn.take(options);
    try {
      // A database in memory is this thread's own.
      if (options.isLarge === true && this.location !== inMemory)
        return new ThreadFill(this.location, giveBack);
      return new SqliteFill(this.#database, giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async beginProvisional(
    options: Omit<BeginFillOptions, "isLarge"> = {},
  ): Promise<ProvisionalFill> {
    const giveBack = await this.#turn.take(options);
    try {
      return new SqliteProvisionalFill(this.#database, giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]();
  }

  #newestIds(
    query: Query,
    options: FindOptions,
    { limit, below }: { readonly limit: number; readonly below: number | undefined },
  ): readonly number[] {
    const { text, values } = findSql(query, { ...this.#choose(query, options), below });
    return this.#database
      .all(`${text} LIMIT ?`, ...values, limit)
      .map((row) => row["id"] as number);
  }

  /** Undefined where there are no words to rank by, or too many messages have them. */
  #rankedIds(
    query: Query,
    options: FindOptions,
    { limit, skip }: { readonly limit: number; readonly skip: number },
  ): readonly number[] | undefined {
    const match = matchOf(query);
    if (match === undefined) return undefined;
    const newest = this.#newestIds(query, options, { limit: rankedMost, below: undefined });
    const lowest = newest.at(-1);
    if (lowest === undefined) return [];
    const isMany = this.#database.get(
      "SELECT 1 AS many FROM words WHERE words MATCH ? AND rowid >= ? LIMIT 1 OFFSET ?",
      match,
      lowest,
      lookedAtMost,
    );
    if (isMany !== undefined) return undefined;
    const wanted = new Set(newest);
    const ranked = this.#database.all(
      "SELECT rowid AS id FROM words WHERE words MATCH ? AND rowid >= ? ORDER BY rank, rowid DESC",
      match,
      lowest,
    );
    return ranked
      .map((row) => row["id"] as number)
      .filter((id) => wanted.has(id))
      .slice(skip, skip + limit);
  }

  #choose(query: Query, options: FindOptions): Omit<FindSqlOptions, "below"> {
    const { atNs } = options;
    if (atNs !== undefined) this.#chooseMoments(atNs);
    const wantsMissing = query.conditions.some(
      (one) => one.kind === "is" && one.state === "missing" && !one.isNot,
    );
    const labels = chooseLabels(this.#database, query);
    const scope = chooseScope(this.#database, query, { ...options, labels });
    const isFew = matchOf(query) === undefined || this.#isLittleLost(scope);
    return { scope, labels, isAt: atNs !== undefined, fromLost: wantsMissing && isFew };
  }

  #isLittleLost({ kind }: Scope): boolean {
    const inScope =
      kind === "all" ? "" : "WHERE account IN (SELECT account FROM temp.scope_account)";
    const more = this.#database.get(
      `SELECT 1 AS more FROM lost ${inScope} LIMIT 1 OFFSET ?`,
      fewLost,
    );
    return more === undefined;
  }

  /** Of each history the newest moment that is not after the instant. */
  #chooseMoments(atNs: bigint): void {
    this.#database.exec(
      `CREATE TEMP TABLE IF NOT EXISTS at_order (history INTEGER PRIMARY KEY, ordinal INTEGER);
       DELETE FROM temp.at_order;`,
    );
    this.#database.run(
      `INSERT INTO temp.at_order SELECT history, max(ordinal) FROM moment
         WHERE done = 1 AND at_ns <= ? GROUP BY history`,
      atNs,
    );
  }
}

function sizeOf(location: string): number {
  return ["", "-wal"].reduce((sum, suffix) => {
    const stats = statSync(`${location}${suffix}`, { throwIfNoEntry: false });
    return sum + (stats?.size ?? 0);
  }, 0);
}
