import { lstat } from "node:fs/promises";
import { type RawPath, rawPathToBytes } from "#image";
import { countDovecotIndex, countedIndexBytes, type DovecotIndexCount } from "#mail";
import { logPlaceOf } from "#signals";
import { mostLogBytes, startOfFile } from "./start-of-file.ts";

/** What the indexes of mdbox accounts in a folder say of how many messages there are. */
export class IndexCounts {
  readonly #folder: RawPath;
  /** Accounts that have a storage, which makes them mdbox. */
  readonly #hasStorage = new Map<RawPath, boolean>();

  constructor(folder: RawPath) {
    this.#folder = folder;
  }

  /** `path`: of the log that is in use. Undefined where it is none, not of mdbox, or cannot be read. */
  async at(path: RawPath): Promise<DovecotIndexCount | undefined> {
    const place = logPlaceOf(path);
    if (place?.name !== "log" || !(await this.#isMdbox(place.account))) return undefined;
    const base = path.slice(0, -".log".length);
    // The logs first: what an index says is at least as new, and says how far in them.
    const log = await this.#bytes(path, mostLogBytes);
    if (log === undefined) return undefined;
    const older = await this.#bytes(`${base}.log.2`, mostLogBytes);
    const index = await this.#bytes(base, countedIndexBytes);
    return countDovecotIndex({ index, log, older });
  }

  async #isMdbox(account: RawPath): Promise<boolean> {
    const known = this.#hasStorage.get(account);
    if (known !== undefined) return known;
    const storage = `${account === "" ? "" : `${account}/`}storage`;
    const found = await lstat(rawPathToBytes(this.#absolute(storage))).catch(() => undefined);
    const isMdbox = found?.isDirectory() === true;
    this.#hasStorage.set(account, isMdbox);
    return isMdbox;
  }

  #absolute(path: string): RawPath {
    return `${this.#folder}/${path}` as RawPath;
  }

  /** As many as there are from the start; undefined where it cannot be read. */
  async #bytes(path: string, mostBytes: number): Promise<Uint8Array | undefined> {
    return await startOfFile(this.#absolute(path), mostBytes).catch(() => undefined);
  }
}
