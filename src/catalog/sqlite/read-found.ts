/** Messages as they are told: their places over time, worked out from what the moments say. */
import type { RawPath } from "#image";
import type {
  FoundMessage,
  FoundPlacement,
  KnownAccount,
  KnownMoment,
  MomentInterval,
  PlacementState,
} from "../catalog.ts";
import {
  type Interval,
  type PlacementRun,
  presenceNow,
  presenceOf,
  type Sighting,
  type SightingKind,
} from "../presence.ts";
import type { Database, Row } from "./database.ts";
import { accountOf, readMoments } from "./read-known.ts";

type History = {
  readonly orders: readonly number[];
  readonly byOrder: ReadonlyMap<number, KnownMoment>;
};

type Mailbox = {
  readonly name: string;
  readonly path: RawPath;
  readonly now: SightingKind;
  readonly account: KnownAccount;
  readonly history: History;
  readonly sightings: readonly Sighting[];
};

/** Reads for one answer: what several of its messages share is read once. */
export class FoundReader {
  readonly #database: Database;
  readonly #accounts: ReadonlySet<number> | undefined;
  readonly #histories = new Map<string, History>();
  readonly #mailboxes = new Map<number, Mailbox>();

  constructor(database: Database, accounts: readonly number[] | undefined) {
    this.#database = database;
    this.#accounts = accounts === undefined ? undefined : new Set(accounts);
  }

  /** Undefined where no moment that is there has it. */
  message(id: number): FoundMessage | undefined {
    const row = this.#database.get("SELECT * FROM message WHERE id = ?", id);
    if (row === undefined) return undefined;
    const placements = this.#placements(id);
    if (placements.length === 0) return undefined;
    const dateS = row["date_s"] as number | null;
    return {
      identity: Buffer.from(row["identity"] as Uint8Array).toString("hex"),
      ...(dateS === null ? {} : { dateS }),
      sizeBytes: row["size"] as number,
      subject: row["subject"] as string,
      from: row["sender"] as string,
      to: row["recipients"] as string,
      cc: row["copies"] as string,
      messageId: row["message_id"] as string,
      attachmentNames: JSON.parse(row["attachments"] as string) as string[],
      hasAttachment: row["has_attachment"] === 1,
      placements,
    };
  }

  #placements(message: number): readonly FoundPlacement[] {
    const rows = this.#database.all(
      `SELECT placement.mailbox, placement.first_sighting, placement.last_sighting, placement.uid,
         CAST(placement.date_ns AS TEXT) AS date_ns, placement.size, placement.key,
         label.flags, label.keywords
       FROM placement JOIN label ON label.id = placement.label WHERE placement.message = ?
       ORDER BY placement.mailbox, placement.first_sighting, placement.uid`,
      message,
    );
    const found: FoundPlacement[] = [];
    for (const [mailbox, ofMailbox] of Map.groupBy(rows, (row) => row["mailbox"] as number)) {
      const place = this.#mailboxOf(mailbox);
      if (this.#accounts?.has(place.account.id) === false) continue;
      const placement = placementOf(place, ofMailbox);
      if (placement !== undefined) found.push(placement);
    }
    return found.toSorted((a, b) => compare(placeText(a), placeText(b)));
  }

  #mailboxOf(id: number): Mailbox {
    const known = this.#mailboxes.get(id);
    if (known !== undefined) return known;
    const row = this.#database.get(
      `SELECT mailbox.name, mailbox.path, mailbox.now, account.id AS account, account.layout,
         account.root, account.owner, history.name AS history
       FROM mailbox JOIN account ON account.id = mailbox.account
       JOIN history ON history.id = account.history WHERE mailbox.id = ?`,
      id,
    ) as Row;
    const sightings = this.#database.all(
      "SELECT number, first_order, last_order, kind FROM sighting WHERE mailbox = ? ORDER BY number",
      id,
    );
    const mailbox: Mailbox = {
      name: row["name"] as string,
      path: row["path"] as RawPath,
      now: row["now"] as SightingKind,
      account: accountOf(row),
      history: this.#historyOf(row["history"] as string),
      sightings: sightings.map(({ number, first_order, last_order, kind }) => ({
        number: number as number,
        firstOrder: first_order as number,
        ...(last_order === null ? {} : { lastOrder: last_order as number }),
        kind: kind as SightingKind,
      })),
    };
    this.#mailboxes.set(id, mailbox);
    return mailbox;
  }

  #historyOf(name: string): History {
    const known = this.#histories.get(name);
    if (known !== undefined) return known;
    const moments = readMoments(this.#database, name);
    const history = {
      orders: moments.map(({ order }) => order),
      byOrder: new Map(moments.map((moment) => [moment.order, moment])),
    };
    this.#histories.set(name, history);
    return history;
  }
}

function placementOf(mailbox: Mailbox, rows: readonly Row[]): FoundPlacement | undefined {
  const { history, sightings, account, name, path, now } = mailbox;
  const facts = { orders: history.orders, sightings };
  const told = (intervals: readonly Interval[]): readonly MomentInterval[] =>
    intervals.map((interval) => intervalOf(interval, history));
  const levels = presenceOf({ ...facts, runs: rows.map(runOf) });
  const [atLeastOnce] = levels;
  if (atLeastOnce === undefined) return undefined;
  const states = [...Map.groupBy(rows, stateText).values()].flatMap((alike): PlacementState[] => {
    const [intervals] = presenceOf({ ...facts, runs: alike.map(runOf) });
    const [row] = alike;
    return intervals === undefined || row === undefined
      ? []
      : [{ ...stateOf(row, path), intervals: told(intervals) }];
  });
  return {
    account,
    mailbox: name,
    mailboxPath: path,
    now: presenceNow(atLeastOnce, history.orders.at(-1) ?? 0),
    mailboxNow: now,
    presence: levels.map(told),
    states: states.toSorted(
      (a, b) =>
        (a.intervals[0]?.from.order ?? 0) - (b.intervals[0]?.from.order ?? 0) ||
        (a.uid ?? 0) - (b.uid ?? 0) ||
        compare(a.key, b.key),
    ),
  };
}

function intervalOf(interval: Interval, { byOrder }: History): MomentInterval {
  return Object.fromEntries(
    Object.entries(interval).map(([end, order]) => [end, byOrder.get(order)]),
  ) as unknown as MomentInterval;
}

function runOf(row: Row): PlacementRun {
  const last = row["last_sighting"] as number | null;
  return {
    firstSighting: row["first_sighting"] as number,
    ...(last === null ? {} : { lastSighting: last }),
  };
}

function stateText(row: Row): string {
  return JSON.stringify([
    row["uid"],
    row["date_ns"],
    row["size"],
    row["key"],
    row["flags"],
    row["keywords"],
  ]);
}

function stateOf(row: Row, mailboxPath: RawPath): Omit<PlacementState, "intervals"> {
  const uid = row["uid"] as number | null;
  const key = row["key"] as string;
  return {
    ...(uid === null ? {} : { uid }),
    flags: JSON.parse(row["flags"] as string) as string[],
    keywords: JSON.parse(row["keywords"] as string) as string[],
    internalDateNs: BigInt(row["date_ns"] as string),
    sizeBytes: row["size"] as number,
    // What all keys of the mailbox begin with is not kept with each.
    key: key.startsWith("/") ? mailboxPath + key : key,
  };
}

function placeText({ account, mailbox, mailboxPath }: FoundPlacement): string {
  return JSON.stringify([account.history, account.root, account.owner, mailbox, mailboxPath]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
