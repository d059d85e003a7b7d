/**
 * Forgetting moments, and with them what only they held. What stays is made to look as if they had
 * never been: ends that lay in them are open again where nothing newer is left.
 */
import type { Database, Value } from "./database.ts";

/** Forgets these moments, by their rows, of one history. */
export function forgetMoments(
  database: Database,
  history: number,
  moments: readonly number[],
): void {
  if (moments.length === 0) return;
  const newestBefore = newestOrder(database, history);
  for (const id of moments) database.run("DELETE FROM moment WHERE id = ?", id);
  database.exec(
    `CREATE TEMP TABLE IF NOT EXISTS loose (mailbox INTEGER PRIMARY KEY);
     DELETE FROM temp.loose;`,
  );
  prepareTouched(database);
  forgetSightings(database, history);
  const newest = newestOrder(database, history);
  if (newest !== newestBefore) {
    database.run("DELETE FROM note WHERE history = ?", history);
    if (newest !== undefined) reopenSightings(database, { history, newest });
  }
  for (const row of database.all("SELECT mailbox FROM temp.loose ORDER BY mailbox"))
    settleMailbox(database, row["mailbox"] as number);
  settleLost(database);
  database.run(
    "DELETE FROM account WHERE history = ? AND NOT EXISTS (SELECT 1 FROM mailbox WHERE account = account.id)",
    history,
  );
  if (newest === undefined) database.run("DELETE FROM history WHERE id = ?", history);
  database.run("INSERT OR REPLACE INTO setting (name, value) VALUES ('orphans', '1')");
}

/** What a process that died, or was interrupted, had begun to tell; whether there was any. */
export function forgetUnfinished(database: Database): boolean {
  const rows = database.all("SELECT id, history FROM moment WHERE done = 0");
  if (rows.length === 0) return false;
  database.within(() => {
    for (const row of rows)
      forgetMoments(database, row["history"] as number, [row["id"] as number]);
  });
  return true;
}

/** The order of the newest moment that is there whole. */
export function newestOrder(database: Database, history: number): number | undefined {
  const row = database.get(
    "SELECT max(ordinal) AS newest FROM moment WHERE history = ? AND done = 1",
    history,
  );
  return (row?.["newest"] as number | null | undefined) ?? undefined;
}

const isSeen = `EXISTS (SELECT 1 FROM moment WHERE moment.history = ?1 AND moment.done = 1
  AND moment.ordinal >= sighting.first_order
  AND (sighting.last_order IS NULL OR moment.ordinal <= sighting.last_order))`;
const ofHistory = `mailbox IN (SELECT mailbox.id FROM mailbox
  JOIN account ON account.id = mailbox.account WHERE account.history = ?1)`;

function forgetSightings(database: Database, history: number): void {
  database.run(
    `INSERT OR IGNORE INTO temp.loose SELECT mailbox FROM sighting WHERE ${ofHistory} AND NOT ${isSeen}`,
    history,
  );
  database.run(`DELETE FROM sighting WHERE ${ofHistory} AND NOT ${isSeen}`, history);
}

function reopenSightings(
  database: Database,
  { history, newest }: { readonly history: number; readonly newest: number },
): void {
  const closed = `${ofHistory} AND last_order >= ?2`;
  database.run(
    `INSERT OR IGNORE INTO temp.loose SELECT mailbox FROM sighting WHERE ${closed}`,
    history,
    newest,
  );
  database.run(`UPDATE sighting SET last_order = NULL WHERE ${closed}`, history, newest);
}

const listing = "sighting.kind IN ('complete', 'partial')";

/** The newest sighting that lists what a mailbox holds. */
export function newestListing(database: Database, mailbox: number): number | null {
  const row = database.get(
    `SELECT max(number) AS number FROM sighting WHERE mailbox = ? AND ${listing}`,
    mailbox,
  );
  return (row?.["number"] as number | null | undefined) ?? null;
}

