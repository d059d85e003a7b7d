/** Moments, accounts and mailboxes that a catalog knows. */
import type { RawPath } from "#image";
import type { MailLayout } from "#mail";
import type { KnownAccount, KnownMailbox, KnownMoment } from "../catalog.ts";
import type { SightingKind } from "../presence.ts";
import type { Database, Row } from "./database.ts";

/** Oldest first within each history; of one history, or of all. */
export function readMoments(database: Database, history?: string): readonly KnownMoment[] {
  const condition = history === undefined ? "" : "AND history.name = ?";
  const rows = database.all(
    `SELECT moment.point, moment.ordinal, moment.facts, CAST(moment.at_ns AS TEXT) AS at_ns,
       moment.problems, history.name AS history FROM moment
     JOIN history ON history.id = moment.history WHERE moment.done = 1 ${condition}
     ORDER BY history.name, moment.ordinal`,
    ...(history === undefined ? [] : [history]),
  );
  return rows.map((row) => ({
    ...(JSON.parse(row["facts"] as string) as Pick<KnownMoment, "group" | "hostname" | "paths">),
    id: row["point"] as string,
    history: row["history"] as string,
    order: row["ordinal"] as number,
    atNs: BigInt(row["at_ns"] as string),
    problems: JSON.parse(row["problems"] as string) as string[],
  }));
}

/** From a row with `account`, `history` (its name), `layout`, `root`, `owner`. */
export function accountOf(row: Row): KnownAccount {
  const owner = row["owner"] as string;
  return {
    id: row["account"] as number,
    history: row["history"] as string,
    layout: row["layout"] as MailLayout,
    root: row["root"] as RawPath,
    ...(owner === "" ? {} : { owner }),
  };
}

export function readAccounts(database: Database): readonly KnownAccount[] {
  const rows = database.all(
    `SELECT account.id AS account, account.layout, account.root, account.owner,
       history.name AS history FROM account JOIN history ON history.id = account.history
     ORDER BY history.name, account.root, account.owner`,
  );
  return rows.map(accountOf);
}

/** By account, then by name. */
export function readMailboxes(database: Database): readonly KnownMailbox[] {
  const rows = database.all(
    `SELECT mailbox.name, mailbox.path, mailbox.now, mailbox.messages,
       account.id AS account, account.layout, account.root, account.owner,
       history.name AS history,
       coalesce(
         (SELECT max(last_order) + 1 FROM sighting
           WHERE sighting.mailbox = mailbox.id AND sighting.kind <> mailbox.now),
         (SELECT min(first_order) FROM sighting WHERE sighting.mailbox = mailbox.id)) AS since,
       mailbox.now <> 'complete' AND (mailbox.now <> 'empty' OR EXISTS
         (SELECT 1 FROM placement WHERE placement.mailbox = mailbox.id)) AS doubtful
     FROM mailbox JOIN account ON account.id = mailbox.account
     JOIN history ON history.id = account.history
     ORDER BY history.name, account.root, account.owner, mailbox.name`,
  );
  const moments = Map.groupBy(readMoments(database), ({ history }) => history);
  return rows.flatMap((row): KnownMailbox[] => {
    const since = moments
      .get(row["history"] as string)
      ?.find(({ order }) => order >= (row["since"] as number));
    // Of a moment that is being told.
    if (since === undefined) return [];
    return [
      {
        account: accountOf(row),
        name: row["name"] as string,
        path: row["path"] as RawPath,
        now: row["now"] as SightingKind,
        messages: row["messages"] as number,
        since,
        isDoubtful: row["doubtful"] === 1,
      },
    ];
  });
}
