/**
 * The observed state: what the journal says of every file of the group, in a local database that can
 * be made again. It costs memory and time by the change, not by the store: a folder's row has its
 * number, and what lies in it refers to that, so that renaming a folder changes one row.
 *
 * It is never ahead of the journal: what a round of changes does to it is committed when the events
 * are durable. A crash leaves it behind; then the journal's newer records bring it forward.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { joinRawPath, rawBaseName, type RawName, rawParent, type RawPath } from "#image";
import type { Sequence } from "#journal";
import { stateFailed } from "../continuous-error.ts";
import type { ObservedEntry, ObservedFile } from "./observed-file.ts";
import { fileOf, type Row, valuesOf } from "./observed-row.ts";

const formatVersion = 1;
const rootFolder = 1n;
/** Paths of folders that are kept at hand. */
const cachedFolders = 65_536;

const columns =
  "mode, uid, gid, size, mtime, ctime, inode, links, extra, block, digests, validated";
const schema = `
  CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entries(
    parent INTEGER NOT NULL, name TEXT NOT NULL, folder INTEGER,
    mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL, size INTEGER NOT NULL,
    mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, inode INTEGER NOT NULL, links INTEGER NOT NULL,
    extra TEXT, block INTEGER, digests BLOB, validated INTEGER,
    PRIMARY KEY(parent, name)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_by_inode ON entries(inode);
  CREATE UNIQUE INDEX IF NOT EXISTS entries_by_folder ON entries(folder) WHERE folder IS NOT NULL;
`;

export class ObservedState implements Disposable {
  readonly #location: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #folders = new Map<RawPath, bigint>();
  #nextFolder: bigint;
  #entries: number;
  #hasInodesOfCopy: boolean | undefined;

