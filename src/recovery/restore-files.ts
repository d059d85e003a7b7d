import { linkSync, readdirSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  displayPath,
  type ExtractRequest,
  type ExtractResult,
  type Image,
  joinRawPath,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { makeDurable } from "./make-durable.ts";
import { messageNameOf } from "./message-name.ts";
import { folderOf } from "./plan-mailbox.ts";
import { RestoreError } from "./restore-error.ts";
import type { RestoreLedger } from "./restore-ledger.ts";
import type { RestoreStep } from "./restore-plan.ts";
import type { Staging } from "./staging.ts";
import type { TargetWriter } from "./target-writer.ts";
import type { UndoFolder } from "./undo-folder.ts";
import type { FillingFolder, WholeFolder } from "./whole-folders.ts";
import { writeFiles } from "./write-files.ts";

export type CreateStep = Extract<RestoreStep, { readonly kind: "create" }>;
type ReplaceStep = Extract<RestoreStep, { readonly kind: "replace" }>;
export type FileStep = CreateStep | ReplaceStep;
type Staged = {
  readonly step: FileStep;
  readonly path: RawPath;
  /** That it comes into place with. */
  readonly folder?: FillingFolder;
};
type Writing = {
  readonly writing: Map<RawPath, Staged>;
  readonly whole: ReadonlyMap<RawPath, WholeFolder>;
};

/** So many are synced and given their names together, while the next ones are written. */
const batchFiles = 16_384;
const batchBytes = 256 * 1024 ** 2;

/** Files that are written and verified, and do not have their names yet. */
class Batch {
  readonly folders: FillingFolder[] = [];
  /** What stands alone. */
  readonly files: Staged[] = [];
  #files = 0;
  #bytes = 0;

  get isFull(): boolean {
    return this.#files >= batchFiles || this.#bytes >= batchBytes;
  }

  get paths(): readonly RawPath[] {
    const ofFolders = this.folders.flatMap(({ path, written }) => [
      ...written.map((step) => stagedIn(path, step)),
      path,
    ]);
    return [...ofFolders, ...this.files.map(({ path }) => path)];
  }

  addFolder(folder: FillingFolder): void {
    this.folders.push(folder);
    for (const step of folder.written) this.#count(step);
  }

  addFile(file: Staged): void {
    this.files.push(file);
    this.#count(file.step);
  }

  #count({ entry }: FileStep): void {
    this.#files++;
    this.#bytes += entry.sizeBytes;
  }
}

function stagedIn(folder: RawPath, { to }: FileStep): RawPath {
  return joinRawPath(folder, rawBaseName(to));
}

export type FileRestorerOptions = {
  readonly root: RawPath;
  readonly ledger: RestoreLedger;
  readonly target: TargetWriter;
  readonly staging: Staging;
  readonly undo: UndoFolder;
  /** A message name that nobody has, without flags. */
  readonly freshName: () => string;
  /** Called once per file; lets other work run now and then. */
  readonly breathe: () => Promise<void> | undefined;
  /** Whether this run made a folder: nobody else puts names there yet. */
  readonly isOurs: (folder: RawPath) => boolean;
  /** Gives a folder at its place the attributes that it has while it is filled. */
  readonly dressFolder: (step: CreateStep) => Promise<void>;
  readonly signal: AbortSignal | undefined;
};

/** Puts files back: written aside, verified, dressed, synced, and only then named. */
export class FileRestorer {
  readonly #image: Image;
  readonly #options: FileRestorerOptions;
  /** Folders that we made, in which others have put something meanwhile. */
  readonly #shared = new Set<RawPath>();
  readonly #basesIn = new Map<RawPath, ReadonlySet<string>>();

  constructor(image: Image, options: FileRestorerOptions) {
    this.#image = image;
    this.#options = options;
  }

