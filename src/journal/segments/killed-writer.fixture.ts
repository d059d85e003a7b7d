/** A process that journals until it is killed. Arguments: folder. Each line it prints is a sequence that is safe. */
import { writeSync } from "node:fs";
import { eventOf, testKey } from "./journal-in-memory.fixture.ts";
import { openJournal } from "./open-journal.ts";

const [, , folder = ""] = process.argv;
const journal = await openJournal({
  folder,
  group: "mail",
  secret: { key: testKey },
  clock: () => 5n,
  segmentBytes: 64 * 1024,
});
for (;;) {
  const appended = Array.from({ length: 1 + (journal.lastSequence % 7) }, () =>
    journal.append(eventOf(journal.lastSequence + 1), 1n),
  );
  for (const { sequence, durable } of appended) {
    await durable;
    writeSync(1, `${sequence}\n`);
  }
}
