/**
 * Tells a moment between two that are known. What the catalog keeps is made to fit: later moments get
 * later orders, and of a mailbox that was otherwise then, what moments one after another say alike is
 * divided into before, then and after. The answer is that of a catalog that was told it in its turn.
 */
import type {
  LastSighting,
  MailboxFacts,
  MailboxKey,
  MessageNumber,
  MomentFacts,
  MomentFill,
  NewMessage,
  PlacementFacts,
} from "../catalog.ts";
import { accountText } from "../mailbox-key.ts";
import type { SightingKind } from "../presence.ts";
import type { Database } from "./database.ts";
import { prepareTouched, settleLost, touchOne } from "./forget.ts";
import { RowNumbers } from "./row-numbers.ts";
import { messagesOf, placementRows, placementText } from "./store-moment.ts";
import { storeMessages } from "./store-messages.ts";

export type InsertMomentOptions = {
  /** Row of the history that it belongs to. */
  readonly history: number;
  /** The order of the moment that comes before it; 0: it is the first. */
  readonly before: number;
  /** Fingerprints of the moment before, as `MomentFill` notes them. */
  readonly notes: ReadonlyMap<string, string>;
};

/** What the moment before said of a mailbox. */
type Sighting = {
  readonly number: number;
  readonly kind: SightingKind;
  /** Null: up to the newest. */
  readonly lastOrder: number | null;
};

/** Numbers of a sighting, and of what comes after it. */
type Room = { readonly number: number; readonly after: number };

/** No two rows may have one number, not even while they get others: on their way they are so far off. */
const apart = 2 ** 40;

/** Only while a transaction is held: nothing of it is meant to stay. */
export class InsertedMomentFill implements MomentFill {
  readonly notes: ReadonlyMap<string, string>;
  readonly last: readonly LastSighting[];
  readonly #database: Database;
  readonly #history: number;
  readonly #before: number;
  readonly #order: number;
  readonly #moment: number;
  readonly #numbers: RowNumbers;
  readonly #changed: number[] = [];

  constructor(database: Database, moment: MomentFacts, options: InsertMomentOptions) {
    const { history, before } = options;
    this.#database = database;
    this.#history = history;
    this.#before = before;
    this.#order = before + 1;
    this.#numbers = new RowNumbers(database, history);
    this.#makeRoom();
    const newest = this.#numbers.readLast();
    this.last = newest.flatMap((one) => this.#sightingOf(one) ?? []);
    this.notes = this.#believed(options.notes);
    prepareTouched(database);
    const { id, atNs, ...facts } = moment;
    this.#moment = database.run(
      `INSERT INTO moment (history, ordinal, point, facts, at_ns, problems, done)
         VALUES (?, ?, ?, ?, ?, '[]', 0)`,
      history,
      this.#order,
      id,
      JSON.stringify(facts),
      atNs,
    ).id;
  }

  async openPlacements(mailbox: MailboxKey): Promise<readonly PlacementFacts[]> {
    const id = this.#numbers.knownMailbox(mailbox);
    const listing =
      id === undefined
        ? undefined
        : this.#database.get(
            `SELECT max(number) AS number FROM sighting WHERE mailbox = ? AND first_order <= ?
               AND kind IN ('complete', 'partial')`,
            id,
            this.#before,
          )?.["number"];
    if (id === undefined || typeof listing !== "number") return [];
    return placementRows(this.#database, id, listing).map(({ facts }) => facts);
  }

