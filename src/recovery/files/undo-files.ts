import {
  type BigIntStats,
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  joinRawPath,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
  rawPathToBytes,
} from "#image";
import type { Job } from "#records";
import { messageNameOf } from "../message-name.ts";
import { RestoreError } from "../restore-error.ts";
import { TargetFolders } from "../target-folders.ts";
import { type FilesItem, type FilesState, readFilesJournal } from "./files-journal.ts";

export type UndoFilesOptions = { readonly job: Job; /** Look only. */ readonly dryRun?: boolean };

export type UndoFilesCounts = {
  /** Files, links and folders that the restore had created. */
  readonly removed: number;
  /** Messages that have their name, and so their flags, back. */
  readonly namesBack: number;
  /** What the restore had taken away. */
  readonly putBack: number;
  /** What is not as the restore left it, so that it stays. */
  readonly left: number;
  readonly failed: number;
};

export type UndoFilesResult = {
  readonly counts: UndoFilesCounts;
  readonly notes: readonly string[];
};

/** Notes that are told one by one. */
const mostNotes = 100;

/**
 * Puts a folder back as it was before a restore of files: removes what it created, where it still is
 * what was put there (type, size and time; a message also under another name of the same Maildir),
 * and brings back what it took away. Owners, modes and times that `exact` had put right stay as they
 * are. What anybody changed since stays. Run again after it was interrupted, it goes on.
 */
export async function undoFiles({
  job,
  dryRun = false,
}: UndoFilesOptions): Promise<UndoFilesResult> {
  const state = await readFilesJournal(job.lines());
  using undo = new UndoFiles(state, dryRun);
  const result = undo.run();
  if (!dryRun && result.counts.failed === 0)
    await job.write([{ is: "undone", counts: result.counts }], { durable: true });
  return result;
}

class UndoFiles implements Disposable {
  readonly #state: FilesState;
  readonly #isDry: boolean;
  readonly #folders: TargetFolders;
  readonly #kept: TargetFolders | undefined;
  readonly #counts = { removed: 0, namesBack: 0, putBack: 0, left: 0, failed: 0 };
  readonly #notes: string[] = [];

  constructor(state: FilesState, isDry: boolean) {
    this.#state = state;
    this.#isDry = isDry;
    this.#folders = new TargetFolders(state.root);
    const { undoFolder } = state;
    if (undoFolder !== undefined && statOf(undoFolder) !== undefined)
      this.#kept = new TargetFolders(undoFolder);
  }

  run(): UndoFilesResult {
    const { items, created } = this.#state;
    const createdItems = items.filter(({ kind }) => kind === "create");
    const planned = new Map(createdItems.map((item) => [item.to, item]));
    for (const item of createdItems) {
      if (item.type === "directory" || (created !== undefined && !created.has(item.to))) continue;
      this.#attempt(item.to, () => this.#remove(item, item.to));
    }
    // Messages whose own name was taken.
    for (const path of created ?? []) {
      if (planned.has(path) || (!path.endsWith(".restante") && !/\.restante:2,[^/]*$/.test(path)))
        continue;
      this.#attempt(path, () => this.#removeFresh(path));
    }
    for (const item of items.toReversed()) {
      if (item.kind === "replace" || item.kind === "delete")
        this.#attempt(item.to, () => this.#putBack(item));
      if (item.kind === "merge") this.#attempt(item.to, () => this.#nameBack(item));
    }
    // The deepest first: a path sorts before those below it.
    const folders = createdItems.filter(
      ({ type, to }) => type === "directory" && (created === undefined || created.has(to)),
    );
    for (const { to } of folders.toSorted((a, b) => (a.to < b.to ? 1 : -1)))
      this.#attempt(to, () => this.#removeFolder(to));
    this.#removeUndoFolder();
    return { counts: { ...this.#counts }, notes: this.#notes };
  }

  #attempt(path: RawPath, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (systemErrorCode(error) === undefined && !(error instanceof RestoreError)) throw error;
      // What lay in a folder that is gone is gone.
      if (systemErrorCode(error) === "ENOENT") return;
      this.#counts.failed++;
      this.#note(`${displayPath(path)}: ${(error as Error).message}`);
    }
  }

  #note(text: string): void {
    if (this.#notes.length < mostNotes) this.#notes.push(text);
  }

