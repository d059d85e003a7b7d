import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Catalog } from "../catalog.ts";
import { CatalogError, isCatalogError } from "../catalog-error.ts";
import { Database, inMemory } from "./database.ts";
import { schema, schemaVersion } from "./schema.ts";
import { SqliteCatalog } from "./sqlite-catalog.ts";
import { Turn } from "./turn.ts";
import { configureWords } from "./words-index.ts";

export type OpenCatalogOptions = {
  /** Made where it is not there, for its owner alone. Undefined: in memory, gone when it is closed. */
  readonly folder: string | undefined;
  /** Default true. A catalog that was filled otherwise is begun anew. */
  readonly fullText?: boolean;
  /** Told, in one sentence, why a catalog that was there is begun anew. */
  readonly onRenewed?: (reason: string) => void;
};

const fileName = "messages.sqlite";
const turnName = "turn.sqlite";
const suffixes = ["", "-wal", "-shm", "-journal"] as const;

/**
 * Opens the catalog in a folder, or begins one. What is there and cannot be used (damaged, of another
 * version, filled otherwise) is begun anew: all of it can be had from the copy again. Throws CatalogError
 * `catalog.failed` where the folder or the disk does not allow it.
 */
export function openCatalog(options: OpenCatalogOptions): Catalog {
  const { folder, fullText = true, onRenewed } = options;
  if (folder === undefined) {
    const database = new Database(inMemory);
    begin(database, fullText);
    return new SqliteCatalog(database, { turn: new Turn(undefined), fullText });
  }
  const path = prepare(folder);
  const turn = new Turn(join(folder, turnName));
  const opened = tryOpen(path, fullText);
  if (typeof opened !== "string") return new SqliteCatalog(opened, { turn, fullText });
  onRenewed?.(opened);
  removeFiles(path);
  prepare(folder);
  const renewed = tryOpen(path, fullText);
  if (typeof renewed !== "string") return new SqliteCatalog(renewed, { turn, fullText });
  throw new CatalogError("catalog.damaged", `Cannot use the catalog "${path}": ${renewed}`, {
    hint: "Delete it; if that does not help, look at the disk.",
  });
}

/**
 * Opens what a folder has to read what it knows, however it was filled; undefined where it has no
 * catalog that can be used. Nothing is made, or begun anew.
 */
export function openKnownCatalog(folder: string): Catalog | undefined {
  const path = join(folder, fileName);
  if (!existsSync(path)) return undefined;
  try {
    const database = new Database(path);
    const version = database.get("PRAGMA user_version")?.["user_version"];
    const setting = "SELECT value FROM setting WHERE name = 'full_text'";
    if (version === schemaVersion) {
      const fullText = database.get(setting)?.["value"] === "on";
      return new SqliteCatalog(database, { turn: new Turn(join(folder, turnName)), fullText });
    }
    database[Symbol.dispose]();
  } catch (error) {
    if (!isCatalogError(error)) throw error;
  }
  return undefined;
}

/** Deletes the catalog of a folder. What others have open goes on, and is gone when they close it. */
export function removeCatalog(folder: string): void {
  removeFiles(join(folder, fileName));
  removeFiles(join(folder, turnName));
}

function removeFiles(path: string): void {
  for (const suffix of suffixes) rmSync(`${path}${suffix}`, { force: true });
}

/** Files that only their owner may read: SQLite gives those beside it the same mode. */
function prepare(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of [turnName, fileName]) {
      closeSync(openSync(join(folder, name), "a", 0o600));
      chmodSync(join(folder, name), 0o600);
    }
  } catch (cause) {
    throw new CatalogError(
      "catalog.failed",
      `Cannot make the catalog in "${folder}": ${cause instanceof Error ? cause.message : String(cause)}`,
      { hint: "Make the folder writable.", cause },
    );
  }
  return join(folder, fileName);
}

/** The database, or why it cannot be used. */
function tryOpen(path: string, fullText: boolean): Database | string {
  let database: Database | undefined;
  try {
    database = new Database(path);
    const reason = begin(database, fullText);
    if (reason === undefined) return database;
    database[Symbol.dispose]();
    return reason;
  } catch (error) {
    database?.[Symbol.dispose]();
    if (isCatalogError(error, "catalog.damaged")) return "it is damaged";
    throw error;
  }
}

/** Makes the tables where there are none; why they cannot be used where they are others. */
function begin(database: Database, fullText: boolean): string | undefined {
  return database.within(() => {
    const version = database.get("PRAGMA user_version")?.["user_version"] as number;
    const isEmpty = database.get("SELECT 1 AS some FROM sqlite_schema LIMIT 1") === undefined;
    const text = fullText ? "on" : "off";
    if (isEmpty) {
      database.exec(schema);
      database.run("INSERT INTO setting (name, value) VALUES ('full_text', ?)", text);
      configureWords(database);
      return undefined;
    }
    if (version !== schemaVersion) return "another version of Restante made it";
    const filled = database.get("SELECT value FROM setting WHERE name = 'full_text'")?.["value"];
    return filled === text ? undefined : `full text was ${String(filled)} when it was filled`;
  });
}
