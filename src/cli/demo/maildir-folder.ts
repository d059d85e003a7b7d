import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";
import { DemoError } from "./demo-error.ts";

export type Arrival = {
  readonly timeMs: number;
  /** Below the millisecond: 0 to 999. */
  readonly microseconds: number;
  readonly processId: number;
  readonly host: string;
};

export type StoreOptions = {
  readonly arrival: Arrival;
  /** `new` has no flags yet; otherwise Maildir's letters (DFPRST and keyword letters a–z), any order. */
  readonly flags: "new" | { readonly letters: string };
};

type Row = { readonly uid: number; name: string };

/**
 * One folder of a Maildir++ as Dovecot 2.3 keeps it: cur, new, tmp and dovecot-uidlist.
 *
 * `commit()` writes dovecot-uidlist; until then only the message files are there, which is what a
 * server leaves behind, too, when it is stopped between a delivery and its next sync.
 */
export class MaildirFolder {
  readonly path: string;
  readonly #uidValidity: number;
  readonly #guid: string;
  readonly #rows: Map<string, Row> = new Map();
  #nextUid = 1;

  private constructor(path: string, head: { readonly uidValidity: number; readonly guid: string }) {
    this.path = path;
    this.#uidValidity = head.uidValidity;
    this.#guid = head.guid;
  }

  static create(
    path: string,
    head: { readonly uidValidity: number; readonly guid: string },
  ): MaildirFolder {
    for (const part of ["cur", "new", "tmp"]) mkdirSync(join(path, part), { recursive: true });
    return new MaildirFolder(path, head);
  }

  /** The folder, unless it has no dovecot-uidlist, that is, somebody took it away. */
  static openIfThere(path: string): MaildirFolder | undefined {
    return existsSync(join(path, "dovecot-uidlist")) ? MaildirFolder.open(path) : undefined;
  }

  /** Reads the folder from disk. Files that dovecot-uidlist does not know get the next UIDs, in name order. */
  static open(path: string): MaildirFolder {
    const [head = "", ...lines] = readFileSync(join(path, "dovecot-uidlist"), "latin1").split("\n");
    const fields = /^3 V(\d+) N(\d+) G([0-9a-f]{32})$/.exec(head);
    if (fields === null) {
      throw new DemoError(
        "demo.uid-list-unreadable",
        `Cannot open sample folder "${path}": its dovecot-uidlist does not start with a version 3 header`,
        { hint: "Lay the sample server out again in an empty folder." },
      );
    }
    const folder = new MaildirFolder(path, {
      uidValidity: Number(fields[1]),
      guid: fields[3] ?? "",
    });
    folder.#nextUid = Number(fields[2]);
    const present = new Map(folder.#listDisk().map((name) => [baseOf(name), name]));
    for (const line of lines) {
      const row = /^(\d+) [^:]*:(.+)$/.exec(line);
      const base = baseOf(row?.[2] ?? "");
      const name = present.get(base);
      if (row === null || name === undefined) continue;
      folder.#rows.set(base, { uid: Number(row[1]), name });
    }
    for (const [base, name] of present) if (!folder.#rows.has(base)) folder.#add(name);
    return folder;
  }

  get count(): number {
    return this.#rows.size;
  }

  /** Names with flags, in UID order; those in new/ have no `:2,`. */
  get names(): readonly string[] {
    return [...this.#rows.values()].map((row) => row.name);
  }

  /** Writes one message and gives it the next UID. Its mtime, Dovecot's INTERNALDATE, is the arrival. */
  store(parts: readonly Uint8Array[], options: StoreOptions): string {
    const { arrival, flags } = options;
    const sizes = measure(parts);
    const seconds = Math.floor(arrival.timeMs / 1000);
    const fraction = (arrival.timeMs % 1000) * 1000 + arrival.microseconds;
    const base =
      `${seconds}.M${fraction}P${arrival.processId}.${arrival.host}` +
      `,S=${sizes.bytes},W=${sizes.virtualBytes}`;
    const name = flags === "new" ? base : `${base}:2,${sorted(flags.letters)}`;
    const file = openSync(this.#pathOf(name), "wx", 0o600);
    try {
      writevSync(file, parts);
      futimesSync(file, arrival.timeMs / 1000, arrival.timeMs / 1000);
    } finally {
      closeSync(file);
    }
    this.#add(name);
    return name;
  }

  /** Replaces a message's flags, as a client's STORE does: a rename, out of new/ if it was there. */
  setFlags(name: string, letters: string): string {
    const base = baseOf(name);
    const row = this.#rows.get(base);
    assert.ok(row !== undefined, `There is no message ${name} in ${this.path}`);
    const renamed = `${base}:2,${sorted(letters)}`;
    renameSync(this.#pathOf(row.name), this.#pathOf(renamed));
    row.name = renamed;
    return renamed;
  }

  /** IMAP MOVE within one mailbox: the next UID there, gone from here, the same file and INTERNALDATE. */
  moveTo(target: MaildirFolder, name: string): void {
    const seen = name.includes(":2,") ? name : this.setFlags(name, "S");
    renameSync(this.#pathOf(seen), target.#pathOf(seen));
    this.#rows.delete(baseOf(seen));
    target.#add(seen);
  }

  /** Writes dovecot-uidlist (version 3): header, then one row a message, UIDs ascending. */
  commit(): void {
    const rows = [...this.#rows.values()].map((row) => `${row.uid} :${row.name}\n`);
    const head = `3 V${this.#uidValidity} N${this.#nextUid} G${this.#guid}\n`;
    const path = join(this.path, "dovecot-uidlist");
    writeFileSync(`${path}.tmp`, head + rows.join(""), "latin1");
    renameSync(`${path}.tmp`, path);
  }

  #add(name: string): void {
    this.#rows.set(baseOf(name), { uid: this.#nextUid, name });
    this.#nextUid += 1;
  }

  #pathOf(name: string): string {
    return join(this.path, name.includes(":2,") ? "cur" : "new", name);
  }

  #listDisk(): readonly string[] {
    return ["cur", "new"].flatMap((part) =>
      existsSync(join(this.path, part)) ? readdirSync(join(this.path, part), "latin1").sort() : [],
    );
  }
}

/** The letters of a name's flags, or "" for one in new/. */
export function flagsOf(name: string): string {
  const at = name.indexOf(":2,");
  return at < 0 ? "" : name.slice(at + 3);
}

function baseOf(name: string): string {
  const at = name.indexOf(":2,");
  return at < 0 ? name : name.slice(0, at);
}

function sorted(letters: string): string {
  return [...new Set(letters)].sort().join("");
}

/** S= is the size as stored, W= the size with every line end counted as CRLF (RFC822.SIZE). */
function measure(parts: readonly Uint8Array[]): { bytes: number; virtualBytes: number } {
  let bytes = 0;
  let bare = 0;
  let before = 0;
  for (const part of parts) {
    bytes += part.length;
    for (let at = part.indexOf(0x0a); at >= 0; at = part.indexOf(0x0a, at + 1)) {
      if ((at === 0 ? before : part[at - 1]) !== 0x0d) bare += 1;
    }
    before = part.at(-1) ?? before;
  }
  return { bytes, virtualBytes: bytes + bare };
}
