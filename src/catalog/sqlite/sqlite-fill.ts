import type { CatalogFill, MomentFacts, MomentFill } from "../catalog.ts";
import type { Database, Row } from "./database.ts";
import { forgetMoments, forgetUnfinished, removeOrphans } from "./forget.ts";
import { SqliteMomentFill } from "./store-moment.ts";
import { configureWords, mergeSomeWords, mergeWords } from "./words-index.ts";

/** The turn to write. */
export class SqliteFill implements CatalogFill {
  readonly #database: Database;
  readonly #giveBack: () => void;
  #messagesAdded = 0;

  constructor(database: Database, giveBack: () => void) {
    this.#database = database;
    this.#giveBack = giveBack;
    configureWords(database);
    forgetUnfinished(database);
  }

  async keepOnly(moments: readonly MomentFacts[]): Promise<{ readonly forgotten: number }> {
    const known = this.#database.all(
      `SELECT moment.id, moment.point, moment.history, history.name FROM moment
       JOIN history ON history.id = moment.history ORDER BY moment.history, moment.ordinal`,
    );
    const given = Map.groupBy(moments, ({ history }) => history);
    const gone = [...Map.groupBy(known, (row) => row["history"] as number)].map(
      ([history, rows]): readonly [number, readonly Row[]] => [
        history,
        outOfPlace(rows, given.get(rows[0]?.["name"] as string) ?? []),
      ],
    );
    let forgotten = 0;
    this.#database.within(() => {
      for (const [history, rows] of gone) {
        forgetMoments(
          this.#database,
          history,
          rows.map((row) => row["id"] as number),
        );
        forgotten += rows.length;
      }
    });
    return { forgotten };
  }

  async beginMoment(moment: MomentFacts): Promise<MomentFill> {
    return new SqliteMomentFill(this.#database, moment, {
      onAdded: (messages) => (this.#messagesAdded += messages),
    });
  }

  /** Some of the work of the end, for whoever has nothing else to do; whether there may be more. */
  mergeSome(): boolean {
    return this.#messagesAdded > 0 && mergeSomeWords(this.#database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#database.isInTransaction) this.#database.rollBack();
      // What an interrupted run has read is not read again by the next: it goes once a run ends well.
      if (forgetUnfinished(this.#database)) return;
      const orphans = this.#database.get("SELECT 1 AS some FROM setting WHERE name = 'orphans'");
      if (orphans !== undefined) removeOrphans(this.#database);
      mergeWords(this.#database, this.#messagesAdded);
    } finally {
      this.#giveBack();
    }
  }
}

/** Known moments that are not there any more, and all that come after one that was put between them. */
function outOfPlace(rows: readonly Row[], given: readonly MomentFacts[]): readonly Row[] {
  const ids = new Set(given.map(({ id }) => id));
  const there = rows.filter((row) => ids.has(row["point"] as string));
  const inPlace = new Set(
    there.filter(
      (row, index) => given[index]?.id === row["point"] && isPrefix(there, given, index),
    ),
  );
  return rows.filter((row) => !inPlace.has(row));
}

function isPrefix(there: readonly Row[], given: readonly MomentFacts[], index: number): boolean {
  return there.slice(0, index).every((row, at) => row["point"] === given[at]?.id);
}