  /** `location`: a file, or ":memory:". Throws SourceError `source.observed-failed`. */
  constructor(location: string) {
    this.#location = location;
    this.#database = this.#guarded(() => new DatabaseSync(location, { timeout: 5000 }));
    this.#exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 16777216;",
    );
    this.#exec(schema);
    if (Number(this.meta("format") ?? formatVersion) !== formatVersion) this.clear();
    this.#nextFolder = this.#highestFolder() + 1n;
    const row = this.#get("SELECT count(*) AS n FROM entries") as { readonly n: bigint };
    this.#entries = Number(row.n);
  }

  /** Of what the rows are true: a journal's ID, and its sequence. */
  get journal(): { readonly id: string; readonly sequence: Sequence } | undefined {
    const [id, sequence] = [this.meta("journal"), this.meta("sequence")];
    return id === undefined || sequence === undefined
      ? undefined
      : { id, sequence: Number(sequence) };
  }

  meta(key: string): string | undefined {
    const row = this.#get("SELECT value FROM meta WHERE key = ?", key) as
      | { readonly value: string }
      | undefined;
    return row?.value;
  }

  setMeta(key: string, value: string): void {
    this.#run("INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)", key, value);
  }

  /**
   * Filled from a copy's listing and not compared with the store yet: a copy that was made of a clone
   * has the clone's inodes.
   */
  get hasInodesOfCopy(): boolean {
    this.#hasInodesOfCopy ??= this.meta("inodes") === "of a copy";
    return this.#hasInodesOfCopy;
  }

  set hasInodesOfCopy(value: boolean) {
    if (value === this.hasInodesOfCopy) return;
    this.setMeta("inodes", value ? "of a copy" : "of the store");
    this.#hasInodesOfCopy = value;
  }

  begin(): void {
    if (!this.#database.isTransaction) this.#exec("BEGIN IMMEDIATE");
  }

  /** To be called when the journal is durable up to `sequence`. */
  commit(journal: { readonly id: string; readonly sequence: Sequence }): void {
    this.begin();
    this.setMeta("journal", journal.id);
    this.setMeta("sequence", journal.sequence.toString());
    this.setMeta("format", formatVersion.toString());
    this.#exec("COMMIT");
  }

  /** Forgets everything: to be filled anew. */
  clear(): void {
    this.#exec("DELETE FROM entries; DELETE FROM meta;");
    this.#folders.clear();
    this.#entries = 0;
    this.#hasInodesOfCopy = undefined;
    this.#nextFolder = rootFolder + 1n;
  }

  /** Files and folders. */
  get entries(): number {
    return this.#entries;
  }

  get(path: RawPath): ObservedEntry | undefined {
    const row = this.#rowAt(path);
    return row === undefined ? undefined : { path, ...fileOf(row) };
  }

  has(path: RawPath): boolean {
    return path === "" || this.#rowAt(path) !== undefined;
  }

  /** Everything directly in a folder, ascending by raw name; [] where it is unknown. */
  list(folder: RawPath): readonly ObservedEntry[] {
    const number = this.#numberOf(folder);
    if (number === undefined) return [];
    const rows = this.#all("SELECT * FROM entries WHERE parent = ? ORDER BY name", number);
    return rows.map((row) => {
      const file = fileOf(row);
      return { path: joinRawPath(folder, file.name), ...file };
    });
  }

  /** The same, one after another; nothing may be changed meanwhile. */
  *each(folder: RawPath): Generator<ObservedEntry> {
    const number = this.#numberOf(folder);
    if (number === undefined) return;
    const sql = "SELECT * FROM entries WHERE parent = ? ORDER BY name ASC";
    const rows = this.#guarded(() => this.#prepare(sql).iterate(number));
    for (const row of rows) {
      const file = fileOf(row as unknown as Row);
      yield { path: joinRawPath(folder, file.name), ...file };
    }
  }

  isEmpty(folder: RawPath): boolean {
    const number = this.#numberOf(folder);
    if (number === undefined) return true;
    return this.#get("SELECT 1 FROM entries WHERE parent = ? LIMIT 1", number) === undefined;
  }

  /** All names of an inode; at most `limit`. */
  withInode(inode: bigint, limit = 64): readonly ObservedEntry[] {
    const sql = "SELECT * FROM entries WHERE inode = ? LIMIT ?";
    return this.#all(sql, BigInt.asIntN(64, inode), BigInt(limit)).flatMap((row) => {
      const folder = this.#pathOf(row.parent);
      if (folder === undefined) return [];
      const file = fileOf(row);
      return [{ path: joinRawPath(folder, file.name), ...file }];
    });
  }

  /** Every folder, the root ("") first, each before what lies in it. */
  *folders(): Generator<RawPath> {
    const waiting: (readonly [RawPath, bigint])[] = [["" as RawPath, rootFolder]];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [path, number] = next;
      yield path;
      const below = this.#all(
        "SELECT * FROM entries WHERE parent = ? AND folder IS NOT NULL ORDER BY name DESC",
        number,
      );
      for (const { name, folder } of below)
        if (folder !== null) waiting.push([joinRawPath(path, name as RawName), folder]);
    }
  }

  /** Puts a name in place, whatever was there. Folders above that are not known are made up. */
  set(path: RawPath, file: ObservedFile): void {
    const parent = this.#folderFor(rawParent(path));
    const name = rawBaseName(path);
    let before = this.#rowAt(path);
    const isFolder = file.state.type === "directory";
    if (typeof before?.folder === "bigint" && !isFolder) {
      this.remove(path);
      before = undefined;
    }
    if (before === undefined) this.#entries++;
    let folder: bigint | null = null;
    if (isFolder) folder = before?.folder ?? this.#nextFolder++;
    const marks = Array.from({ length: 15 }, () => "?").join(", ");
    this.#run(
      `INSERT OR REPLACE INTO entries(parent, name, folder, ${columns}) VALUES(${marks})`,
      parent,
      name,
      folder,
      ...valuesOf(file),
    );
  }

  /** A folder goes with everything below it; returns how many names went. */
  remove(path: RawPath): number {
    const row = this.#rowAt(path);
    if (row === undefined) return 0;
    let removed = 1;
    if (row.folder !== null) {
      for (const below of this.list(path)) removed += this.remove(below.path);
      this.#forget(path);
    }
    this.#entries--;
    this.#run("DELETE FROM entries WHERE parent = ? AND name = ?", row.parent, row.name);
    return removed;
  }

  /** What is at `path`, a folder with all below it too, is at `to` from here on. */
  rename(path: RawPath, to: RawPath): void {
    const row = this.#rowAt(path);
    if (row === undefined || path === to) return;
    this.remove(to);
    const parent = this.#folderFor(rawParent(to));
    if (row.folder !== null) this.#forget(path);
    this.#run(
      "UPDATE entries SET parent = ?, name = ? WHERE parent = ? AND name = ?",
      parent,
      rawBaseName(to),
      row.parent,
      row.name,
    );
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#database.close();
  }

  #rowAt(path: RawPath): Row | undefined {
    if (path === "") return undefined;
    const parent = this.#numberOf(rawParent(path));
    if (parent === undefined) return undefined;
    const sql = "SELECT * FROM entries WHERE parent = ? AND name = ?";
    return this.#get(sql, parent, rawBaseName(path)) as Row | undefined;
  }

  #numberOf(folder: RawPath): bigint | undefined {
    if (folder === "") return rootFolder;
    const cached = this.#folders.get(folder);
    if (cached !== undefined) return cached;
    const found = this.#rowAt(folder)?.folder ?? undefined;
    if (found !== undefined) {
      if (this.#folders.size >= cachedFolders) this.#folders.clear();
      this.#folders.set(folder, found);
    }
    return found;
  }

  #pathOf(number: bigint): RawPath | undefined {
    const names: string[] = [];
    for (let at = number; at !== rootFolder;) {
      const sql = "SELECT parent, name FROM entries WHERE folder = ?";
      const row = this.#get(sql, at) as Pick<Row, "parent" | "name"> | undefined;
      if (row === undefined || names.length > 4096) return undefined;
      names.push(row.name);
      at = row.parent;
    }
    return names.reverse().join("/") as RawPath;
  }

  #folderFor(path: RawPath): bigint {
    const known = this.#numberOf(path);
    if (known !== undefined) return known;
    // Nothing is said of it yet: the next scan sees that it differs, and says it.
    const state = { type: "directory", mode: 0, uid: 0, gid: 0, mtimeNs: 0n, ctimeNs: 0n } as const;
    this.set(path, { state: { ...state, inode: 0n, links: 0 }, sizeBytes: 0 });
    return this.#numberOf(path) as bigint;
  }

  #forget(folder: RawPath): void {
    this.#folders.delete(folder);
    for (const path of this.#folders.keys())
      if (path.startsWith(`${folder}/`)) this.#folders.delete(path);
  }

  #highestFolder(): bigint {
    const row = this.#get("SELECT max(folder) AS n FROM entries") as { readonly n: bigint | null };
    return row.n ?? rootFolder;
  }

  #exec(sql: string): void {
    this.#guarded(() => this.#database.exec(sql));
  }

  #get(sql: string, ...values: readonly SQLInputValue[]): unknown {
    return this.#guarded(() => this.#prepare(sql).get(...values));
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#guarded(() => this.#prepare(sql).all(...values)) as unknown as readonly Row[];
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#guarded(() => this.#prepare(sql).run(...values));
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw stateFailed(this.#location, error);
    }
  }
}
