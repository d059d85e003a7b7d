/*
 * FOLDER/NAME-N.json   one line of JSON each, N from 1 on; never removed, so that a number is never
 *                      given twice
 */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { quoted, systemErrorCode } from "#errors";
import { syncFolder, writeDurably } from "#files";
import { RecordsError, writing } from "./records-error.ts";

/** In each record's "format". */
export const recordVersion = 1;
/** Longer than any record that is written; bounds a hostile file. */
const longestBytes = 1024 * 1024;
const mostRecords = 1_000_000;

/** Records of one kind with a number each, as people speak of them: `alarm-3`. */
export class NumberedRecords<Value extends object> {
  readonly #folder: string;
  readonly #name: string;
  readonly #read: (value: object) => Value | undefined;

  /** `read` says what a line of JSON means; undefined where it is none of these records. */
  constructor(
    folder: string,
    { name, read }: { readonly name: string; readonly read: (value: object) => Value | undefined },
  ) {
    this.#folder = folder;
    this.#name = name;
    this.#read = read;
  }

  /** Writes one under the next number, and returns its ID; on stable storage then. */
  async add(value: Value): Promise<string> {
    return await writing(this.#folder, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await syncFolder(join(this.#folder, ".."));
      for (let number = Math.max(0, ...(await this.#numbers())) + 1; ; number++) {
        try {
          await writeDurably(this.#path(number), bytesOf(value), { exclusive: true });
          return `${this.#name}-${number}`;
        } catch (error) {
          // Another process took that number just now.
          if (systemErrorCode(error) !== "EEXIST" || number >= mostRecords) throw error;
        }
      }
    });
  }

  /** Puts another one in the place of what has this ID. */
  async replace(id: string, value: Value): Promise<void> {
    const number = this.#numberOf(id);
    if (number === undefined) throw this.#notFound(id);
    await writing(this.#folder, async () => await writeDurably(this.#path(number), bytesOf(value)));
  }

  /**
   * All, by number. Throws `records.damaged` where one cannot be understood: what a record that nobody can
   * read said may be that something is held.
   */
  async list(): Promise<readonly (Value & { readonly id: string })[]> {
    const found: (Value & { readonly id: string })[] = [];
    for (const number of await this.#numbers()) found.push(await this.#load(number));
    return found;
  }

  /** Throws `records.not-found`. */
  async get(id: string): Promise<Value & { readonly id: string }> {
    const number = this.#numberOf(id);
    if (number === undefined || !(await this.#numbers()).includes(number)) throw this.#notFound(id);
    return await this.#load(number);
  }

  async #load(number: number): Promise<Value & { readonly id: string }> {
    const path = this.#path(number);
    let value: unknown;
    try {
      const bytes = await readFile(path);
      value = bytes.length > longestBytes ? undefined : JSON.parse(bytes.toString("utf8"));
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw this.#damaged(path, cause);
    }
    const read = typeof value === "object" && value !== null ? this.#read(value) : undefined;
    if (read === undefined) throw this.#damaged(path);
    return { ...read, id: `${this.#name}-${number}` };
  }

  async #numbers(): Promise<readonly number[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (systemErrorCode(error) === "ENOENT") return [];
      throw error;
    });
    return names
      .map((name) => (name.endsWith(".json") ? this.#numberOf(name.slice(0, -5)) : undefined))
      .filter((number) => number !== undefined)
      .toSorted((a, b) => a - b);
  }

  #numberOf(id: string): number | undefined {
    const [, name, digits] = /^([a-z]+)-([1-9]\d{0,6})$/.exec(id) ?? [];
    return name === this.#name ? Number(digits) : undefined;
  }

  #path(number: number): string {
    return join(this.#folder, `${this.#name}-${number}.json`);
  }

  #notFound(id: string): RecordsError {
    return new RecordsError("records.not-found", `Cannot find ${quoted(id)}: there is none`, {
      hint: "`restante hold list` shows alarms and holds.",
    });
  }

  #damaged(path: string, cause?: unknown): RecordsError {
    return new RecordsError(
      "records.damaged",
      `Cannot read ${quoted(path)}: ${systemErrorCode(cause) ?? "it is no record of this version"}`,
      {
        hint: "Nothing is dropped while it is unknown what is held. Look at the file; put it right, or aside.",
        cause,
      },
    );
  }
}

function bytesOf(value: object): Buffer {
  const { id: _id, ...rest } = value as { readonly id?: unknown };
  const text = JSON.stringify({ format: recordVersion, ...rest }, (_key, field: unknown) =>
    typeof field === "bigint" ? String(field) : field,
  );
  return Buffer.from(`${text}\n`);
}
