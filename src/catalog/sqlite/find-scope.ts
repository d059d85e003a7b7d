/** Which mailboxes a search is meant for, in temporary tables that its SQL looks things up in. */
import type { FindOptions } from "../catalog.ts";
import type { Query } from "../query/query.ts";
import type { Database } from "./database.ts";

/**
 * `all`: no table says anything. `mailboxes`: temp.scope_mailbox has the mailboxes that are meant, and
 * temp.scope_account their accounts. `candidates`: so do they, and temp.candidate has the messages that
 * ever lay in them, with the flags that are meant, which are not many.
 */
export type Scope =
  | { readonly kind: "all" }
  | { readonly kind: "mailboxes" }
  | { readonly kind: "candidates"; readonly count: number };

/** More are not gathered: then the words come first, and each message is looked up. */
const mostCandidates = 20_000;

export function chooseScope(
  database: Database,
  { conditions }: Query,
  {
    accounts,
    labels,
  }: Pick<FindOptions, "accounts"> & { readonly labels: readonly number[] | undefined },
): Scope {
  const names = conditions.filter((one) => one.kind === "in");
  if (accounts === undefined && names.length === 0) return { kind: "all" };
  const meant = accounts === undefined ? undefined : new Set(accounts);
  const rows = database
    .all("SELECT id, account, name FROM mailbox")
    .filter(
      (row) =>
        (meant === undefined || meant.has(row["account"] as number)) &&
        names.every(({ mailbox, isNot }) => isWithin(row["name"] as string, mailbox) !== isNot),
    );
  database.exec(
    `CREATE TEMP TABLE IF NOT EXISTS scope_mailbox (mailbox INTEGER PRIMARY KEY);
     CREATE TEMP TABLE IF NOT EXISTS scope_account (account INTEGER PRIMARY KEY);
     CREATE TEMP TABLE IF NOT EXISTS candidate (message INTEGER PRIMARY KEY);
     DELETE FROM temp.scope_mailbox; DELETE FROM temp.scope_account; DELETE FROM temp.candidate;`,
  );
  database.run(
    "INSERT INTO temp.scope_mailbox SELECT value FROM json_each(?)",
    JSON.stringify(rows.map((row) => row["id"])),
  );
  const scoped = accounts ?? [...new Set(rows.map((row) => row["account"]))];
  database.run(
    "INSERT OR IGNORE INTO temp.scope_account SELECT value FROM json_each(?)",
    JSON.stringify(scoped),
  );
  const placements = `temp.scope_mailbox
    CROSS JOIN placement ON placement.mailbox = scope_mailbox.mailbox`;
  const isMany = database.get(
    `SELECT 1 AS many FROM ${placements} LIMIT 1 OFFSET ?`,
    mostCandidates,
  );
  if (isMany !== undefined) return { kind: "mailboxes" };
  const { changes: count } = database.run(
    `INSERT OR IGNORE INTO temp.candidate SELECT placement.message FROM ${placements}
       WHERE ?1 IS NULL OR placement.label IN (SELECT value FROM json_each(?1))`,
    labels === undefined ? null : JSON.stringify(labels),
  );
  return { kind: "candidates", count };
}

/** "Archive" is also "Archive/2024"; many clients show "INBOX/Invoices" for what the server keeps as "Invoices". */
function isWithin(name: string, wanted: string): boolean {
  const lower = name.toLowerCase();
  return [wanted.toLowerCase(), wanted.toLowerCase().replace(/^inbox\//, "")].some(
    (one) => lower === one || lower.startsWith(`${one}/`),
  );
}
