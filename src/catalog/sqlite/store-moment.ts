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
import type { Database } from "./database.ts";
import {
  newestListing,
  newestOrder,
  prepareTouched,
  settleLost,
  touch,
  touchOne,
} from "./forget.ts";
import { historyRow, RowNumbers } from "./row-numbers.ts";
import { storeMessages } from "./store-messages.ts";

/** Rows written before they are made to last: what a process that dies has done is not all lost. */
const rowsPerTransaction = 20_000;

/** Takes one moment. Its row says that it is not whole until `finish`. */
export class SqliteMomentFill implements MomentFill {
  readonly notes: ReadonlyMap<string, string>;
  readonly last: readonly LastSighting[];
  readonly #database: Database;
  readonly #onAdded: (messages: number) => void;
  readonly #moment: number;
  readonly #history: number;
  readonly #ordinal: number;
  readonly #numbers: RowNumbers;
  /** Whether anything is lost that could be found again. */
  readonly #mayBeFound: boolean;
  #rows = 0;

  constructor(
    database: Database,
    moment: MomentFacts,
    { onAdded }: { readonly onAdded: (messages: number) => void },
  ) {
    this.#database = database;
    this.#onAdded = onAdded;
    this.#history = historyRow(database, moment.history);
    this.#ordinal = (newestOrder(database, this.#history) ?? 0) + 1;
    this.notes = notesOf(database, this.#history);
    this.#numbers = new RowNumbers(database, this.#history);
    this.last = this.#numbers.readLast();
    this.#mayBeFound = database.get("SELECT 1 AS lost FROM lost LIMIT 1") !== undefined;
    prepareTouched(database);
    const { id, atNs, ...facts } = moment;
    this.#moment = database.run(
      `INSERT INTO moment (history, ordinal, point, facts, at_ns, problems, done)
         VALUES (?, ?, ?, ?, ?, '[]', 0)`,
      this.#history,
      this.#ordinal,
      id,
      JSON.stringify(facts),
      atNs,
    ).id;
  }

