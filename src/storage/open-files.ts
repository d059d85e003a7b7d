import { close, open } from "node:fs";
import { promisify } from "node:util";

const openFile = promisify(open);
const closeFile = promisify(close);

type OpenFile = { readonly fd: Promise<number>; users: number; dropped: boolean };

/**
 * A bounded set of read descriptors, least recently used closed first, so that many small loads
 * from one pack cost a pread each and not an open and close around it.
 */
export class OpenFiles implements AsyncDisposable {
  readonly #files = new Map<string, OpenFile>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Calls `work` with a descriptor of the file; it stays open at least until `work` is done. */
  async use<Result>(path: string, work: (fd: number) => Promise<Result>): Promise<Result> {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = { fd: openFile(path, "r"), users: 0, dropped: false };
      // A failure is thrown to whoever awaits it below.
      file.fd.catch(() => undefined);
    } else {
      this.#files.delete(path);
    }
    this.#files.set(path, file);
    file.users++;
    try {
      return await work(await file.fd);
    } catch (error) {
      if (this.#files.get(path) === file) this.#files.delete(path);
      file.dropped = true;
      throw error;
    } finally {
      file.users--;
      if (file.dropped) await closeUnused(file);
      await this.#trim();
    }
  }

  /** Forgets a file that is about to be removed. */
  async drop(path: string): Promise<void> {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    file.dropped = true;
    await closeUnused(file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#files.keys()].map((path) => this.drop(path)));
  }

  async #trim(): Promise<void> {
    for (const path of this.#files.keys()) {
      if (this.#files.size <= this.#limit) return;
      await this.drop(path);
    }
  }
}

async function closeUnused(file: OpenFile): Promise<void> {
  if (file.users > 0) return;
  let fd: number;
  try {
    fd = await file.fd;
  } catch {
    // It never opened: `use` has thrown the reason.
    return;
  }
  await closeFile(fd);
}