  /** While one batch becomes durable and gets its names, the next one is written. */
  async write(
    steps: Iterable<FileStep>,
    whole: ReadonlyMap<RawPath, WholeFolder> = new Map(),
  ): Promise<void> {
    const { ledger, signal } = this.#options;
    const writing = new Map<RawPath, Staged>();
    let batch = new Batch();
    let placing: Promise<void> = Promise.resolve();
    const place = async (ready: Batch): Promise<void> => {
      await placing;
      placing = this.#placeBatch(ready);
      // It is awaited before the next one; until then its failure must not count as unhandled.
      placing.catch(() => undefined);
    };
    try {
      const requests = this.#requests(steps, { writing, whole });
      for await (const result of writeFiles(this.#image, requests, signal)) {
        const staged = writing.get(result.to);
        writing.delete(result.to);
        if (staged === undefined) continue;
        await this.#settle(staged, { result, batch });
        if (!batch.isFull) continue;
        const ready = batch;
        batch = new Batch();
        await place(ready);
      }
      for (const { step, folder } of writing.values()) {
        ledger.fail(step.to, "The image did not say what became of it.");
        if (folder !== undefined && --folder.left === 0) batch.addFolder(folder);
      }
      await place(batch);
    } finally {
      // Nothing may be placed any more once the staging folder is gone.
      await placing.catch(() => undefined);
    }
    await placing;
  }

  /** Gives files that have several names the others; those that cannot be linked are files of their own. */
  async link(steps: readonly FileStep[]): Promise<void> {
    const { ledger, breathe } = this.#options;
    const alone: FileStep[] = [];
    for (const step of steps) {
      await ledger.attempt(step.to, () => {
        if (!this.#linked(step)) {
          alone.push({ kind: "create", from: step.from, to: step.to, entry: step.entry });
        }
      });
      await breathe();
    }
    await this.write(alone);
  }

  /** A path beside `to` that nobody has, with the same flags. */
  otherName(to: RawPath): RawPath {
    const { flags } = messageNameOf(rawBaseName(to));
    const info = rawBaseName(to).includes(":2,") ? `:2,${flags}` : "";
    return joinRawPath(rawParent(to), (this.#options.freshName() + info) as RawName);
  }

  #linked(step: FileStep): boolean {
    const { ledger, target } = this.#options;
    const linkTo = step.linkTo as RawPath;
    if (step.kind === "replace") this.#takeAway(step);
    if (ledger.notPlaced.has(linkTo)) return false;
    try {
      const source = rawPathToBytes(target.folders.at(linkTo));
      linkSync(source, rawPathToBytes(target.folders.at(step.to)));
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      if (code !== "EEXIST") return false;
      ledger.conflict(step.to);
      return true;
    }
    target.touch(step.to);
    if (step.kind === "replace") ledger.count("replaced");
    else ledger.created(step.to);
    return true;
  }

  /** A message that came back since it was found missing (its flags were set meanwhile) is not put back twice. */
  #isStillMissing(step: FileStep): boolean {
    if (step.kind !== "create" || step.isMessage !== true) return true;
    const folder = folderOf(step.to);
    let bases = this.#basesIn.get(folder);
    if (bases === undefined) this.#basesIn.set(folder, (bases = this.#basesOf(folder)));
    if (!bases.has(messageNameOf(rawBaseName(step.to)).base)) return true;
    this.#options.ledger.count("moved");
    return false;
  }

  #basesOf(folder: RawPath): ReadonlySet<string> {
    const bases = new Set<string>();
    for (const part of ["cur", "new"] as const) {
      try {
        const path = this.#options.target.folders.folder(joinRawPath(folder, part as RawName));
        for (const name of readdirSync(path, { encoding: "latin1" })) {
          bases.add(messageNameOf(name).base);
        }
      } catch (error) {
        // It could not be made, or stands behind a link: writing to it says so.
        if (systemErrorCode(error) !== "ENOENT" && !(error instanceof RestoreError)) throw error;
      }
    }
    return bases;
  }

