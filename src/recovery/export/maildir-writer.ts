import { join } from "node:path";
import { encodeMailboxName, formatMaildirName, type StoredMessage } from "#mail";
import type { RawName } from "#image";
import type { ExportMailbox, ExportWriter, ExportWriterOptions } from "./export-writer.ts";
import { safeFileName, UniqueNames } from "./file-names.ts";
import { makeFolder, NewFile } from "./new-files.ts";

/** Letters a to z. */
const keywordLimit = 26;

type Root = { readonly path: string; readonly names: UniqueNames; hasInbox: boolean };

export type MaildirWriterOptions = ExportWriterOptions & {
  /** Says of a message that a keyword of it found no letter. */
  readonly onKeywordLost: () => void;
};

/**
 * A Maildir, or a Maildir++ for each owner: INBOX at its root, ".Archive.2024" beside it. Flags and
 * keywords in names and `dovecot-keywords`, dates as the files' times, UIDs in `dovecot-uidlist` where
 * every message has one, so that Dovecot opens it as it was.
 */
export function maildirWriter(options: MaildirWriterOptions): ExportWriter {
  const { path, levels, onKeywordLost } = options;
  const owners = new UniqueNames();
  const roots = new Map<string, Root>();
  let open: OpenMaildir | undefined;
  const rootOf = (address: string): Root => {
    if (levels !== "addresses") return known("", () => path);
    return known(address, () => join(path, owners.take(safeFileName(address, { fallback: "_" }))));
  };
  const known = (address: string, make: () => string): Root => {
    const root = roots.get(address) ?? {
      path: make(),
      names: new UniqueNames(),
      hasInbox: false,
    };
    roots.set(address, root);
    return root;
  };
  return {
    begin: (mailbox, messages) => {
      open?.finish();
      const root = rootOf(mailbox.address);
      // One owner may have two INBOXes: one in a spool, one in a mail folder.
      const isRoot = (levels === "none" || mailbox.name === "INBOX") && !root.hasInbox;
      if (isRoot) root.hasInbox = true;
      // A server makes the root an inbox, also where none is exported.
      makeMaildir(root.path);
      const folder = isRoot
        ? root.path
        : join(root.path, root.names.take(folderName(mailbox.name)));
      if (!isRoot) {
        makeMaildir(folder);
        new NewFile(join(folder, "maildirfolder")).finish();
      }
      open = new OpenMaildir(folder, { mailbox, messages, onKeywordLost });
    },
    add: async (message, bytes) => {
      if (open === undefined) throw new Error("a message comes before its mailbox");
      return await open.add(message, bytes);
    },
    finish: async () => open?.finish(),
    close: () => undefined,
  };
}

/** ".Archive.2024" in modified UTF-7; a dot within a level would be two levels. */
function folderName(name: string): string {
  const levels = name.split("/").map((level) => encodeMailboxName(level.replaceAll(".", "_")));
  const folder = `.${levels.join(".")}`;
  return folder.length <= 240 && !/[\0/]|\.\.|\.$/.test(folder)
    ? folder
    : `.${safeFileName(folder.replace(/\.+/g, "_"), { fallback: "_" })}`;
}

function makeMaildir(folder: string): void {
  for (const name of ["cur", "new", "tmp"]) makeFolder(join(folder, name));
}

type OpenMaildirOptions = {
  readonly mailbox: ExportMailbox;
  readonly messages: readonly StoredMessage[];
  readonly onKeywordLost: () => void;
};

class OpenMaildir {
  readonly #folder: string;
  readonly #mailbox: ExportMailbox;
  readonly #onKeywordLost: () => void;
  readonly #keywords: readonly string[];
  readonly #uids: (readonly [uid: number, baseName: string])[] | undefined;
  #count = 0;

  constructor(folder: string, { mailbox, messages, onKeywordLost }: OpenMaildirOptions) {
    this.#folder = folder;
    this.#mailbox = mailbox;
    this.#onKeywordLost = onKeywordLost;
    const names = new Set(messages.flatMap(({ keywords }) => keywords));
    this.#keywords = [...names].filter((name) => /^\S{1,500}$/.test(name)).sort();
    const isNumbered =
      mailbox.uidValidity !== undefined && messages.every(({ uid }) => uid !== undefined);
    this.#uids = isNumbered ? [] : undefined;
  }

  async add(message: StoredMessage, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const number = ++this.#count;
    const file = new NewFile(join(this.#folder, "tmp", `${number}.restante`));
    try {
      for await (const piece of bytes) file.write(piece);
      file.finish({ mtimeNs: message.internalDateNs });
      const seconds = message.internalDateNs / 1_000_000_000n;
      const baseName = `${seconds}.M${number}.restante,S=${file.sizeBytes}`;
      file.renameTo(join(this.#folder, "cur", this.#nameOf(message, baseName)));
      if (message.uid !== undefined) this.#uids?.push([message.uid, baseName]);
    } catch (error) {
      file.discard();
      throw error;
    }
    return file.sizeBytes;
  }

  finish(): void {
    this.#write(
      "dovecot-keywords",
      this.#keywords.slice(0, keywordLimit).map((name, index) => `${index} ${name}`),
    );
    const { uidValidity, uidNext } = this.#mailbox;
    if (this.#uids === undefined || uidValidity === undefined) return;
    const highest = this.#uids.reduce((uid, [other]) => Math.max(uid, other), 0);
    const header = `3 V${uidValidity} N${Math.max(uidNext ?? 1, highest + 1)}`;
    this.#write("dovecot-uidlist", [header, ...this.#uids.map(([uid, name]) => `${uid} :${name}`)]);
  }

  #nameOf({ flags, keywords }: StoredMessage, baseName: string): string {
    let keywordLetters = "";
    for (const keyword of keywords) {
      const index = this.#keywords.indexOf(keyword);
      if (index < 0 || index >= keywordLimit) this.#onKeywordLost();
      else keywordLetters += String.fromCharCode(0x61 + index);
    }
    return formatMaildirName({
      baseName: baseName as RawName,
      flags,
      keywordLetters,
    });
  }

  #write(name: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const file = new NewFile(join(this.#folder, name));
    file.write(Buffer.from(lines.map((line) => `${line}\n`).join("")));
    file.finish();
  }
}
