import { lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { displayPath, type Entry, type Image, type RawPath, rawPathToBytes } from "#image";
import { type CreateStep, FileRestorer, type FileStep } from "./restore-files.ts";
import { RestoreError } from "./restore-error.ts";
import { stepsOf } from "./new-files.ts";
import { RestoreLedger } from "./restore-ledger.ts";
import type { RestorePlan, RestoreProgress, RestoreResult, RestoreStep } from "./restore-plan.ts";
import { Staging } from "./staging.ts";
import { makeTarget, TargetFolders } from "./target-folders.ts";
import { TargetWriter } from "./target-writer.ts";
import { wholeFolders } from "./whole-folders.ts";
import { UndoFolder } from "./undo-folder.ts";

export type ApplyRestoreOptions = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A string that no other call returns; part of fresh message names. */
  readonly unique: () => string;
  readonly onProgress?: (progress: RestoreProgress) => void;
  /** Told the path, below the plan's root, of everything that is there now and was not. */
  readonly onCreated?: (path: RawPath) => void;
  readonly signal?: AbortSignal;
};

type MergeStep = Step<"merge">;
type Step<Kind extends RestoreStep["kind"]> = Extract<RestoreStep, { readonly kind: Kind }>;

/** Steps that are done before other work gets its turn. */
const sliceSteps = 256;

/**
 * Does what the plan says, with the image that it was made from. Every file is written aside,
 * read back and compared, gets its attributes, and only then its name; everything is on stable
 * storage when this returns. What fails is counted and told, and the rest goes on. Killed at
 * any point it can be run again from planning: nothing is ever half there under its own name.
 */
export async function applyRestore(
  image: Image,
  plan: RestorePlan,
  options: ApplyRestoreOptions,
): Promise<RestoreResult> {
  const isNew = makeTarget(plan.root);
  using folders = new TargetFolders(plan.root);
  using staging = new Staging(plan.root, { nowMs: options.now() });
  using undo = new UndoFolder(plan.undoFolder ?? ("" as RawPath));
  const restorer = new Restorer(image, plan, { ...options, folders, staging, undo });
  return await restorer.run(isNew);
}

type RestorerOptions = ApplyRestoreOptions & {
  readonly folders: TargetFolders;
  readonly staging: Staging;
  readonly undo: UndoFolder;
};

class Restorer {
  readonly #plan: RestorePlan;
  readonly #options: RestorerOptions;
  readonly #ledger: RestoreLedger;
  readonly #target: TargetWriter;
  readonly #files: FileRestorer;
  /** Folders that this run made. */
  readonly #made = new Set<RawPath>();
  /** Messages that could not be moved back: the folder that they lie in stays. */
  readonly #stuck = new Set<RawPath>();
  #steps = 0;

