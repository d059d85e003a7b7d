import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { FolderJournal } from "./folder-journal.ts";
import { eventOf } from "./journal-in-memory.fixture.ts";
import { openJournal } from "./open-journal.ts";

const base = await mkdtemp(join(tmpdir(), "restante-removed-"));
const folder = join(base, "journal");
after(async () => await rm(base, { recursive: true }));

async function opened(): Promise<FolderJournal> {
  const secret = { password: "secret" };
  const cost = { N: 1024, r: 8, p: 1 };
  const journal = await openJournal({ folder, secret, cost, group: "mail", clock: () => 5n });
  await journal.append(eventOf(1), 5n).durable;
  await journal.check();
  return journal;
}

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  "was removed": async () => await rm(folder, { recursive: true }),
  "was moved away": async () => await rename(folder, join(base, "elsewhere")),
  "was removed and made again": async () => {
    await rm(folder, { recursive: true });
    await mkdir(folder);
  },
};

for (const [how, remove] of Object.entries(ways))
  test(`a journal whose folder ${how} acknowledges nothing more, and a new one begins`, async () => {
    const journal = await opened();
    await remove();
    await assert.rejects(journal.check(), { code: "journal.removed" });
    const { durable } = journal.append(eventOf(2), 6n);
    await assert.rejects(durable, {
      code: "journal.removed",
      message: `Cannot write to journal "${folder}": its files were removed or moved away while it was written`,
    });
    assert.throws(() => journal.append(eventOf(3), 7n), { code: "journal.removed" });
    await assert.rejects(journal.close(), { code: "journal.removed" });
    const next = await opened();
    assert.notEqual(next.id, journal.id);
    await next.close();
    await rm(folder, { recursive: true });
  });

test("a segment that alone was removed is missed with the next event", async () => {
  const journal = await opened();
  for (const name of await readdir(folder))
    if (name.endsWith(".journal")) await rm(join(folder, name));
  await assert.rejects(journal.append(eventOf(2), 6n).durable, { code: "journal.removed" });
  await journal[Symbol.asyncDispose]();
});
