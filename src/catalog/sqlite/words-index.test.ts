import assert from "node:assert/strict";
import { test } from "node:test";
import { Database, inMemory } from "./database.ts";
import { schema } from "./schema.ts";
import { configureWords, mergeSomeWords, mergeWords } from "./words-index.ts";

function emptyIndex(): Database {
  const database = new Database(inMemory);
  database.exec(schema);
  configureWords(database);
  return database;
}

/** Each batch is a transaction, and so a segment. */
function add(database: Database, first: number, count: number): void {
  database.within(() => {
    for (let id = first; id < first + count; id++)
      database.run(
        "INSERT INTO words (rowid, subject, text) VALUES (?, ?, ?)",
        id,
        `number ${id}`,
        `common words ${id % 7} of a message, and w${id}`,
      );
  });
}

const segmentsOf = (database: Database): number =>
  Number(database.get("SELECT count(DISTINCT segid) AS count FROM words_idx")?.["count"]);
const found = (database: Database, match: string): readonly unknown[] =>
  database
    .all("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid", match)
    .map((row) => row["rowid"]);

test("a large fill leaves few segments, and all words in them", () => {
  using database = emptyIndex();
  for (let batch = 0; batch < 20; batch++) add(database, batch * 100, 100);
  assert.equal(segmentsOf(database), 20);
  mergeWords(database, 20_000);
  assert.equal(segmentsOf(database), 1);
  assert.equal(found(database, "common").length, 2000);
  assert.deepEqual(found(database, "w777"), [777]);
});

test("small fills write what they add, and not again what was there", () => {
  using database = emptyIndex();
  for (let batch = 0; batch < 20; batch++) add(database, batch * 500, 500);
  mergeWords(database, 20_000);
  const large = String(database.get("SELECT min(segid) AS id FROM words_idx")?.["id"]);
  const pages = (): number =>
    Number(
      database.get("SELECT count(*) AS count FROM words_idx WHERE segid = ?", large)?.["count"],
    );
  const before = pages();
  let most = 0;
  for (let fill = 0; fill < 100; fill++) {
    add(database, 20_000 + fill * 2, 2);
    mergeWords(database, 2);
    most = Math.max(most, segmentsOf(database));
  }
  // The large segment is the one that it was, and the small ones are merged among themselves.
  assert.equal(pages(), before);
  assert.ok(most < 40, `${most} segments`);
  assert.equal(found(database, "common").length, 10_200);
  assert.deepEqual(found(database, "w20199"), [20_199]);
});

test("what was merged in between is not merged again at the end", () => {
  using database = emptyIndex();
  let steps = 0;
  for (let batch = 0; batch < 40; batch++) {
    add(database, batch * 1000, 1000);
    while (mergeSomeWords(database)) steps++;
  }
  // Of forty segments twice sixteen.
  assert.equal(steps, 2);
  const segments = segmentsOf(database);
  assert.ok(segments < 20, `${segments} segments`);
  const largest = (): unknown =>
    database.get(
      "SELECT segid, count(*) AS pages FROM words_idx GROUP BY segid ORDER BY pages DESC, segid",
    );
  const before = largest();
  mergeWords(database, 40_000);
  assert.ok(segmentsOf(database) < 9);
  assert.deepEqual(largest(), before);
  assert.equal(found(database, "common").length, 40_000);
  assert.deepEqual(found(database, "w39999"), [39_999]);
});

test("nothing is merged where nothing was added", () => {
  using database = emptyIndex();
  for (let batch = 0; batch < 20; batch++) add(database, batch * 10, 10);
  mergeWords(database, 0);
  assert.equal(segmentsOf(database), 20);
});
