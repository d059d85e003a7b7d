/** A program that follows a store until it is killed: `node killed-capture.fixture.ts STORE JOURNAL STATE`. */
import { openJournal } from "#journal";
import { captureContinuously } from "#sources";

export const journalKey: Uint8Array = new Uint8Array(64).fill(7);

if (import.meta.main) {
  const [store = "", journalFolder = "", stateFolder = ""] = process.argv.slice(2);
  const journal = await openJournal({
    folder: journalFolder,
    group: "mail",
    secret: { key: journalKey },
    clock: () => BigInt(Date.now()) * 1_000_000n,
    segmentBytes: 64 * 1024,
  });
  const capture = await captureContinuously({
    group: "mail",
    folder: store as never,
    journal,
    stateFolder,
    windowMs: 1,
  });
  process.stdout.write("following\n");
  await capture.ended;
}
