/**
 * How the index of words is kept (sqlite.org/fts5.html §6). What is written at once becomes a segment of
 * its own, and a search looks into every segment. Left to itself FTS5 merges all of a level when it has
 * sixteen, while it writes: a first fill would write most of its words twice, and a small change that
 * happens to be the sixteenth all of them again. So segments are merged here: a large fill leaves as many
 * as searches do not feel, and each small one that follows merges a little of what is there.
 */
import type { Database } from "./database.ts";

/** Only where one fill writes more segments than this, a million messages, are they merged while it runs. */
const mostSegments = 512;
/** Bytes of words in memory before they are written: what is added at once becomes one segment. */
const hashBytes = 32 * 1024 * 1024;
/** A fill of so many messages is a large one. */
const manyMessages = 20_000;
/** Segments, of all levels, that a large fill leaves. */
const segmentsLeft = 32;
/** Segments of one level, the larger each the higher the level, that are merged: as many as FTS5 allows to ask for. */
const someSegments = 16;
/** Of the index, in pages of 4 KB: what one transaction writes. */
const mergePages = 4_000;
/** The same where somebody may come: some 20 ms. */
const stepPages = 500;
/** What a small fill merges at most, and what of it for each of its messages. */
const leastPages = 2_000;
const pagesPerMessage = 4;

const settings: ReadonlyMap<string, number> = new Map([
  ["automerge", 0],
  ["usermerge", someSegments],
  ["hashsize", hashBytes],
  ["crisismerge", mostSegments],
]);

/** The settings are kept in the catalog: one of an earlier version gets them when it is filled. */
export function configureWords(database: Database): void {
  const rows = database.all("SELECT k, v FROM words_config");
  const now = new Map(rows.map((row) => [row["k"], row["v"]]));
  for (const [setting, value] of settings)
    if (now.get(setting) !== value) set(database, setting, value);
}

/** After so many messages were added; in transactions of its own. */
export function mergeWords(database: Database, messages: number): void {
  if (messages === 0) return;
  if (messages >= manyMessages) {
    while (hasManySegments(database) && mergeStep(database, mergePages));
    return;
  }
  for (let left = Math.max(leastPages, messages * pagesPerMessage); left > 0; left -= stepPages)
    if (!mergeStep(database, stepPages)) return;
}

/** A little of the merging of a large fill; whether there may be more to do. */
export function mergeSomeWords(database: Database): boolean {
  return hasManySegments(database) && mergeStep(database, stepPages);
}

function hasManySegments(database: Database): boolean {
  // From one to the next: of each there are thousands of rows.
  const row = database.get(
    `WITH RECURSIVE segment (id) AS (
       SELECT min(segid) FROM words_idx
       UNION ALL
       SELECT (SELECT min(segid) FROM words_idx WHERE segid > segment.id) FROM segment
         WHERE segment.id IS NOT NULL)
     SELECT count(id) AS count FROM segment`,
  );
  return (row?.["count"] as number) > segmentsLeft;
}

function mergeStep(database: Database, pages: number): boolean {
  const before = totalChanges(database);
  set(database, "merge", pages);
  // The command is a change itself.
  return totalChanges(database) - before >= 2;
}

function set(database: Database, setting: string, value: number): void {
  // A number of JavaScript would be a REAL, which FTS5 refuses.
  database.run("INSERT INTO words (words, rank) VALUES (?, ?)", setting, BigInt(value));
}

function totalChanges(database: Database): number {
  return database.get("SELECT total_changes() AS changes")?.["changes"] as number;
}
