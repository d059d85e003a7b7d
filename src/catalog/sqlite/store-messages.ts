import type { MessageNumber, NewMessage } from "../catalog.ts";
import { searchable } from "../words.ts";
import type { Database } from "./database.ts";
import { messageNumber } from "./message-ids.ts";

/** Stores those that are not known yet; the numbers of all, in the same order. */
export function storeMessages(
  database: Database,
  messages: readonly NewMessage[],
): readonly MessageNumber[] {
  const wanted = new Map<string, { id: number; readonly message: NewMessage }>();
  for (const message of messages) {
    const { facts } = message;
    if (wanted.has(facts.identity)) continue;
    wanted.set(facts.identity, { id: messageNumber(facts, anyNumber), message });
  }
  // Ascending: whatever comes before what was written last makes the index begin a new segment.
  for (const one of [...wanted.values()].toSorted((a, b) => a.id - b.id))
    one.id = storeMessage(database, one.id, one.message);
  return messages.map(({ facts, content }) => {
    const number = wanted.get(facts.identity)?.id as MessageNumber;
    if (content !== undefined) {
      database.run(
        "INSERT OR REPLACE INTO content (digest, message) VALUES (?, ?)",
        Buffer.from(content, "hex"),
        number,
      );
    }
    return number;
  });
}

/** Nearly every message gets the number that it would have alone: what is taken, SQLite says when it is written. */
const anyNumber = { isFree: () => true, lowest: () => 0 } as const;

function numberOf(database: Database, identity: string): number | undefined {
  const row = database.get(
    "SELECT id FROM message WHERE identity = ?",
    Buffer.from(identity, "hex"),
  );
  return row?.["id"] as number | undefined;
}

function isTaken(database: Database, id: number): boolean {
  return database.get("SELECT 1 AS taken FROM message WHERE id = ?", id) !== undefined;
}

function lowestNumber(database: Database): number {
  return (database.get("SELECT min(id) AS id FROM message")?.["id"] as number | null) ?? 0;
}

/** Stores it under this number, or under another where that is taken; its number where it is known. */
function storeMessage(database: Database, id: number, message: NewMessage): number {
  if (insertMessage(database, id, message)) return id;
  const known = numberOf(database, message.facts.identity);
  if (known !== undefined) return known;
  const free = messageNumber(message.facts, {
    isFree: (candidate) => !isTaken(database, candidate),
    lowest: () => lowestNumber(database),
  });
  insertMessage(database, free, message);
  return free;
}

/** Whether neither the message nor its number was there. */
function insertMessage(database: Database, id: number, { facts, words }: NewMessage): boolean {
  const { changes } = database.run(
    `INSERT INTO message (id, identity, date_s, size, subject, sender, recipients, copies,
       message_id, attachments, has_attachment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    id,
    Buffer.from(facts.identity, "hex"),
    facts.dateS ?? null,
    facts.sizeBytes,
    facts.subject,
    facts.from,
    facts.to,
    facts.cc,
    facts.messageId,
    JSON.stringify(facts.attachmentNames),
    facts.hasAttachment ? 1 : 0,
  );
  if (changes === 0) return false;
  database.run(
    `INSERT INTO words (rowid, subject, sender, recipients, copies, attachments, text)
       VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT))`,
    id,
    searchable(facts.subject),
    searchable(facts.from),
    searchable(facts.to),
    searchable(facts.cc),
    searchable(facts.attachmentNames.join("\n")),
    words ?? searchable(facts.text),
  );
  return true;
}
