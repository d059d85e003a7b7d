import { constants, createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { quoted, systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import { RecordsError, writing } from "./records-error.ts";

export const journalName = "journal.jsonl";
const keptNameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/;
/** Longer than any line that is written; bounds a hostile file. */
const longestLine = 4 * 1024 * 1024;

/** A line of a journal: `is` says what it is. */
export type JobLine = { readonly is: string; readonly [field: string]: unknown };

/** One job that this process writes. */
export class Job implements AsyncDisposable {
  readonly id: string;
  readonly #folder: string;
  readonly #journal: FileHandle;

  private constructor(id: string, folder: string, journal: FileHandle) {
    this.id = id;
    this.#folder = folder;
    this.#journal = journal;
  }

  /** Only `Records` opens jobs. */
  static async open(id: string, folder: string): Promise<Job> {
    const { O_RDWR, O_APPEND, O_NOFOLLOW } = constants;
    const journal = await open(join(folder, journalName), O_RDWR | O_APPEND | O_NOFOLLOW);
    await dropTornLine(journal);
    return new Job(id, folder, journal);
  }

  lines(): AsyncGenerator<JobLine> {
    return linesOf(this.#folder);
  }

  /** Adds lines. With `durable` they survive a power cut when this returns, else only this process. */
  async write(
    lines: readonly JobLine[],
    { durable }: { readonly durable: boolean },
  ): Promise<void> {
    const text = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await writing(this.#folder, async () => {
      const { bytesWritten } = await this.#journal.write(text);
      if (bytesWritten < text.length) throw new Error("only a part of it could be written");
      if (durable) await this.#journal.datasync();
    });
  }

  /** Keeps bytes that are going to be taken away; on stable storage when this returns. */
  async keep(name: string, bytes: Uint8Array): Promise<void> {
    await writing(this.#folder, async () => {
      await mkdir(join(this.#folder, "kept"), { recursive: true, mode: 0o700 });
      await writeDurably(this.#keptPath(name), bytes);
    });
  }

  async kept(name: string): Promise<Uint8Array> {
    try {
      return await readFile(this.#keptPath(name));
    } catch (cause) {
      throw new RecordsError(
        "records.damaged",
        `Cannot read what job ${quoted(this.id)} kept as ${quoted(name)}: ${systemErrorCode(cause) ?? "unreadable"}`,
        { hint: "Look at the state folder; the copy of that moment may still hold it.", cause },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal.close();
    await unlink(join(this.#folder, "owner")).catch(() => undefined);
  }

  #keptPath(name: string): string {
    if (!keptNameForm.test(name)) throw new RangeError(`"${name}" cannot be kept`);
    return join(this.#folder, "kept", name);
  }
}

/** The lines of a job's journal, up to one that is torn. */
export async function* linesOf(folder: string): AsyncGenerator<JobLine> {
  const input = createReadStream(join(folder, journalName));
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      if (text.length > longestLine) return;
      const line = parsed(text);
      // Torn by a power cut or a full disk: what follows was never said to be written.
      if (line === undefined) return;
      yield line;
    }
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  } finally {
    input.destroy();
  }
}

/** Read from the end: a journal has a line for every message. */
export async function lastLineOf(folder: string): Promise<JobLine | undefined> {
  const journal = await open(join(folder, journalName), "r");
  try {
    const { size } = await journal.stat();
    const readBytes = Math.min(size, longestLine);
    const { buffer } = await journal.read(Buffer.alloc(readBytes), 0, readBytes, size - readBytes);
    const end = buffer.lastIndexOf(0x0a);
    const begin = end <= 0 ? 0 : buffer.lastIndexOf(0x0a, end - 1) + 1;
    return end < 0 ? undefined : parsed(buffer.toString("utf8", begin, end));
  } finally {
    await journal.close();
  }
}

function parsed(text: string): JobLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof (value as JobLine | null)?.is === "string" ? (value as JobLine) : undefined;
  } catch {
    return undefined;
  }
}

/** What a killed run left half written must not tear the next line too. */
async function dropTornLine(journal: FileHandle): Promise<void> {
  const { size } = await journal.stat();
  const readBytes = Math.min(size, longestLine);
  const { buffer } = await journal.read(Buffer.alloc(readBytes), 0, readBytes, size - readBytes);
  const end = buffer.lastIndexOf(0x0a) + 1;
  if (end < readBytes) await journal.truncate(size - readBytes + end);
}
