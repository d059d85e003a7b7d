import { createHash, randomBytes } from "node:crypto";
import { open, type FileHandle, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  encodeMemberLine,
  type IndexedMember,
  type IndexPiece,
  pieceName,
} from "../format/index.ts";
import { tapeError } from "../tape-error.ts";

const prefix = ".tape-index-";
const pieceBytes = 4 * 1024 * 1024;

/**
 * The lines of the index while the data is written: they go to the tape behind it, and there may be more of them than
 * memory holds. Nothing depends on the file; what a crash leaves behind is removed by the next run.
 */
export class IndexSpool implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #set: string;
  readonly #pieces: IndexPiece[] = [];
  readonly #offsets: number[] = [];
  #lines: string[] = [];
  #linesBytes = 0;
  #sizeBytes = 0;

  private constructor(path: string, options: { readonly file: FileHandle; readonly set: string }) {
    this.#path = path;
    this.#file = options.file;
    this.#set = options.set;
  }

  static async create(folder: string, set: string): Promise<IndexSpool> {
    const path = join(folder, prefix + randomBytes(8).toString("hex"));
    try {
      return new IndexSpool(path, { file: await open(path, "wx+", 0o600), set });
    } catch (error) {
      throw unusable(path, error);
    }
  }

  async add(member: IndexedMember): Promise<void> {
    const line = encodeMemberLine(member);
    this.#lines.push(line);
    this.#linesBytes += line.length;
    if (this.#linesBytes >= pieceBytes) await this.#closePiece();
  }

  /** Closes the last piece; no more can be added. */
  async finish(): Promise<readonly IndexPiece[]> {
    if (this.#lines.length > 0) await this.#closePiece();
    return this.#pieces;
  }

  async read(index: number): Promise<Buffer> {
    const { sizeBytes } = this.#pieces[index] as IndexPiece;
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    let done = 0;
    while (done < sizeBytes) {
      const at = (this.#offsets[index] as number) + done;
      const { bytesRead } = await this.#file.read(bytes, done, sizeBytes - done, at);
      if (bytesRead === 0) throw new Error("the spooled index was cut while it was in use");
      done += bytesRead;
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #closePiece(): Promise<void> {
    const bytes = Buffer.from(this.#lines.join(""));
    try {
      await this.#file.appendFile(bytes);
    } catch (error) {
      throw unusable(this.#path, error);
    }
    this.#pieces.push({
      name: pieceName(this.#set, this.#pieces.length + 1),
      sizeBytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      members: this.#lines.length,
    });
    this.#offsets.push(this.#sizeBytes);
    this.#sizeBytes += bytes.length;
    this.#lines = [];
    this.#linesBytes = 0;
  }
}

function unusable(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : "the reason is unknown";
  return tapeError(
    "methods.tape-state-unusable",
    `Cannot spool the index to "${path}": ${reason}`,
    {
      hint: "Check the permissions of the state folder and the space on its disk.",
      cause,
    },
  );
}

/** Removes what crashed runs left. Whoever calls holds the lock. */
export async function removeSpoolLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(prefix)) await rm(join(folder, name), { force: true });
  }
}