  /** One by one, as they are asked for: only what is being written is remembered. */
  *#requests(
    steps: Iterable<FileStep>,
    { writing, whole }: Writing,
  ): Generator<ExtractRequest, void, undefined> {
    const { staging, target, isOurs } = this.#options;
    const filling = new Map<RawPath, FillingFolder | undefined>();
    for (const step of steps) {
      if (!this.#isStillMissing(step)) continue;
      const parent = rawParent(step.to);
      if (!filling.has(parent)) {
        const folder = isOurs(parent) ? whole.get(parent) : undefined;
        filling.set(parent, folder === undefined ? undefined : fillingFolder(folder, staging));
      }
      const folder = filling.get(parent);
      const to = folder === undefined ? staging.newPath() : stagedIn(folder.path, step);
      writing.set(to, { step, path: to, ...(folder === undefined ? {} : { folder }) });
      yield { path: step.from, to, attributes: target.attributesOf(step.to, step.entry) };
    }
  }

  /** What has become of one file. */
  async #settle(
    staged: Staged,
    { result, batch }: { readonly result: ExtractResult; readonly batch: Batch },
  ): Promise<void> {
    const { ledger, target, breathe } = this.#options;
    const { step, path, folder } = staged;
    const { error, sizeBytes, hasAttributes } = result;
    if (error === undefined) {
      ledger.filesVerified++;
      ledger.bytes += sizeBytes;
      if (hasAttributes !== true) await target.dress(path, step);
      if (folder === undefined) batch.addFile(staged);
      else folder.written.push(step);
    } else ledger.failWith(step.to, error);
    if (folder !== undefined && --folder.left === 0) batch.addFolder(folder);
    await breathe();
  }

  async #placeBatch(batch: Batch): Promise<void> {
    const { root, ledger, breathe } = this.#options;
    await makeDurable(batch.paths, { root });
    for (const folder of batch.folders) {
      await ledger.attempt(folder.step.to, () => this.#placeFolder(folder));
      await breathe();
    }
    for (const { step, path } of this.#keepReplaced(batch.files)) {
      await ledger.attempt(step.to, () => this.#place(step, path));
      await breathe();
    }
  }

  /**
   * What is about to be replaced goes to the undo folder beside keeping its name, and is there for good
   * before the first of it is replaced. Returns the files that may come into place.
   */
  #keepReplaced(files: readonly Staged[]): readonly Staged[] {
    const { target, undo, ledger } = this.#options;
    const ready = files.filter(({ step }) => {
      if (step.kind !== "replace" || !keepsName(step)) return true;
      try {
        undo.keep(target.folders.at(step.at), step.at);
        target.touch(step.at);
        return true;
      } catch (error) {
        ledger.failWith(step.to, error);
        return false;
      }
    });
    undo.sync();
    return ready;
  }

  async #placeFolder({ step, path, written }: FillingFolder): Promise<void> {
    const { target, ledger, breathe, dressFolder } = this.#options;
    await target.dress(path, { ...step, keepWritable: true });
    if (target.placeFolder(path, step.to)) {
      ledger.createdAll(written.map(({ to }) => to));
      return;
    }
    // Somebody else has begun to put names there: each of ours only where it is free.
    this.#shared.add(step.to);
    await dressFolder(step);
    for (const file of written) {
      await ledger.attempt(file.to, () => this.#place(file, stagedIn(path, file)));
      await breathe();
    }
  }

  /** What has the name now goes to the undo folder. One rename: it is always in one of both places. */
  #takeAway({ at }: ReplaceStep): void {
    const { target, undo } = this.#options;
    undo.take(target.folders.at(at), at);
    target.touch(at);
  }

  #place(step: FileStep, staged: RawPath): void {
    const { target, ledger, isOurs } = this.#options;
    if (step.kind === "replace") {
      if (!keepsName(step)) this.#takeAway(step);
      if (!target.place(staged, step, { mayReplace: step.at === step.to })) throw taken(step.to);
      ledger.count("replaced");
      return;
    }
    const isMessage = step.isMessage === true;
    const parent = rawParent(step.to);
    const mayReplace = !isMessage && isOurs(parent) && !this.#shared.has(parent);
    let { to } = step;
    let isPlaced = target.place(staged, step, { mayReplace });
    if (!isPlaced && isMessage) {
      to = this.otherName(step.to);
      isPlaced = target.place(staged, { ...step, to }, { mayReplace });
    }
    if (isPlaced) ledger.created(to);
    else ledger.conflict(step.to);
  }
}

/** Whether what has the name now can keep it until the new one replaces it. */
function keepsName({ at, to, linkTo }: ReplaceStep): boolean {
  return at === to && linkTo === undefined;
}

/** Undefined where it cannot be made: its files stand alone then, and say why they cannot be written. */
function fillingFolder({ step, files }: WholeFolder, staging: Staging): FillingFolder | undefined {
  try {
    return { step, path: staging.newFolder(), left: files, written: [] };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

function taken(to: RawPath): RestoreError {
  return new RestoreError(
    "restore.name-taken",
    `Cannot put back "${displayPath(to)}": its name was taken meanwhile`,
    { hint: "Run the restore again." },
  );
}