/** Makes a mailbox fit the sightings that are left of it. */
function settleMailbox(database: Database, mailbox: number): void {
  const isUnlisted = `placement.mailbox = ?1 AND NOT EXISTS (SELECT 1 FROM sighting
    WHERE sighting.mailbox = ?1 AND ${listing} AND sighting.number >= placement.first_sighting
    AND (placement.last_sighting IS NULL OR sighting.number <= placement.last_sighting))`;
  touch(database, mailbox, isUnlisted);
  database.run(`DELETE FROM placement WHERE ${isUnlisted}`, mailbox);
  const last = newestListing(database, mailbox);
  if (last !== null) {
    // Ends stay at sightings that are there: of two placements the one that ended later can be told.
    database.run(
      `UPDATE placement SET last_sighting = (SELECT max(number) FROM sighting WHERE mailbox = ?1
         AND ${listing} AND number <= placement.last_sighting)
       WHERE mailbox = ?1 AND last_sighting IS NOT NULL`,
      mailbox,
    );
    const isOpen = "placement.mailbox = ?1 AND placement.last_sighting = ?2";
    touch(database, mailbox, isOpen, last);
    database.run(`UPDATE placement SET last_sighting = NULL WHERE ${isOpen}`, mailbox, last);
  }
  const now = database.get(
    "SELECT kind FROM sighting WHERE mailbox = ? ORDER BY number DESC LIMIT 1",
    mailbox,
  )?.["kind"] as string | undefined;
  const isKnown =
    database.get(
      "SELECT 1 AS known FROM sighting WHERE mailbox = ? AND kind <> 'absent'",
      mailbox,
    ) !== undefined;
  if (now === undefined || !isKnown) {
    database.run("DELETE FROM sighting WHERE mailbox = ?", mailbox);
    database.run("DELETE FROM mailbox WHERE id = ?", mailbox);
    return;
  }
  const lists = now === "complete" || now === "partial" ? 1 : 0;
  const turned =
    database.get("SELECT 1 AS turned FROM mailbox WHERE id = ? AND lists <> ?", mailbox, lists) !==
    undefined;
  database.run(
    `UPDATE mailbox SET now = ?2, lists = ?3, fingerprint = NULL, messages =
       (SELECT count(*) FROM placement WHERE mailbox = ?1 AND last_sighting IS NULL) WHERE id = ?1`,
    mailbox,
    now,
    lists,
  );
  if (turned)
    touch(database, mailbox, "placement.mailbox = ?1 AND placement.last_sighting IS NULL");
}

/** What may be lost, or found again: which messages of which account. */
export function prepareTouched(database: Database): void {
  database.exec(
    `CREATE TEMP TABLE IF NOT EXISTS touched (
       message INTEGER, account INTEGER, PRIMARY KEY (message, account)) WITHOUT ROWID;
     DELETE FROM temp.touched;`,
  );
}

/** `condition` on placements names the mailbox ?1, and what is given beside it ?2. */
export function touch(
  database: Database,
  mailbox: number,
  condition: string,
  ...values: readonly Value[]
): void {
  database.run(
    `INSERT OR IGNORE INTO temp.touched SELECT placement.message, mailbox.account FROM placement
       JOIN mailbox ON mailbox.id = placement.mailbox WHERE ${condition}`,
    mailbox,
    ...values,
  );
}

export function touchOne(database: Database, message: number, mailbox: number): void {
  database.run(
    "INSERT OR IGNORE INTO temp.touched SELECT ?, account FROM mailbox WHERE id = ?",
    message,
    mailbox,
  );
}

/** Says anew of all that was touched whether any mailbox of its account holds it now. */
export function settleLost(database: Database): void {
  const held = (condition: string): string =>
    `EXISTS (SELECT 1 FROM placement JOIN mailbox ON mailbox.id = placement.mailbox
       WHERE placement.message = touched.message AND mailbox.account = touched.account ${condition})`;
  database.run(
    "DELETE FROM lost WHERE (message, account) IN (SELECT message, account FROM temp.touched)",
  );
  database.run(
    `INSERT INTO lost SELECT message, account FROM temp.touched WHERE ${held("")}
       AND NOT ${held("AND placement.last_sighting IS NULL AND mailbox.lists = 1")}`,
  );
  database.run("DELETE FROM temp.touched");
}

/** Removes messages that no moment has any more. */
export function removeOrphans(database: Database): void {
  database.within(() => {
    database.exec(
      `CREATE TEMP TABLE IF NOT EXISTS orphan (message INTEGER PRIMARY KEY);
       DELETE FROM temp.orphan;
       INSERT INTO temp.orphan SELECT id FROM message
         WHERE NOT EXISTS (SELECT 1 FROM placement WHERE placement.message = message.id);
       DELETE FROM words WHERE rowid IN (SELECT message FROM temp.orphan);
       DELETE FROM content WHERE message IN (SELECT message FROM temp.orphan);
       DELETE FROM message WHERE id IN (SELECT message FROM temp.orphan);
       DELETE FROM temp.orphan;
       DELETE FROM label WHERE id NOT IN (SELECT label FROM placement);
       DELETE FROM setting WHERE name = 'orphans';`,
    );
  });
}
