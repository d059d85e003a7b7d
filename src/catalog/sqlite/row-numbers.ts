import type { RawPath } from "#image";
import type { MailLayout } from "#mail";
import type { AccountKey, LastSighting, MailboxKey, PlacementFacts } from "../catalog.ts";
import { accountText, mailboxText } from "../mailbox-key.ts";
import type { SightingKind } from "../presence.ts";
import type { Database } from "./database.ts";

/** Rows of the accounts, mailboxes and labels of one history, by what they are of. Made where they are not there. */
export class RowNumbers {
  readonly #database: Database;
  readonly #history: number;
  readonly #accounts = new Map<string, number>();
  readonly #mailboxes = new Map<string, number>();
  readonly #labels = new Map<string, number>();

  constructor(database: Database, history: number) {
    this.#database = database;
    this.#history = history;
  }

  /** What the newest moment said of every mailbox; all of them are known from then on. */
  readLast(): readonly LastSighting[] {
    const rows = this.#database.all(
      `SELECT mailbox.id, mailbox.name, mailbox.path, mailbox.now, mailbox.fingerprint,
         mailbox.account, account.layout, account.root, account.owner
       FROM mailbox JOIN account ON account.id = mailbox.account WHERE account.history = ?`,
      this.#history,
    );
    return rows.map((row) => {
      const owner = row["owner"] as string;
      const account: AccountKey = {
        layout: row["layout"] as MailLayout,
        root: row["root"] as RawPath,
        ...(owner === "" ? {} : { owner }),
      };
      const mailbox = { account, name: row["name"] as string, path: row["path"] as RawPath };
      this.#accounts.set(accountText(account), row["account"] as number);
      this.#mailboxes.set(mailboxText(mailbox), row["id"] as number);
      const fingerprint = row["fingerprint"] as string | null;
      return {
        mailbox,
        kind: row["now"] as SightingKind,
        ...(fingerprint === null ? {} : { fingerprint }),
      };
    });
  }

  knownMailbox(key: MailboxKey): number | undefined {
    return this.#mailboxes.get(mailboxText(key));
  }

  /** One that is made is of this kind now. */
  mailbox(key: MailboxKey, kind: SightingKind): number {
    const text = mailboxText(key);
    const known = this.#mailboxes.get(text);
    if (known !== undefined) return known;
    const { id } = this.#database.run(
      "INSERT INTO mailbox (account, name, path, now, lists, messages) VALUES (?, ?, ?, ?, 0, 0)",
      this.#account(key.account),
      key.name,
      key.path,
      kind,
    );
    this.#mailboxes.set(text, id);
    return id;
  }

  label({ flags, keywords }: Pick<PlacementFacts, "flags" | "keywords">): number {
    const [flagText, keywordText] = [JSON.stringify(flags), JSON.stringify(keywords)];
    const text = `${flagText}${keywordText}`;
    let id = this.#labels.get(text);
    if (id !== undefined) return id;
    const known = this.#database.get(
      "SELECT id FROM label WHERE flags = ? AND keywords = ?",
      flagText,
      keywordText,
    );
    id =
      (known?.["id"] as number | undefined) ??
      this.#database.run("INSERT INTO label (flags, keywords) VALUES (?, ?)", flagText, keywordText)
        .id;
    this.#labels.set(text, id);
    return id;
  }

  #account(key: AccountKey): number {
    const text = accountText(key);
    const known = this.#accounts.get(text);
    if (known !== undefined) return known;
    const { id } = this.#database.run(
      "INSERT INTO account (history, layout, root, owner) VALUES (?, ?, ?, ?)",
      this.#history,
      key.layout,
      key.root,
      key.owner ?? "",
    );
    this.#accounts.set(text, id);
    return id;
  }
}

/** The row of a history, by its name. */
export function historyRow(database: Database, name: string): number {
  const known = database.get("SELECT id FROM history WHERE name = ?", name);
  return (
    (known?.["id"] as number | undefined) ??
    database.run("INSERT INTO history (name) VALUES (?)", name).id
  );
}
