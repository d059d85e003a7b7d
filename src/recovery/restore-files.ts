import { linkSync, readdirSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  displayPath,
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
import { writeFiles } from "./write-files.ts";

export type CreateStep = Extract<RestoreStep, { readonly kind: "create" }>;
type ReplaceStep = Extract<RestoreStep, { readonly kind: "replace" }>;
export type FileStep = CreateStep | ReplaceStep;
type Staged = { readonly step: FileStep; readonly path: RawPath };

/** Files that are written before they are synced and given their names together. */
const batchFiles = 65_536;
const batchBytes = 1024 ** 3;

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
  readonly signal: AbortSignal | undefined;
};

/** Puts files back: written aside, verified, dressed, synced, and only then named. */
export class FileRestorer {
  readonly #image: Image;
  readonly #options: FileRestorerOptions;
  readonly #basesIn = new Map<RawPath, ReadonlySet<string>>();

  constructor(image: Image, options: FileRestorerOptions) {
    this.#image = image;
    this.#options = options;
  }

  async write(steps: readonly FileStep[]): Promise<void> {
    const { root, ledger, target, breathe } = this.#options;
    const wanted = steps.filter((step) => this.#isStillMissing(step));
    for (let first = 0; first < wanted.length;) {
      let bytes = 0;
      let last = first;
      while (last < wanted.length && last - first < batchFiles && bytes < batchBytes) {
        bytes += (wanted[last++] as FileStep).entry.sizeBytes;
      }
      const staged = await this.#stage(wanted.slice(first, last));
      await makeDurable(
        staged.map(({ path }) => path),
        { root },
      );
      for (const { step, path } of staged) {
        await ledger.attempt(step.to, () => this.#place(step, path));
        await breathe();
      }
      await target.sync(root);
      first = last;
    }
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
    if (step.kind === "replace") this.#makeWay(step);
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
    ledger.count(step.kind === "replace" ? "replaced" : "created");
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

  /** Writes files aside in the image's order of choice; returns those that are good, dressed, in the plan's order. */
  async #stage(steps: readonly FileStep[]): Promise<readonly Staged[]> {
    const { staging, ledger, target, breathe, signal } = this.#options;
    const byPath = new Map(steps.map((step) => [staging.newPath(), step]));
    const requests = [...byPath].map(([to, { from }]) => ({ path: from, to }));
    const good = new Set<RawPath>();
    for await (const { to, sizeBytes, error } of writeFiles(this.#image, requests, signal)) {
      const step = byPath.get(to);
      if (step === undefined) continue;
      if (error !== undefined) {
        ledger.failWith(step.to, error);
        continue;
      }
      ledger.filesVerified++;
      ledger.bytes += sizeBytes;
      await target.dress(to, step);
      good.add(to);
      await breathe();
    }
    return [...byPath].flatMap(([path, step]) => (good.has(path) ? [{ step, path }] : []));
  }

  #place(step: FileStep, staged: RawPath): void {
    const { target, ledger, isOurs } = this.#options;
    if (step.kind === "replace") {
      this.#makeWay(step);
      if (!target.place(staged, step, { mayReplace: step.at === step.to })) throw taken(step.to);
      ledger.count("replaced");
      return;
    }
    const isMessage = step.isMessage === true;
    const mayReplace = !isMessage && isOurs(rawParent(step.to));
    let isPlaced = target.place(staged, step, { mayReplace });
    if (!isPlaced && isMessage) {
      const to = this.otherName(step.to);
      isPlaced = target.place(staged, { ...step, to }, { mayReplace });
    }
    if (isPlaced) ledger.count("created");
    else ledger.conflict(step.to);
  }

  /** What has the name now goes to the undo folder; where it can, it keeps its name until the new one replaces it. */
  #makeWay({ at, to, linkTo }: ReplaceStep): void {
    const { target, undo } = this.#options;
    const place = target.folders.at(at);
    if (at === to && linkTo === undefined) undo.keep(place, at);
    else undo.take(place, at);
    target.touch(at);
  }
}

function taken(to: RawPath): RestoreError {
  return new RestoreError(
    "restore.name-taken",
    `Cannot put back "${displayPath(to)}": its name was taken meanwhile`,
    { hint: "Run the restore again." },
  );
}
