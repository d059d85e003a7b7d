import { hash } from "node:crypto";
import type { MessageNumber, NewMessage } from "../catalog.ts";
import { searchable } from "../words.ts";
import type { Database } from "./database.ts";
import { messageNumber } from "./message-ids.ts";

/** Stores those that are not known yet; the numbers of all, in the same order. */
export function storeMessages(
  database: Database,
  messages: readonly NewMessage[],
): readonly MessageNumber[] {
  const taken = new Set<number>();
  const added = new Map<string, number>();
  const fresh: { readonly id: number; readonly message: NewMessage }[] = [];
  const numbers = messages.map((message): MessageNumber => {
    const { facts } = message;
    const known = added.get(facts.identity) ?? numberOf(database, facts.identity);
    if (known !== undefined) return known as MessageNumber;
    const id = messageNumber(facts, {
      isFree: (candidate) => !taken.has(candidate) && !isTaken(database, candidate),
      lowest: () => Math.min(lowestNumber(database), ...taken),
    });
    taken.add(id);
    added.set(facts.identity, id);
    fresh.push({ id, message });
    return id as MessageNumber;
  });
  // Ascending: whatever comes before what was written last makes the index begin a new segment.
  fresh.sort((a, b) => a.id - b.id);
  for (const { id, message } of fresh) storeMessage(database, id, message);
  for (const [index, { content }] of messages.entries()) {
    if (content === undefined) continue;
    database.run(
      "INSERT OR REPLACE INTO content (digest, message) VALUES (?, ?)",
      contentDigest(content),
      numbers[index] as number,
    );
  }
  return numbers;
}

/** Half a sha256: what fingerprints differ in is itself made of digests, and they are long. */
export function contentDigest(content: string): Uint8Array {
  return hash("sha256", content, "buffer").subarray(0, 16);
}

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

function storeMessage(database: Database, id: number, { facts, words }: NewMessage): void {
  database.run(
    `INSERT INTO message (id, identity, date_s, size, subject, sender, recipients, copies,
       message_id, attachments, has_attachment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
}