  async openPlacements(mailbox: MailboxKey): Promise<readonly PlacementFacts[]> {
    const id = this.#numbers.knownMailbox(mailbox);
    if (id === undefined) return [];
    return placementRows(this.#database, id).map(({ facts }) => facts);
  }

  async messagesOf(contents: readonly string[]): Promise<ReadonlyMap<string, MessageNumber>> {
    return messagesOf(this.#database, contents);
  }

  async addMessages(messages: readonly NewMessage[]): Promise<readonly MessageNumber[]> {
    this.#onAdded(messages.length);
    return this.#writing(messages.length, () => storeMessages(this.#database, messages));
  }

  async record(facts: MailboxFacts): Promise<boolean> {
    return this.#writing(1, () => this.#record(facts));
  }

  async finish({
    problems,
    notes,
  }: {
    readonly problems: readonly string[];
    readonly notes: ReadonlyMap<string, string>;
  }): Promise<void> {
    this.#writing(0, () => {
      settleLost(this.#database);
      this.#keepNotes(notes);
      this.#database.run(
        "UPDATE moment SET done = 1, problems = ? WHERE id = ?",
        JSON.stringify(problems),
        this.#moment,
      );
    });
    if (this.#database.isInTransaction) this.#database.commit();
  }

  /** Most are as they were. */
  #keepNotes(notes: ReadonlyMap<string, string>): void {
    for (const name of this.notes.keys()) {
      if (!notes.has(name))
        this.#database.run("DELETE FROM note WHERE history = ? AND name = ?", this.#history, name);
    }
    for (const [name, fingerprint] of notes) {
      if (this.notes.get(name) === fingerprint) continue;
      this.#database.run(
        "INSERT OR REPLACE INTO note VALUES (?, ?, ?)",
        this.#history,
        name,
        fingerprint,
      );
    }
  }

  #writing<Result>(rows: number, work: () => Result): Result {
    const database = this.#database;
    if (!database.isInTransaction) database.begin();
    const result = work();
    this.#rows += rows;
    if (this.#rows >= rowsPerTransaction) {
      database.commit();
      this.#rows = 0;
    }
    return result;
  }

  #record({ mailbox: key, kind, fingerprint, placements }: MailboxFacts): boolean {
    const database = this.#database;
    const mailbox = this.#numbers.mailbox(key, kind);
    const lists = kind === "complete" || kind === "partial";
    const last = database.get(
      `SELECT number, kind, last_order FROM sighting WHERE mailbox = ? ORDER BY number DESC LIMIT 1`,
      mailbox,
    );
    const isSame = last?.["kind"] === kind && last["last_order"] === null;
    const number = ((last?.["number"] as number | undefined) ?? 0) + 1;
    const changed = lists ? this.#placeAll(placements ?? [], { mailbox, number, isSame }) : !isSame;
    // An unlistable or missing mailbox may come back as it was: what it was like is kept.
    if (lists || kind === "empty")
      this.#noteList(mailbox, fingerprint, lists ? (placements?.length ?? 0) : undefined);
    if (!changed) return false;
    if (last !== undefined && last["last_order"] === null) {
      database.run(
        "UPDATE sighting SET last_order = ? WHERE mailbox = ? AND number = ?",
        this.#ordinal - 1,
        mailbox,
        number - 1,
      );
    }
    database.run(
      "INSERT INTO sighting (mailbox, number, first_order, kind) VALUES (?, ?, ?, ?)",
      mailbox,
      number,
      this.#ordinal,
      kind,
    );
    const turned =
      last !== undefined &&
      database.get(
        "SELECT 1 AS turned FROM mailbox WHERE id = ? AND lists <> ?",
        mailbox,
        lists ? 1 : 0,
      ) !== undefined;
    database.run(
      "UPDATE mailbox SET now = ?, lists = ? WHERE id = ?",
      kind,
      lists ? 1 : 0,
      mailbox,
    );
    if (turned)
      touch(database, mailbox, "placement.mailbox = ?1 AND placement.last_sighting IS NULL");
    return true;
  }

  #noteList(mailbox: number, fingerprint: string | undefined, messages: number | undefined): void {
    this.#database.run(
      "UPDATE mailbox SET fingerprint = ?, messages = coalesce(?, messages) WHERE id = ?",
      fingerprint ?? null,
      messages ?? null,
      mailbox,
    );
  }

  /** Closes what is not listed any more and adds what is new; whether anything differs. */
  #placeAll(
    placements: readonly PlacementFacts[],
    {
      mailbox,
      number,
      isSame,
    }: { readonly mailbox: number; readonly number: number; readonly isSame: boolean },
  ): boolean {
    const database = this.#database;
    const open = new Map<string, { readonly id: number; readonly message: MessageNumber }[]>();
    for (const { id, facts } of placementRows(database, mailbox)) {
      const text = placementText(facts);
      const one = { id, message: facts.message };
      const same = open.get(text);
      if (same === undefined) open.set(text, [one]);
      else same.push(one);
    }
    const fresh =
      open.size === 0
        ? placements
        : placements.filter((facts) => open.get(placementText(facts))?.pop() === undefined);
    const closed = [...open.values()].flat();
    if (isSame && fresh.length === 0 && closed.length === 0) return false;
    const lastListing = closed.length === 0 ? null : newestListing(database, mailbox);
    for (const { id, message } of closed) {
      database.run("UPDATE placement SET last_sighting = ? WHERE id = ?", lastListing, id);
      touchOne(database, message, mailbox);
    }
    for (const facts of fresh) this.#place(facts, mailbox, number);
    this.#rows += closed.length + fresh.length;
    return true;
  }

  #place(facts: PlacementFacts, mailbox: number, number: number): void {
    this.#database.run(
      `INSERT INTO placement (mailbox, message, first_sighting, label, uid, date_ns, size, key)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      mailbox,
      facts.message,
      number,
      this.#numbers.label(facts),
      facts.uid ?? null,
      BigInt.asIntN(64, facts.internalDateNs),
      facts.sizeBytes,
      facts.key,
    );
    if (this.#mayBeFound) touchOne(this.#database, facts.message, mailbox);
  }
}

export function messagesOf(
  database: Database,
  contents: readonly string[],
): ReadonlyMap<string, MessageNumber> {
  const known = new Map<string, MessageNumber>();
  if (database.get("SELECT 1 AS some FROM content LIMIT 1") === undefined) return known;
  for (const content of contents) {
    const row = database.get(
      "SELECT message FROM content WHERE digest = ?",
      Buffer.from(content, "hex"),
    );
    if (row !== undefined) known.set(content, row["message"] as MessageNumber);
  }
  return known;
}

/** What differs where a message stands otherwise than before. */
export function placementText({ message, uid, flags, keywords, ...rest }: PlacementFacts): string {
  const { internalDateNs, sizeBytes, key } = rest;
  return `${message} ${uid ?? ""} ${flags.join(" ")}\n${keywords.join(" ")}\n${BigInt.asIntN(64, internalDateNs)} ${sizeBytes} ${key}`;
}

/** What a mailbox holds at its newest listing, or at the one that has a number. */
export function placementRows(
  database: Database,
  mailbox: number,
  sighting?: number,
): readonly { readonly id: number; readonly facts: PlacementFacts }[] {
  const labels = new Map<number, Pick<PlacementFacts, "flags" | "keywords">>();
  const labelOf = (id: number): Pick<PlacementFacts, "flags" | "keywords"> => {
    let label = labels.get(id);
    if (label === undefined) {
      const row = database.get("SELECT flags, keywords FROM label WHERE id = ?", id);
      label = {
        flags: JSON.parse(String(row?.["flags"])) as string[],
        keywords: JSON.parse(String(row?.["keywords"])) as string[],
      };
      labels.set(id, label);
    }
    return label;
  };
  const covers =
    sighting === undefined
      ? "last_sighting IS NULL"
      : "first_sighting <= ?2 AND (last_sighting IS NULL OR last_sighting >= ?2)";
  const rows = database.all(
    `SELECT id, message, label, uid, CAST(date_ns AS TEXT) AS date_ns, size, key
       FROM placement WHERE mailbox = ?1 AND ${covers}`,
    mailbox,
    ...(sighting === undefined ? [] : [sighting]),
  );
  return rows.map((row) => {
    const uid = row["uid"] as number | null;
    return {
      id: row["id"] as number,
      facts: {
        message: row["message"] as MessageNumber,
        ...(uid === null ? {} : { uid }),
        ...labelOf(row["label"] as number),
        internalDateNs: BigInt(String(row["date_ns"])),
        sizeBytes: row["size"] as number,
        key: row["key"] as string,
      },
    };
  });
}

function notesOf(database: Database, history: number): ReadonlyMap<string, string> {
  const rows = database.all("SELECT name, fingerprint FROM note WHERE history = ?", history);
  return new Map(rows.map((row) => [String(row["name"]), String(row["fingerprint"])]));
}
