/** A delivery stage as a process of its own, to be killed: `node lmtp-stage-child.ts JSON`. Says "ready" when it listens. */
import { openJournal } from "#journal";
import { parseEndpoint, startDeliveryStage, systemStageClock } from "#lmtp";
import { systemClock } from "#time";

export type StageChildRequest = {
  /** A Unix socket's path, or HOST:PORT. */
  readonly listen: string;
  readonly server: string;
  readonly journal: string;
};

/** The journal of tests is opened with a key, so that no start costs half a second. */
export const childJournalKey: Uint8Array = new Uint8Array(64).fill(7);

if (import.meta.main) {
  const {
    listen,
    server,
    journal: folder,
  } = JSON.parse(process.argv[2] ?? "") as StageChildRequest;
  const now = systemClock();
  const secret = { key: childJournalKey };
  const journal = await openJournal({ folder, secret, group: "mail", clock: now });
  const stage = await startDeliveryStage({
    listen: [parseEndpoint(listen)],
    server: parseEndpoint(server),
    name: "stage.example.org",
    openJournal: async () => journal,
    clock: systemStageClock(now),
  });
  process.once("SIGTERM", () => {
    void stage.stop().then(async () => await journal.close());
  });
  process.stdout.write("ready\n");
}
