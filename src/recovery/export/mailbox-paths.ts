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
  readonly #mailboxes = new Set<string>();

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
    for (const [index, level] of levels.entries()) {
      key += `\0${level}`;
      const known = this.#given.get(key);
      // One owner may have two INBOXes: one in a spool, one in a mail folder.
      const isTwin = index === levels.length - 1 && this.#mailboxes.has(key);
      path = known === undefined || isTwin ? join(path, this.#take(path, level)) : known;
      this.#given.set(key, path);
    }
    this.#mailboxes.add(key);
    return path;
  }

  #take(folder: string, level: string): string {
    const names = this.#names.get(folder) ?? new UniqueNames();
    this.#names.set(folder, names);
    const name = safeFileName(level, { fallback: "_" });
    // No folder has the name of a file that lies beside it.
    return names.take(/\.(?:eml|mbox)$/i.test(name) ? `${name}_` : name);
  }
}
