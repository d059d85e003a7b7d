import { join } from "node:path";
import type { ExportLevels, ExportMailbox } from "./export-writer.ts";
import { safeFileName, UniqueNames } from "./file-names.ts";

/** Gives each mailbox a path of its own below a folder: "support@example.org/Archive/2024". */
export class MailboxPaths {
  readonly #levels: ExportLevels;
  /** Names given in each folder, by the folder's path. */
  readonly #names = new Map<string, UniqueNames>();
  /** A level that two mailboxes share ("Archive" of "Archive/2024") is named once. */
  readonly #given = new Map<string, string>();

  constructor(levels: ExportLevels) {
    this.#levels = levels;
  }

  /** "" where nothing has to be told apart. */
  path({ address, name }: ExportMailbox): string {
    if (this.#levels === "none") return "";
    const wanted = name.split("/");
    return this.#path(this.#levels === "addresses" ? [address, ...wanted] : wanted);
  }

  #path(levels: readonly string[]): string {
    let path = "";
    let key = "";
    for (const level of levels) {
      key += `\0${level}`;
      const known = this.#given.get(key);
      path = known ?? join(path, this.#take(path, level));
      this.#given.set(key, path);
    }
    return path;
  }

  #take(folder: string, level: string): string {
    const names = this.#names.get(folder) ?? new UniqueNames();
    this.#names.set(folder, names);
    return names.take(safeFileName(level, { fallback: "_" }));
  }
}
