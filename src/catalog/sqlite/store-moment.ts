import type { RawPath } from "#image";
import type { MailLayout } from "#mail";
import type {
  AccountKey,
  LastSighting,
  MailboxFacts,
  MailboxKey,
  MessageNumber,
  MomentFacts,
  MomentFill,
  NewMessage,
  PlacementFacts,
} from "../catalog.ts";
import { accountText, mailboxText } from "../mailbox-key.ts";
import type { SightingKind } from "../presence.ts";
import type { Database } from "./database.ts";
import {
  newestListing,
  newestOrder,
  prepareTouched,
  settleLost,
  touch,
  touchOne,
} from "./forget.ts";
import { contentDigest, storeMessages } from "./store-messages.ts";

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
  readonly #accounts = new Map<string, number>();
  readonly #mailboxes = new Map<string, number>();
  readonly #labels = new Map<string, number>();
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
    this.#history = historyOf(database, moment.history);
    this.#ordinal = (newestOrder(database, this.#history) ?? 0) + 1;
    this.notes = notesOf(database, this.#history);
    this.last = this.#readLast();
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
    const id = this.#mailboxes.get(mailboxText(mailbox));
    if (id === undefined) return [];
    return openRows(this.#database, id).map(({ facts }) => facts);
  }

  async messagesOf(contents: readonly string[]): Promise<ReadonlyMap<string, MessageNumber>> {
    const known = new Map<string, MessageNumber>();
    for (const content of contents) {
      const row = this.#database.get(
        "SELECT message FROM content WHERE digest = ?",
        contentDigest(content),
      );
      if (row !== undefined) known.set(content, row["message"] as MessageNumber);
    }
    return known;
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

  #readLast(): readonly LastSighting[] {
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

  #record({ mailbox: key, kind, fingerprint, placements }: MailboxFacts): boolean {
    const database = this.#database;
    const mailbox = this.#mailboxOf(key, kind);
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
    for (const { id, facts } of openRows(database, mailbox)) {
      const text = placementText(facts);
      const one = { id, message: facts.message };
      const same = open.get(text);
      if (same === undefined) open.set(text, [one]);
      else same.push(one);
    }
    const fresh = placements.filter((facts) => open.get(placementText(facts))?.pop() === undefined);
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
      this.#labelOf(facts),
      facts.uid ?? null,
      BigInt.asIntN(64, facts.internalDateNs),
      facts.sizeBytes,
      facts.key,
    );
    if (this.#mayBeFound) touchOne(this.#database, facts.message, mailbox);
  }

  #labelOf({ flags, keywords }: Pick<PlacementFacts, "flags" | "keywords">): number {
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

  #mailboxOf(key: MailboxKey, kind: SightingKind): number {
    const text = mailboxText(key);
    const known = this.#mailboxes.get(text);
    if (known !== undefined) return known;
    const { id } = this.#database.run(
      "INSERT INTO mailbox (account, name, path, now, lists, messages) VALUES (?, ?, ?, ?, 0, 0)",
      this.#accountOf(key.account),
      key.name,
      key.path,
      kind,
    );
    this.#mailboxes.set(text, id);
    return id;
  }

  #accountOf(key: AccountKey): number {
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

function placementText({ message, uid, flags, keywords, ...rest }: PlacementFacts): string {
  const { internalDateNs, sizeBytes, key } = rest;
  return `${message} ${uid ?? ""} ${flags.join(" ")}\n${keywords.join(" ")}\n${BigInt.asIntN(64, internalDateNs)} ${sizeBytes} ${key}`;
}

function openRows(
  database: Database,
  mailbox: number,
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
  const rows = database.all(
    `SELECT id, message, label, uid, CAST(date_ns AS TEXT) AS date_ns, size, key
       FROM placement WHERE mailbox = ? AND last_sighting IS NULL`,
    mailbox,
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

function historyOf(database: Database, name: string): number {
  const known = database.get("SELECT id FROM history WHERE name = ?", name);
  return (
    (known?.["id"] as number | undefined) ??
    database.run("INSERT INTO history (name) VALUES (?)", name).id
  );
}

function notesOf(database: Database, history: number): ReadonlyMap<string, string> {
  const rows = database.all("SELECT name, fingerprint FROM note WHERE history = ?", history);
  return new Map(rows.map((row) => [String(row["name"]), String(row["fingerprint"])]));
}
