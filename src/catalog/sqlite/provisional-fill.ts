import type { MomentFacts, MomentFill, ProvisionalFill } from "../catalog.ts";
import type { Database } from "./database.ts";
import { forgetUnfinished, newestOrder } from "./forget.ts";
import { InsertedMomentFill } from "./insert-moment.ts";
import { historyRow } from "./row-numbers.ts";
import { SqliteMomentFill } from "./store-moment.ts";
import { configureWords } from "./words-index.ts";

/** All in one transaction, which is undone: whatever ends it, the catalog is as it was. */
export class SqliteProvisionalFill implements ProvisionalFill {
  readonly #database: Database;
  readonly #giveBack: () => void;

  constructor(database: Database, giveBack: () => void) {
    this.#database = database;
    this.#giveBack = giveBack;
    database.hold();
    try {
      configureWords(database);
      forgetUnfinished(database);
    } catch (error) {
      database.letGo();
      throw error;
    }
  }

  async beginMoment(
    moment: MomentFacts,
    notes: ReadonlyMap<string, string> = new Map(),
  ): Promise<MomentFill> {
    const history = historyRow(this.#database, moment.history);
    const newest = newestOrder(this.#database, history) ?? 0;
    const before = this.#database.get(
      "SELECT max(ordinal) AS before FROM moment WHERE history = ? AND done = 1 AND at_ns <= ?",
      history,
      moment.atNs,
    )?.["before"] as number | null;
    if ((before ?? 0) === newest)
      return new SqliteMomentFill(this.#database, moment, { onAdded: () => undefined });
    return new InsertedMomentFill(this.#database, moment, {
      history,
      before: before ?? 0,
      notes,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#database.letGo();
    } finally {
      this.#giveBack();
    }
  }
}
