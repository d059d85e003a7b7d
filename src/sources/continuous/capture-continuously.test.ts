import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { churn, seededRandom } from "../../image/maildir-churn.fixture.ts";
import { ContinuousSite } from "./continuous-site.fixture.ts";
import { replayed, storeNow } from "./replayed.fixture.ts";

for (const hints of ["fanotify", "fsnotifywait", "folder-watch", "none"] as const)
  test(`after each pause the journal replays to the store, hints: ${hints}`, async () => {
    await using site = await ContinuousSite.open({ hints });
    const { store, journal, capture } = site;
    const seed = 7;
    const random = seededRandom(seed);
    const changes = churn(store, random);
    for (let pause = 0; pause < 8; pause++) {
      for (let step = 0; step < 1 + random() * 40; step++) changes.next();
      changeOtherFiles(store, pause, random);
      await capture.settle();
      if (hints === "none") await capture.reconcile();
      assert.deepEqual(replayed(journal.records), storeNow(store), `seed ${seed}, pause ${pause}`);
    }
  });

/** What mail servers do beside messages, and what people do. */
function changeOtherFiles(store: string, pause: number, random: () => number): void {
  const list = join(store, "dovecot-uidlist");
  appendFileSync(list, `${pause} :${"x".repeat(random() * 9000)}\n`);
  if (pause % 4 === 3) truncateSync(list, Math.floor(random() * 5000));
  const large = join(store, "mbox");
  if (pause === 1) writeFileSync(large, Buffer.alloc(3_000_000, "a"));
  if (pause > 1) appendFileSync(large, `From ${pause}\n`);
  const folder = join(store, `.F${pause}`);
  mkdirSync(join(folder, "cur"), { recursive: true });
  writeFileSync(join(folder, "cur", `${pause}.x`), `mail ${pause}`);
  if (pause % 3 === 1) renameSync(join(store, `.F${pause - 1}`), join(store, `.G${pause}`));
  if (pause % 3 === 2) rmSync(join(store, `.G${pause - 1}`), { recursive: true });
  symlinkSync(`target-${pause}`, join(store, `link-${pause}`));
  if (pause % 2 === 1) unlinkSync(join(store, `link-${pause - 1}`));
  writeFileSync(join(store, "subscriptions.new"), `${pause}\n`);
  renameSync(join(store, "subscriptions.new"), join(store, "subscriptions"));
  chmodSync(join(store, "subscriptions"), pause % 2 === 0 ? 0o600 : 0o640);
  linkSync(join(store, "subscriptions"), join(store, `copy-${pause}`));
  const swapped = [join(store, "one"), join(store, "two"), join(store, "three")] as const;
  if (pause === 0) for (const path of swapped) writeFileSync(path, path);
  renameSync(swapped[0], swapped[2]);
  renameSync(swapped[1], swapped[0]);
  renameSync(swapped[2], swapped[1]);
  writeFileSync(swapped[2], "again");
}
