import {
  type Image,
  isImageError,
  joinRawPath,
  rawParent,
  type RawName,
  type RawPath,
} from "#image";

/** How many folders beside an account and above it are tried. */
const foldersTried = 200;
/** How often nothing is found before it is not looked for any more. */
const missLimit = 10;

/**
 * Finds the folder that attachments lie in: given, or the nearest one beside the account or above it
 * that has the file that is asked for. Once found, it is the one.
 */
export class AttachmentFolder {
  readonly #image: Image;
  readonly #account: RawPath;
  #found: RawPath | undefined;
  #misses = 0;

  constructor(image: Image, account: RawPath, given: RawPath | undefined) {
    this.#image = image;
    this.#account = account;
    this.#found = given;
  }

  /** `file` is relative to the folder: `fb/87/fb87…`. */
  async folderOf(file: RawPath): Promise<RawPath | undefined> {
    if (this.#found !== undefined || this.#misses >= missLimit) return this.#found;
    for await (const folder of this.#candidates()) {
      if (!(await this.#holds(folder, file))) continue;
      this.#found = folder;
      return folder;
    }
    // Another attachment may be there though this one is not.
    this.#misses++;
    return undefined;
  }

  async *#candidates(): AsyncGenerator<RawPath> {
    let tried = 0;
    for (let around = this.#account; ; around = rawParent(around)) {
      const names = await this.#foldersIn(around);
      // The likeliest name first.
      for (const name of names.toSorted((a, b) => rank(a) - rank(b))) {
        if (tried++ >= foldersTried) return;
        yield joinRawPath(around, name);
      }
      if (around === "" || around === "/") return;
    }
  }

  async #foldersIn(path: RawPath): Promise<readonly RawName[]> {
    try {
      const listing = await this.#image.list(path);
      return [...listing].filter(({ type }) => type === "directory").map(({ name }) => name);
    } catch (error) {
      if (isImageError(error)) return [];
      throw error;
    }
  }

  async #holds(folder: RawPath, file: RawPath): Promise<boolean> {
    try {
      const path = joinRawPath(folder, file);
      const listing = await this.#image.list(rawParent(path));
      return listing.indexOf(path.slice(path.lastIndexOf("/") + 1) as RawName) >= 0;
    } catch (error) {
      if (isImageError(error)) return false;
      throw error;
    }
  }
}

function rank(name: RawName): number {
  return /attach|sis/i.test(name) ? 0 : 1;
}
