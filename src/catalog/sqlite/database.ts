/** One connection to an SQLite database: statements prepared once, transactions, errors of our own. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { CatalogError, isCatalogError } from "../catalog-error.ts";

export type Value = SQLInputValue;
export type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

/** The location of a database that is gone when it is closed. */
export const inMemory = ":memory:";

/** Another process writes a batch at most this long. */
const busyMs = 30_000;
/** Pages kept in memory, in KiB. */
const cacheKib = 64 * 1024;

export class Database implements Disposable {
  readonly location: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #isHeld = false;

  constructor(location: string) {
    this.location = location;
    this.#database = guarded(location, () => new DatabaseSync(location, { timeout: busyMs }));
    try {
      this.exec(
        `PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -${cacheKib}; PRAGMA wal_autocheckpoint = 5000; PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 1073741824;`,
      );
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  exec(sql: string): void {
    guarded(this.location, () => this.#database.exec(sql));
  }

  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return guarded(this.location, () => this.#prepare(sql).get(...values)) as Row | undefined;
  }

  all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return guarded(this.location, () => this.#prepare(sql).all(...values)) as readonly Row[];
  }

  run(sql: string, ...values: readonly Value[]): { readonly changes: number; readonly id: number } {
    const { changes, lastInsertRowid } = guarded(this.location, () =>
      this.#prepare(sql).run(...values),
    );
    return { changes: Number(changes), id: Number(lastInsertRowid) };
  }

  get isInTransaction(): boolean {
    return this.#depth > 0;
  }

  begin(): void {
    this.exec("BEGIN IMMEDIATE");
    this.#depth = 1;
  }

  commit(): void {
    if (this.#isHeld) return;
    this.exec("COMMIT");
    this.#depth = 0;
  }

  /** Begins a transaction that nothing ends but `letGo`, which undoes it, whatever was committed meanwhile. */
  hold(): void {
    this.begin();
    this.#isHeld = true;
  }

  letGo(): void {
    this.#isHeld = false;
    this.rollBack();
  }

  /** Also where the database has ended the transaction itself. */
  rollBack(): void {
    this.#depth = 0;
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // There is nothing to roll back any more.
    }
  }

  /** Runs `work` in a transaction of its own, or in the one that is open. */
  within<Result>(work: () => Result): Result {
    if (this.isInTransaction) return work();
    this.begin();
    try {
      const result = work();
      this.commit();
      return result;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      // What searches are made of differs from one to the next; the others are few.
      if (this.#statements.size >= 200) this.#statements.clear();
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** SQLite's result codes (sqlite.org/rescode.html). */
const damaged: ReadonlySet<number> = new Set([11, 26]);

function guarded<Result>(location: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw asCatalogError(error, location);
  }
}

type SqliteError = Error & { readonly code?: string; readonly errcode?: number };

function asCatalogError(error: unknown, location: string): unknown {
  if (isCatalogError(error) || !(error instanceof Error)) return error;
  const { code: kind, errcode, message } = error as SqliteError;
  if (kind !== "ERR_SQLITE_ERROR") return error;
  const code = (errcode ?? 0) & 0xff;
  if (damaged.has(code)) {
    return new CatalogError(
      "catalog.damaged",
      `Cannot read the catalog "${location}": ${message}`,
      {
        hint: "Nothing is lost: `restante catalog rebuild` makes it again from the copy.",
        cause: error,
      },
    );
  }
  return new CatalogError("catalog.failed", `Cannot use the catalog "${location}": ${message}`, {
    hint: "Look at the disk and the permissions of its folder; it can be deleted and is made again.",
    retryable: code === 5,
    cause: error,
  });
}
