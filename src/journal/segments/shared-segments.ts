import { systemErrorCode } from "#errors";
import type { JournalFiles } from "./journal-files.ts";
import { SharedSegment } from "./shared-segment.ts";

/** How many segments stay open: restores read the newest on, and now and then an older one. */
const maxOpen = 4;
/** A segment that retention removes takes room on the disk as long as it is open. */
const idleMs = 2000;

type Opening = Promise<SharedSegment | undefined>;

/** Segments that stay open from piece to piece: opening and closing one costs more than reading a message. */
export class SharedSegments implements AsyncDisposable {
  readonly #files: JournalFiles;
  /** The least recently used first. */
  readonly #open = new Map<string, Opening>();
  #idle: NodeJS.Timeout | undefined;
  #users = 0;
  #isDisposed = false;

  constructor(files: JournalFiles) {
    this.#files = files;
  }

  /** Undefined where the segment was removed. Errors are the system's own. */
  async use<One>(
    name: string,
    action: (segment: SharedSegment) => Promise<One>,
  ): Promise<One | undefined> {
    this.#users += 1;
    try {
      const shared = await this.#take(name);
      if (shared === undefined) return undefined;
      try {
        return await action(shared);
      } finally {
        await shared.end();
      }
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#waitIdle();
    }
  }

  /** Closes it, so that the next use opens what is there by that name then. */
  async drop(name: string): Promise<void> {
    const opening = this.#open.get(name);
    if (opening === undefined) return;
    this.#open.delete(name);
    await retired(opening);
  }

  /** Closes all but these. */
  async keepOnly(names: ReadonlySet<string>): Promise<void> {
    for (const name of this.#open.keys()) if (!names.has(name)) await this.drop(name);
  }

  /** Who still reads gets what is being read; the rest is closed at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    await this.keepOnly(new Set());
  }

  async #take(name: string): Promise<SharedSegment | undefined> {
    for (;;) {
      const opening = this.#open.get(name) ?? this.#opened(name);
      // Now the most recently used.
      this.#open.delete(name);
      this.#open.set(name, opening);
      const shared = await opening;
      // Between its opening and now somebody may have closed it.
      if (shared?.isRetired === true) continue;
      shared?.begin();
      await this.#closeOldest();
      return shared;
    }
  }

  #opened(name: string): Opening {
    const opening = this.#openIfThere(name);
    const forget = (): void => {
      if (this.#open.get(name) === opening) this.#open.delete(name);
    };
    opening.then((shared) => {
      if (shared === undefined) forget();
    }, forget);
    return opening;
  }

  async #openIfThere(name: string): Opening {
    try {
      return new SharedSegment(await this.#files.open(name, "read"));
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async #closeOldest(): Promise<void> {
    for (const name of this.#open.keys()) {
      if (this.#open.size <= maxOpen) return;
      await this.drop(name);
    }
  }

  #waitIdle(): void {
    if (this.#isDisposed) {
      this.#closeQuietly();
      return;
    }
    this.#idle ??= setTimeout(() => {
      if (this.#users === 0) this.#closeQuietly();
    }, idleMs).unref();
    this.#idle.refresh();
  }

  /** Of what was only read, closing loses nothing. */
  #closeQuietly(): void {
    this.#close().catch(() => undefined);
  }
}

async function retired(opening: Opening): Promise<void> {
  let shared: SharedSegment | undefined;
  try {
    shared = await opening;
  } catch {
    // Whoever asked for it was told.
    return;
  }
  await shared?.retire();
}
