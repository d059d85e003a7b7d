/**
 * How the index of words is kept (sqlite.org/fts5.html §6). What is written at once becomes a segment of
 * its own, and a search looks into every segment. Left to itself FTS5 merges all of a level when it has
 * sixteen: a first fill ends with nearly so many large ones, and the next small change would write all of
 * them again. So segments are merged here, while the writer waits for what it is to write and at the end
 * of a fill, and what that costs follows what the fill wrote.
 */
import type { Database } from "./database.ts";

/** Only where one fill writes more segments than this, a million messages, are they merged while it runs. */
const mostSegments = 512;
/** Bytes of words in memory before they are written: more does not stay in the processor's caches. */
const hashBytes = 8 * 1024 * 1024;
/** A fill of so many messages leaves few segments. */
const manyMessages = 20_000;
/** Segments of one level, the larger each the higher the level, that are merged. */
const fewSegments = 8;
const someSegments = 16;
/** Of the index, in pages of 4 KB: what one transaction writes. */
const mergePages = 4_000;
/** The same where somebody may come: some 20 ms. */
const stepPages = 500;

/** The settings are kept in the catalog: one of an earlier version gets them when it is filled. */
export function configureWords(database: Database): void {
  const now = database.get("SELECT v FROM words_config WHERE k = 'crisismerge'")?.["v"];
  if (now === mostSegments) return;
  set(database, "automerge", 0);
  set(database, "hashsize", hashBytes);
  set(database, "crisismerge", mostSegments);
}

/** After so many messages were added; in transactions of its own. */
export function mergeWords(database: Database, messages: number): void {
  if (messages === 0) return;
  set(database, "usermerge", messages < manyMessages ? someSegments : fewSegments);
  while (mergeStep(database, mergePages));
}

/** Small segments, a little of them; whether there may be more to do. */
export function mergeSomeWords(database: Database): boolean {
  set(database, "usermerge", someSegments);
  return mergeStep(database, stepPages);
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