  constructor(image: Image, plan: RestorePlan, options: RestorerOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#ledger = new RestoreLedger(plan, options);
    this.#target = new TargetWriter(image, options.folders, this.#ledger);
    this.#files = new FileRestorer(image, {
      root: plan.root,
      ledger: this.#ledger,
      target: this.#target,
      staging: options.staging,
      undo: options.undo,
      freshName: () => `${Math.floor(options.now() / 1000)}.${options.unique()}.restante`,
      breathe: () => this.#breathe(),
      isOurs: (folder) => this.#made.has(folder),
      dressFolder: (step) => this.#dressFolder(step),
      signal: options.signal,
    });
  }

  /** What is in the way goes first and what is extra goes last, so that matched messages can be moved out of it before. */
  async run(isNew: boolean): Promise<RestoreResult> {
    const { steps } = this.#plan;
    this.#countOnly();
    const creates = steps.filter((step) => step.kind === "create");
    const deletes = steps.filter((step) => step.kind === "delete");
    const merges = steps.filter((step) => step.kind === "merge");
    await this.#each(
      deletes.filter(({ isInTheWay }) => isInTheWay === true),
      (step) => this.#delete(step),
    );
    const folders = creates.filter(({ entry }) => entry.type === "directory");
    this.#options.staging.willMake([
      ...(isNew ? [""] : []),
      ...folders.map(({ to }) => to),
    ] as RawPath[]);
    const whole = wholeFolders(creates, this.#plan.newFiles);
    await this.#each(folders, (step) => this.#makeFolder(step, whole.has(step.to)));
    await this.#mergeAll(merges);
    await this.#files.write(filesToWrite(this.#plan), whole);
    await this.#files.link(filesToLink(this.#plan));
    await this.#each(
      creates.filter(({ entry }) => entry.type === "symlink"),
      (step) => this.#makeSymlink(step),
    );
    await this.#each(
      deletes.filter(({ isInTheWay }) => isInTheWay !== true),
      (step) => this.#delete(step),
    );
    await this.#finishFolders([...folders, ...merges]);
    this.#ledger.report("finish");
    await this.#target.sync(this.#plan.root);
    return this.#result();
  }

  #result(): RestoreResult {
    const { counts, filesVerified, bytes, failures, incomplete } = this.#ledger;
    const { undo } = this.#options;
    const undoFolder = undo.isUsed ? { undoFolder: undo.path } : {};
    return { counts: { ...counts }, filesVerified, bytes, failures, incomplete, ...undoFolder };
  }

  #countOnly(): void {
    for (const step of this.#plan.steps) {
      if (step.kind === "moved") this.#ledger.count("moved");
      else if (step.kind === "conflict") this.#ledger.conflict(step.to);
      else if (step.kind === "fail") {
        this.#ledger.fail(step.to, step.note ?? "It cannot be put back.");
      }
    }
  }

  async #each<S extends RestoreStep>(
    steps: readonly S[],
    work: (step: S) => void | Promise<void>,
  ): Promise<void> {
    for (const step of steps) {
      await this.#ledger.attempt(step.to, () => work(step));
      await this.#breathe();
    }
  }

  #breathe(): Promise<void> | undefined {
    if (++this.#steps % sliceSteps !== 0) return undefined;
    this.#ledger.report("write");
    return setImmediate().then(() => this.#options.signal?.throwIfAborted());
  }

  /** One that will be replaced by the same folder, filled, gets its attributes there. */
  async #makeFolder(step: CreateStep, isReplaced: boolean): Promise<void> {
    const { to } = step;
    if (to !== "") {
      try {
        mkdirSync(rawPathToBytes(this.#target.folders.at(to)), { mode: 0o700 });
      } catch (error) {
        if (systemErrorCode(error) !== "EEXIST") throw error;
        // That the folder came meanwhile is as good; anything else in its place throws here.
        this.#target.folders.folder(to);
        this.#ledger.count("skipped");
        return;
      }
      this.#target.touch(to);
    }
    this.#made.add(to);
    this.#ledger.created(to);
    if (!isReplaced) await this.#dressFolder(step);
  }

  async #dressFolder({ from, to, entry }: CreateStep): Promise<void> {
    const path = this.#target.folderItself(to);
    await this.#target.dress(path, { from, to, entry, keepWritable: true });
  }

  /** Additive keeps what is there as it is; exact moves it back and sets what differs. */
  async #mergeAll(merges: readonly MergeStep[]): Promise<void> {
    if (this.#plan.mode === "additive") {
      this.#ledger.count("merged", merges.length);
      return;
    }
    await this.#moveBack(merges.filter(({ at, to }) => at !== to));
    await this.#each(
      merges.filter(({ at, to }) => at === to),
      (step) => this.#dressAgain(step),
    );
  }

  /**
   * A name may be taken by another that is to be moved as well: then that one goes first, and
   * of two that have each other's name one gets a name of its own for a while. At no point is a message
   * without a name in its mailbox.
   */
  async #moveBack(moves: readonly MergeStep[]): Promise<void> {
    const parked = new Set<RawPath>();
    for (let waiting = moves; waiting.length > 0;) {
      const next: MergeStep[] = [];
      await this.#each(waiting, async (step) => {
        if (!this.#move(step)) next.push(step);
        else await this.#dressAgain(step);
      });
      const [first] = next;
      if (first !== undefined && next.length === waiting.length) {
        if (parked.has(first.to)) {
          this.#stuck.add(first.at);
          this.#ledger.conflict(first.to);
          next.shift();
        } else {
          parked.add(first.to);
          const at = this.#files.otherName(first.to);
          await this.#ledger.attempt(first.to, () => {
            if (this.#move({ ...first, to: at })) next[0] = { ...first, at };
          });
        }
      }
      waiting = next;
    }
  }

  #move({ at, to, entry }: MergeStep): boolean {
    try {
      const source = this.#target.folders.at(at);
      const isPlaced = this.#target.place(source, { to, entry }, { mayReplace: false });
      if (isPlaced) this.#target.touch(at);
      return isPlaced;
    } catch (error) {
      this.#stuck.add(at);
      throw error;
    }
  }

  async #dressAgain({ from, to, entry }: MergeStep): Promise<void> {
    const path = this.#target.folders.at(to);
    // Folders get theirs at the end.
    if (entry.type !== "directory" && isSameKind(path, entry)) {
      await this.#target.dress(path, { from, to, entry, mayBeSwapped: true });
    }
    this.#ledger.count("merged");
  }

  async #makeSymlink({ from, to, entry }: CreateStep): Promise<void> {
    const path = this.#target.folders.at(to);
    try {
      symlinkSync(rawPathToBytes(entry.linkTarget ?? ("" as RawPath)), rawPathToBytes(path));
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
      this.#ledger.conflict(to);
      return;
    }
    this.#target.touch(to);
    this.#ledger.created(to);
    await this.#target.dress(path, { from, to, entry });
  }

  #delete({ to, entry, entries }: Step<"delete">): void {
    if (entry.type === "directory") {
      for (const path of this.#stuck) {
        if (path.startsWith(`${to}/`)) throw stillNeeded(to);
      }
      this.#target.forget(to);
    }
    this.#options.undo.take(this.#target.folders.at(to), to);
    this.#target.touch(to);
    this.#ledger.count("deleted", entries);
  }

  /** Times, and modes that forbid writing, come last: filling a folder changes the one and needs the other. */
  async #finishFolders(steps: readonly (CreateStep | Step<"merge">)[]): Promise<void> {
    const unfinished = steps.filter((step) => {
      if (step.entry.type !== "directory") return false;
      if (step.kind === "create") return this.#made.has(step.to);
      return step.isFinishing === true || this.#plan.mode === "exact";
    });
    // The deepest first: a path sorts before those below it.
    for (const step of unfinished.toSorted((a, b) => (a.to < b.to ? 1 : a.to > b.to ? -1 : 0))) {
      await this.#ledger.attempt(step.to, () => this.#finishFolder(step));
      await this.#breathe();
    }
  }

  async #finishFolder({ from, to, entry }: CreateStep | Step<"merge">): Promise<void> {
    await this.#target.dress(this.#target.folderItself(to), { from, to, entry });
  }
}

