import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, withoutSmallDisk } from "../../files/small-disk.fixture.ts";
import { changeJournalPassword } from "./journal-key.ts";
import { openJournal } from "./open-journal.ts";

const cost = { N: 16, r: 1, p: 1 };
const password = "geheim";
const full = { code: "journal.full", retryable: true };

test("a disk that is full when a journal is begun, or its password changed: it says so, and goes on when there is room", async (t) => {
  using disk = mountSmallDisk();
  if (disk === undefined) return t.skip(withoutSmallDisk);
  await walk(disk.folder);
});

async function walk(disk: string): Promise<void> {
  const folder = join(disk, "journal");
  const filling = join(disk, "filling");
  const settings = { folder, group: "mail", clock: (): bigint => 1n, cost };
  mkdirSync(folder, { mode: 0o700 });
  fill(filling);
  await assert.rejects(openJournal({ ...settings, secret: { password } }), full);
  rmSync(filling);
  await (await openJournal({ ...settings, secret: { password } })).close();
  fill(filling);
  const change = { password, newPassword: "neu", nowNs: 1n, cost };
  await assert.rejects(changeJournalPassword(folder, change), full);
  rmSync(filling);
  await (await openJournal({ ...settings, secret: { password } })).close();
  assert.equal(readdirSync(join(folder, "keys")).length, 1);
}

/** Until nothing more goes in. */
function fill(path: string): void {
  for (let count = 0; ; count++) {
    try {
      writeFileSync(path, Buffer.alloc(4096), { flag: "a" });
    } catch {
      return;
    }
    assert.ok(count < 10_000);
  }
}
