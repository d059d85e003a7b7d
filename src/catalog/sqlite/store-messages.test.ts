import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewMessage } from "../catalog.ts";
import { Database, inMemory } from "./database.ts";
import { schema } from "./schema.ts";
import { storeMessages } from "./store-messages.ts";

const dateS = 1_800_000_000;
const slots = 2 ** 20;

function message(identity: string, subject: string, content?: string): NewMessage {
  const facts = {
    identity: identity.padEnd(64, "0"),
    dateS,
    sizeBytes: 100,
    subject,
    from: "ada@example.org",
    to: "",
    cc: "",
    messageId: "",
    attachmentNames: [],
    hasAttachment: false,
    text: "things",
  };
  return content === undefined ? { facts } : { facts, content: content.padEnd(32, "0") };
}

function emptyCatalog(): Database {
  const database = new Database(inMemory);
  database.exec(schema);
  return database;
}

const subjectOf = (database: Database, id: number): unknown =>
  database.get("SELECT subject FROM message WHERE id = ?", id)?.["subject"];
const found = (database: Database): readonly unknown[] =>
  database
    .all("SELECT rowid FROM words WHERE words MATCH 'things' ORDER BY rowid")
    .map((row) => row["rowid"]);

test("messages that would have one number get two, in one piece and in the next", () => {
  using database = emptyCatalog();
  const [first, second] = storeMessages(database, [
    message("abcde111000", "one"),
    message("abcde111222", "two"),
  ]);
  const [third] = storeMessages(database, [message("abcde333", "three")]);
  assert.equal(first, dateS * slots + 0xabcde);
  // The digits that come after those of the first try.
  assert.equal(second, dateS * slots + 0x22200);
  assert.equal(third, dateS * slots);
  assert.deepEqual(
    [first, second, third].map((id) => subjectOf(database, id ?? 0)),
    ["one", "two", "three"],
  );
  assert.deepEqual(found(database), [third, second, first]);
});

test("a message that is known keeps its number, and what is known of it", () => {
  using database = emptyCatalog();
  const [first] = storeMessages(database, [message("abcde111000", "one", "aa")]);
  const again = storeMessages(database, [
    message("abcde111222", "two", "bb"),
    message("abcde111000", "one, told otherwise", "cc"),
    message("abcde111222", "two, told otherwise", "dd"),
  ]);
  assert.equal(again[1], first);
  assert.equal(again[0], again[2]);
  assert.notEqual(again[0], first);
  assert.equal(subjectOf(database, first ?? 0), "one");
  assert.equal(subjectOf(database, again[0] ?? 0), "two");
  assert.equal(found(database).length, 2);
  const contents = database.all("SELECT digest, message FROM content ORDER BY digest");
  assert.deepEqual(
    contents.map((row) => [Buffer.from(row["digest"] as Uint8Array)[0], row["message"]]),
    [
      [0xaa, first],
      [0xbb, again[0]],
      [0xcc, first],
      [0xdd, again[0]],
    ],
  );
});