/** What is created first, and then what is replaced; each made as it is asked for. */
function* filesToWrite(plan: RestorePlan): Generator<FileStep, void, undefined> {
  for (const step of stepsOf(plan))
    if (step.kind === "create" && isFile(step) && step.linkTo === undefined) yield step;
  for (const step of plan.steps)
    if (step.kind === "replace" && step.linkTo === undefined) yield step;
}

function filesToLink({ steps }: RestorePlan): readonly FileStep[] {
  return (["create", "replace"] as const).flatMap((kind) =>
    steps.filter(
      (step): step is FileStep => step.kind === kind && isFile(step) && step.linkTo !== undefined,
    ),
  );
}

function isFile({ entry }: RestoreStep): boolean {
  return entry.type === "file";
}

function stillNeeded(path: RawPath): RestoreError {
  return new RestoreError(
    "restore.still-needed",
    `Cannot remove "${displayPath(path)}": a message in it could not be moved back`,
    { hint: "See what stood in its way, then run the restore again." },
  );
}

/** Something else may have been put there since the plan was made. */
function isSameKind(path: RawPath, entry: Entry): boolean {
  const found = lstatSync(rawPathToBytes(path), { throwIfNoEntry: false });
  return entry.type === "symlink" ? found?.isSymbolicLink() === true : found?.isFile() === true;
}
