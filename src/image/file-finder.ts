import { systemErrorCode } from "#errors";
import type { Entry } from "./entry.ts";
import { isSameFile, WantedFiles } from "./file-identity.ts";
import type { FolderTracker } from "./folder-tracker.ts";
import { describe, folderPrefix } from "./list-folder.ts";
import { joinRawPath, rawBaseName, rawParent, type RawName, type RawPath } from "./raw-path.ts";

/** How often everything is looked through while the store goes on changing. */
const searches = 4;

/** Finds files of a store in use that were renamed since they were listed. */
export class FileFinder {
  readonly #root: RawPath;
  readonly #tracker: FolderTracker;
  /** Searches wait for one another: they share the tracker. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(root: RawPath, tracker: FolderTracker) {
    this.#root = root;
    this.#tracker = tracker;
  }

  /** Where each file lies now. One that is absent from the answer is gone. */
  find(
    files: ReadonlyMap<RawPath, Entry>,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<RawPath, RawPath>> {
    const search = this.#queue.then(() => this.#search(files, signal));
    // Whoever asked hears of a failure; the next in line does not.
    this.#queue = search.catch(() => undefined);
    return search;
  }

  async #search(
    files: ReadonlyMap<RawPath, Entry>,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<RawPath, RawPath>> {
    const found = new Map<RawPath, RawPath>();
    const missing = new Map(files);
    for (const [path, entry] of files) this.#accept(path, entry, { place: path, found, missing });
    this.#takeListed({ found, missing });
    for (let search = 0; search < searches && missing.size > 0; search++) {
      const { changed, doubtful } = await this.#tracker.pass(signal);
      this.#takeListed({ found, missing });
      if (changed.length === 0 && doubtful.length === 0) break;
    }
    return found;
  }

  #takeListed(to: {
    readonly found: Map<RawPath, RawPath>;
    readonly missing: Map<RawPath, Entry>;
  }): void {
    const wanted = new WantedFiles<[RawPath, Entry][]>();
    for (const [path, entry] of to.missing) wanted.get(entry, () => []).push([path, entry]);
    wanted.findIn(this.#tracker.listings(), (askers, { folder, listing, index }) => {
      const place = joinRawPath(folder, listing.names[index] as RawName);
      for (const [path, entry] of askers) this.#accept(path, entry, { place, ...to });
    });
  }

  /** Takes the place for the file if it lies there at this moment. */
  #accept(
    path: RawPath,
    entry: Entry,
    to: {
      readonly place: RawPath;
      readonly found: Map<RawPath, RawPath>;
      readonly missing: Map<RawPath, Entry>;
    },
  ): void {
    if (!to.missing.has(path)) return;
    const now = this.#look(to.place);
    if (now === undefined || now.inode !== entry.inode) return;
    // In its own place it may have grown, as an index does; elsewhere it must be known again.
    if (to.place !== path && !isSameFile(now, entry)) return;
    to.found.set(path, to.place);
    to.missing.delete(path);
  }

  #look(place: RawPath): Entry | undefined {
    try {
      return describe(folderPrefix(this.#root, rawParent(place)), rawBaseName(place));
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return undefined;
    }
  }
}