  #left(path: RawPath): void {
    this.#counts.left++;
    this.#note(`${displayPath(path)} is not what the restore left there`);
  }

  #remove(item: FilesItem, path: RawPath): void {
    const found = this.#find(item, path);
    if (found === undefined) return;
    const place = rawPathToBytes(this.#folders.at(found));
    if (!isSame(lstatSync(place, { bigint: true }), item)) {
      this.#left(found);
      return;
    }
    if (!this.#isDry) unlinkSync(place);
    this.#counts.removed++;
  }

  #removeFresh(path: RawPath): void {
    const found = this.#find({ type: "file" }, path);
    if (found === undefined) return;
    if (!this.#isDry) unlinkSync(rawPathToBytes(this.#folders.at(found)));
    this.#counts.removed++;
  }

  /** Where it is now: the server moves messages from new to cur, and renames them with their flags. */
  #find({ type }: Pick<FilesItem, "type">, path: RawPath): RawPath | undefined {
    if (statOf(this.#folders.at(path)) !== undefined) return path;
    const part = rawBaseName(rawParent(path));
    if (type !== "file" || (part !== "cur" && part !== "new")) return undefined;
    const { base } = messageNameOf(rawBaseName(path));
    const mailbox = rawParent(rawParent(path));
    for (const other of ["cur", "new"] as readonly string[] as readonly RawName[]) {
      const folder = mailbox === "" ? other : joinRawPath(mailbox, other);
      const names = readdirSync(rawPathToBytes(this.#folders.folder(folder)), {
        encoding: "latin1",
      });
      const name = names.find((one) => messageNameOf(one).base === base);
      if (name !== undefined) return joinRawPath(folder, name as RawName);
    }
    return undefined;
  }

  /** One rename back, never onto what somebody has put there since. */
  #putBack(item: FilesItem): void {
    const at = item.at ?? item.to;
    const kept = this.#kept?.at(at);
    if (kept === undefined || statOf(kept) === undefined) return;
    const place = this.#folders.at(at);
    const there = statOf(place);
    const isOurs = item.kind === "replace" && there !== undefined && isSame(there, item);
    if (there !== undefined && !isOurs) {
      this.#left(at);
      return;
    }
    this.#counts.putBack++;
    if (this.#isDry) return;
    this.#folders.forget(at);
    renameSync(rawPathToBytes(kept), rawPathToBytes(place));
  }

  /** Of what exact moved back to the name that it had. */
  #nameBack({ at, to }: FilesItem): void {
    if (at === undefined || at === to) return;
    const [from, place] = [this.#folders.at(to), this.#folders.at(at)];
    if (statOf(place) !== undefined || statOf(from) === undefined) return;
    this.#counts.namesBack++;
    if (!this.#isDry) renameSync(rawPathToBytes(from), rawPathToBytes(place));
  }

  #removeFolder(path: RawPath): void {
    const place = rawPathToBytes(this.#folders.at(path));
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return;
    if (this.#isDry) {
      this.#counts.removed++;
      return;
    }
    this.#folders.forget(path);
    try {
      rmdirSync(place);
      this.#counts.removed++;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
      this.#left(path);
    }
  }

  /** Only folders are left in it once everything is back. */
  #removeUndoFolder(): void {
    const { undoFolder } = this.#state;
    if (undoFolder === undefined || this.#isDry || this.#kept === undefined) return;
    const names = readdirSync(rawPathToBytes(undoFolder), { encoding: "latin1", recursive: true });
    for (const name of ["", ...names].toSorted((a, b) => b.length - a.length)) {
      const path = name === "" ? undoFolder : joinRawPath(undoFolder, name as RawPath);
      try {
        rmdirSync(rawPathToBytes(path));
      } catch (error) {
        if (systemErrorCode(error) === undefined) throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#folders[Symbol.dispose]();
    this.#kept?.[Symbol.dispose]();
  }
}

function statOf(path: RawPath): BigIntStats | undefined {
  return lstatSync(rawPathToBytes(path), { throwIfNoEntry: false, bigint: true });
}

function isSame(stats: BigIntStats, { type, sizeBytes, mtimeNs }: FilesItem): boolean {
  if (type === "symlink") return stats.isSymbolicLink();
  if (type !== "file" || !stats.isFile()) return false;
  return stats.size === BigInt(sizeBytes) && stats.mtimeNs === BigInt(mtimeNs);
}
