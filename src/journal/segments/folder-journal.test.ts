import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { journalContract } from "../journal.contract.ts";
import { openJournal } from "./open-journal.ts";

journalContract("folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-journal-"));
  return {
    open: async () =>
      await openJournal({
        folder: join(folder, "group"),
        group: "mail",
        secret: { key: Buffer.alloc(64, 7) },
        clock: () => 1n,
      }),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true }),
  };
});
