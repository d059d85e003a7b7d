import { linkSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemErrorCode } from "#errors";
import { syncFolder } from "#files";
import { rawPathFromText } from "#image";
import { syncFilesystem } from "../make-durable.ts";
import { syncPath } from "../write-files.ts";
import { targetTaken } from "./export-error.ts";

/** An export under another name until it is whole: "NAME.partial". */
export class PartialTarget {
  readonly path: string;
  readonly #to: string;

  constructor(to: string) {
    this.#to = to;
    this.path = `${to}.partial`;
    if (isThere(to)) throw targetTaken(to);
    if (isThere(this.path)) throw targetTaken(this.path);
  }

  /** Gives it its name, for good; never in the place of something else. */
  async commit(): Promise<void> {
    const isFolder = lstatSync(this.path).isDirectory();
    if (isFolder) await makeFolderDurable(this.path);
    if (isFolder || !this.#linked()) {
      if (isThere(this.#to)) throw targetTaken(this.#to);
      renameSync(this.path, this.#to);
    }
    await syncFolder(dirname(this.#to));
  }

  discard(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** A link fails where the name is taken, which a rename does not. False where there are none. */
  #linked(): boolean {
    try {
      linkSync(this.path, this.#to);
    } catch (error) {
      if (systemErrorCode(error) === "EEXIST") throw targetTaken(this.#to, error);
      return false;
    }
    rmSync(this.path);
    return true;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function makeFolderDurable(folder: string): Promise<void> {
  if (await syncFilesystem(rawPathFromText(folder))) return;
  const below = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const path of ["", ...below]) syncPath(rawPathFromText(join(folder, path)));
}
