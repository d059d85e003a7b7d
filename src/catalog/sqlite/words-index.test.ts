import assert from "node:assert/strict";
import { hash } from "node:crypto";
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
  for (let batch = 0; batch < 40; batch++) add(database, batch * 100, 100);
  assert.equal(segmentsOf(database), 40);
  mergeWords(database, 20_000);
  assert.equal(segmentsOf(database), 1);
  assert.equal(found(database, "common").length, 4000);
  assert.deepEqual(found(database, "w777"), [777]);
});

test("a large fill does not write again what a search does not feel", () => {
  using database = emptyIndex();
  for (let batch = 0; batch < 20; batch++) add(database, batch * 100, 100);
  while (mergeSomeWords(database));
  mergeWords(database, 20_000);
  assert.equal(segmentsOf(database), 20);
});

test("small fills write what they add, and not again what was there", () => {
  using database = emptyIndex();
  for (let batch = 0; batch < 40; batch++) add(database, batch * 500, 500);
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
  assert.equal(found(database, "common").length, 20_200);
  assert.deepEqual(found(database, "w20199"), [20_199]);
});

test("each small fill merges a little of what a large one left, until it is merged", () => {
  using database = emptyIndex();
  for (let batch = 0; batch < 20; batch++)
    database.within(() => {
      for (let id = batch * 600; id < (batch + 1) * 600; id++)
        database.run(
          "INSERT INTO words (rowid, text) VALUES (?, ?)",
          id,
          `common ${hash("sha256", String(id)).repeat(16)}`,
        );
    });
  let fills = 0;
  for (; segmentsOf(database) > 16; fills++) {
    assert.ok(fills < 100, "it goes on for ever");
    add(database, 20_000 + fills, 1);
    mergeWords(database, 1);
  }
  assert.ok(fills > 1, "all was merged at once");
  assert.equal(found(database, "common").length, 12_000 + fills);
  assert.deepEqual(found(database, hash("sha256", "777").repeat(16)), [777]);
});

test("a large fill that goes on merges meanwhile, and leaves no more to do", () => {
  using database = emptyIndex();
  let steps = 0;
  for (let batch = 0; batch < 70; batch++) {
    add(database, batch * 500, 500);
    while (mergeSomeWords(database)) steps++;
    assert.ok(segmentsOf(database) <= 33, `${segmentsOf(database)} segments after ${batch}`);
  }
  assert.equal(steps, 2);
  const segments = segmentsOf(database);
  mergeWords(database, 35_000);
  assert.equal(segmentsOf(database), segments);
  assert.equal(found(database, "common").length, 35_000);
  assert.deepEqual(found(database, "w34999"), [34_999]);
});

test("nothing is merged where nothing was added", () => {
  using database = emptyIndex();
  for (let batch = 0; batch < 20; batch++) add(database, batch * 10, 10);
  mergeWords(database, 0);
  assert.equal(segmentsOf(database), 20);
});
