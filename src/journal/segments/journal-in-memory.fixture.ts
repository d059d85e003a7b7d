/** Journals in memory, and everything that is in one. */
import type { JournalEvent, JournalRecord } from "../journal-event.ts";
import type { JournalProblem, JournalReader, JournalReadOptions } from "../journal.ts";
import type { FolderJournal } from "./folder-journal.ts";
import type { FolderJournalReader } from "./folder-journal-reader.ts";
import type { JournalFiles } from "./journal-files.ts";
import { type JournalSettings, openJournalAt, openReaderAt } from "./open-journal.ts";

export const testKey: Buffer = Buffer.alloc(64, 9);
/** A process that is like no other, and lives. */
const identity = { mark: "test", isSurelyDead: () => false };

export async function openWriter(
  files: JournalFiles,
  settings: Partial<JournalSettings> = {},
): Promise<FolderJournal> {
  return await openJournalAt(
    { files, identity, key: async () => testKey },
    { group: "mail", clock: () => 5n, ...settings },
  );
}

export async function openReader(files: JournalFiles): Promise<FolderJournalReader> {
  return await openReaderAt({ files, identity, key: async () => testKey });
}

export async function recordsOf(
  journal: JournalReader,
  options?: JournalReadOptions,
): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of journal.read(options)) records.push(record);
  return records;
}

/** An event of a test, told from others by its number. */
export function eventOf(number: number): JournalEvent {
  return number % 3 === 0
    ? { type: "data", bytes: bytesOf(number) }
    : {
        type: "gap",
        fromNs: BigInt(number),
        toNs: 0n,
        why: "stalled",
        message: "m".repeat(number % 50),
      };
}

export function bytesOf(number: number): Buffer {
  return Buffer.alloc(1 + ((number * 37) % 1500), number % 251);
}

export const codesOf = (problems: readonly JournalProblem[]): readonly string[] =>
  problems.map(({ code }) => code);
