import { journalContract } from "./journal.contract.ts";
import { memoryJournal } from "./memory-journal.ts";
import type { JournalRecord } from "./journal-event.ts";

journalContract("memory", async () => {
  let records: readonly JournalRecord[] = [];
  return {
    open: async () => {
      const journal = memoryJournal({ records });
      records = journal.records;
      return journal;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
});