  async messagesOf(contents: readonly string[]): Promise<ReadonlyMap<string, MessageNumber>> {
    return messagesOf(this.#database, contents);
  }

  async addMessages(messages: readonly NewMessage[]): Promise<readonly MessageNumber[]> {
    return storeMessages(this.#database, messages);
  }

  async record({ mailbox: key, kind, placements = [] }: MailboxFacts): Promise<boolean> {
    // No later moment has it.
    const mailbox = this.#numbers.mailbox(key, "absent");
    const before = this.#at(mailbox);
    const lists = kind === "complete" || kind === "partial";
    const isSame = before?.kind === kind;
    if (isSame && (!lists || this.#isListed(placements, mailbox, before.number))) return false;
    this.#changed.push(mailbox);
    const { number, after } =
      before === undefined ? this.#beginning(mailbox) : this.#divide(mailbox, before);
    this.#addSighting(mailbox, { number, from: this.#order, until: this.#order, kind });
    const next = this.#nextListing(mailbox, after);
    if (lists && next === undefined)
      this.#database.run(
        "UPDATE mailbox SET messages = ? WHERE id = ?",
        placements.length,
        mailbox,
      );
    if (lists) this.#placeAll(placements, { mailbox, number, next });
    return true;
  }

  async finish({ problems }: { readonly problems: readonly string[] }): Promise<void> {
    // What nothing was recorded of is as it was at the moment before.
    this.#database.run(
      `UPDATE sighting SET last_order = ?2 WHERE last_order = ?2 - 1 AND ${ofHistory}
         AND mailbox NOT IN (SELECT value FROM json_each(?3))`,
      this.#history,
      this.#order,
      JSON.stringify(this.#changed),
    );
    settleLost(this.#database);
    this.#database.run(
      "UPDATE moment SET done = 1, problems = ? WHERE id = ?",
      JSON.stringify(problems),
      this.#moment,
    );
  }

  /** All that comes later gets the next order. */
  #makeRoom(): void {
    const [database, history, before] = [this.#database, this.#history, this.#before];
    database.run(
      "UPDATE moment SET ordinal = ordinal + ?3 WHERE history = ?1 AND ordinal > ?2",
      history,
      before,
      apart,
    );
    database.run(
      "UPDATE moment SET ordinal = ordinal - ?2 + 1 WHERE history = ?1 AND ordinal > ?2 / 2",
      history,
      apart,
    );
    for (const end of ["first_order", "last_order"])
      database.run(
        `UPDATE sighting SET ${end} = ${end} + 1 WHERE ${end} > ?2 AND ${ofHistory}`,
        history,
        before,
      );
  }

  /** Undefined: the moment before did not know the mailbox. */
  #at(mailbox: number): Sighting | undefined {
    const row = this.#database.get(
      `SELECT number, kind, last_order FROM sighting WHERE mailbox = ?1 AND first_order <= ?2
         AND (last_order IS NULL OR last_order >= ?2)`,
      mailbox,
      this.#before,
    );
    if (row === undefined) return undefined;
    return {
      number: row["number"] as number,
      kind: row["kind"] as SightingKind,
      lastOrder: row["last_order"] as number | null,
    };
  }

  #sightingOf({ mailbox, fingerprint }: LastSighting): LastSighting | undefined {
    const id = this.#numbers.knownMailbox(mailbox);
    const at = id === undefined ? undefined : this.#at(id);
    if (at === undefined) return undefined;
    // The fingerprint is of the newest list: of this one, where no other came since.
    const isNewest = at.lastOrder === null && fingerprint !== undefined;
    return { mailbox, kind: at.kind, ...(isNewest ? { fingerprint } : {}) };
  }

  /** Of an account that was not whole, or of which something lies elsewhere, its own folder's says too little. */
  #believed(notes: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const doubtful = new Set(
      this.last
        .filter(({ kind }) => kind === "partial" || kind === "failed")
        .map(({ mailbox }) => `account ${accountText(mailbox.account)}`),
    );
    const isNoted = (name: string): boolean =>
      this.#database.get(
        "SELECT 1 AS noted FROM note WHERE history = ? AND name = ?",
        this.#history,
        name,
      ) !== undefined;
    return new Map(
      [...notes].filter(
        ([name]) => !name.startsWith("account ") || (!doubtful.has(name) && isNoted(name)),
      ),
    );
  }

  #isListed(placements: readonly PlacementFacts[], mailbox: number, sighting: number): boolean {
    const before = placementRows(this.#database, mailbox, sighting)
      .map(({ facts }) => placementText(facts))
      .toSorted();
    const now = placements.map(placementText).toSorted();
    return before.length === now.length && before.every((text, index) => text === now[index]);
  }

  /** Room before all that later moments say of it: until then it is not there. */
  #beginning(mailbox: number): Room {
    const first = this.#database.get(
      "SELECT number, first_order FROM sighting WHERE mailbox = ? ORDER BY number LIMIT 1",
      mailbox,
    );
    const after = ((first?.["number"] as number | undefined) ?? 3) - 1;
    const until = first === undefined ? null : (first["first_order"] as number) - 1;
    if (until === null || until > this.#order)
      this.#addSighting(mailbox, { number: after, from: this.#order + 1, until, kind: "absent" });
    return { number: after - 1, after };
  }

  /** Room after what the moment before said, which ends with it, and goes on after where it did. */
  #divide(mailbox: number, { number, kind, lastOrder }: Sighting): Room {
    const database = this.#database;
    const goesOn = lastOrder === null || lastOrder > this.#order;
    const room = goesOn ? 2 : 1;
    database.run(
      "UPDATE sighting SET number = number + ?3 WHERE mailbox = ?1 AND number > ?2",
      mailbox,
      number,
      apart,
    );
    database.run(
      "UPDATE sighting SET number = number - ?2 + ?3 WHERE mailbox = ?1 AND number > ?2 / 2",
      mailbox,
      apart,
      room,
    );
    database.run(
      `UPDATE placement SET first_sighting = first_sighting + ?3
         WHERE mailbox = ?1 AND first_sighting > ?2`,
      mailbox,
      number,
      room,
    );
    // What ends with a sighting ends where that ends.
    database.run(
      `UPDATE placement SET last_sighting = last_sighting + ?3
         WHERE mailbox = ?1 AND last_sighting >= ?2`,
      mailbox,
      goesOn ? number : number + 1,
      room,
    );
    database.run(
      "UPDATE sighting SET last_order = ?3 WHERE mailbox = ?1 AND number = ?2",
      mailbox,
      number,
      this.#before,
    );
    const after = number + 2;
    if (goesOn)
      this.#addSighting(mailbox, {
        number: after,
        from: this.#order + 1,
        until: lastOrder,
        kind,
      });
    return { number: number + 1, after };
  }

  /** The next sighting that lists what the mailbox holds, from a number on. */
  #nextListing(mailbox: number, from: number): number | undefined {
    const row = this.#database.get(
      `SELECT min(number) AS number FROM sighting
         WHERE mailbox = ? AND number >= ? AND kind IN ('complete', 'partial')`,
      mailbox,
      from,
    );
    return (row?.["number"] as number | null | undefined) ?? undefined;
  }

  #addSighting(
    mailbox: number,
    one: {
      readonly number: number;
      readonly from: number;
      readonly until: number | null;
      readonly kind: SightingKind;
    },
  ): void {
    this.#database.run(
      "INSERT INTO sighting (mailbox, number, first_order, last_order, kind) VALUES (?, ?, ?, ?, ?)",
      mailbox,
      one.number,
      one.from,
      one.until,
      one.kind,
    );
  }

  /** What was not listed then ends before it, and begins again with the next list that has it; what was listed then alone is added. */
  #placeAll(
    placements: readonly PlacementFacts[],
    {
      mailbox,
      number,
      next,
    }: { readonly mailbox: number; readonly number: number; readonly next: number | undefined },
  ): void {
    const database = this.#database;
    const wanted = new Map<string, PlacementFacts[]>();
    for (const facts of placements) {
      const text = placementText(facts);
      const same = wanted.get(text);
      if (same === undefined) wanted.set(text, [facts]);
      else same.push(facts);
    }
    for (const { id, facts } of placementRows(database, mailbox, number)) {
      if (wanted.get(placementText(facts))?.pop() !== undefined) continue;
      database.run(
        `INSERT INTO placement (mailbox, message, first_sighting, last_sighting, label, uid, date_ns, size, key)
           SELECT mailbox, message, ?2, last_sighting, label, uid, date_ns, size, key FROM placement
           WHERE id = ?1 AND (last_sighting IS NULL AND ?2 IS NOT NULL OR last_sighting >= ?2)`,
        id,
        next ?? null,
      );
      database.run(
        `UPDATE placement SET last_sighting = (SELECT max(number) FROM sighting
           WHERE mailbox = ?2 AND number < ?3 AND kind IN ('complete', 'partial')) WHERE id = ?1`,
        id,
        mailbox,
        number,
      );
    }
    for (const facts of [...wanted.values()].flat()) {
      database.run(
        `INSERT INTO placement (mailbox, message, first_sighting, last_sighting, label, uid, date_ns, size, key)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        mailbox,
        facts.message,
        number,
        // Where no list comes after it, this is how it was last.
        next === undefined ? null : number,
        this.#numbers.label(facts),
        facts.uid ?? null,
        BigInt.asIntN(64, facts.internalDateNs),
        facts.sizeBytes,
        facts.key,
      );
      touchOne(database, facts.message, mailbox);
    }
  }
}

const ofHistory = `mailbox IN (SELECT mailbox.id FROM mailbox
  JOIN account ON account.id = mailbox.account WHERE account.history = ?1)`;
