/** Nothing is read twice, and nothing that changed is taken for what it was: `bytesRead` of the next capture tells. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "#time";
import {
  contentsOfFolder,
  contentsOfImage,
  deliver,
  digestOf,
  makeMaildir,
} from "./support/mail-store.ts";
import { filesIn, Site, withoutRestic } from "./support/recovery-site.ts";

/** Past the tick of the kernel's clock, within which a second change could not be told from the first. */
const pastTheTickMs = 120;

async function capturedSite(): Promise<Site> {
  const site = new Site();
  await site.init();
  makeMaildir(site.store);
  writeFileSync(join(site.store, "dovecot.index.log"), "the log of an index");
  mkdirSync(join(site.store, "storage"));
  writeFileSync(join(site.store, "storage", "m.1"), "2 M1e C5f\n some messages of an mdbox");
  writeFileSync(join(site.store, "u.1"), "2 M1e C5f\n a message of an sdbox");
  await sleep(pastTheTickMs);
  await site.capture();
  return site;
}

const message = join("cur", "1700000004.M4P1.mx1:2,S");
const arrived = join("new", "1700000000.M0P1.mx1");

const renames: Readonly<Record<string, (store: string) => void>> = {
  "nothing at all": () => undefined,
  "a flag": (store) => renameSync(join(store, message), join(store, `${message}T`)),
  "a message that was seen": (store) =>
    renameSync(join(store, arrived), join(store, "cur", "1700000000.M0P1.mx1:2,S")),
  "a message that was moved to another folder": (store) =>
    renameSync(join(store, message), join(store, ".Sent", message)),
  "a folder that was renamed": (store) => renameSync(join(store, ".Sent"), join(store, ".Gone")),
  "an owner's change of mode": (store) => utimesSync(join(store, ".Sent"), 1, 1),
};

for (const [change, make] of Object.entries(renames)) {
  test(`after ${change} the next capture reads no content`, async () => {
    using site = await capturedSite();
    make(site.store);
    const result = await site.capture();
    assert.equal(result.bytesRead, 0);
    assert.deepEqual(result.problems, []);
    await using repository = await site.open();
    assert.deepEqual(
      await contentsOfImage(await repository.image(result.snapshot)),
      contentsOfFolder(site.store),
    );
  });
}

test("after a delivery the next capture reads that message alone", async () => {
  using site = await capturedSite();
  const path = deliver(site.store, 500);
  const result = await site.capture();
  assert.equal(result.bytesRead, statSync(join(site.store, path)).size);
});

for (const path of [message, join("storage", "m.1"), "u.1", "dovecot.index.log"]) {
  test(`${path.replace(/^cur.*/, "a message")} that was rewritten in place with its size and mtime restored is read again`, async () => {
    using site = await capturedSite();
    const file = join(site.store, path);
    const { size, atime, mtime } = statSync(file);
    writeFileSync(file, Buffer.alloc(size, "changed in place "));
    utimesSync(file, atime, mtime);
    const result = await site.capture();
    assert.equal(result.bytesRead, size);
    await using repository = await site.open();
    assert.equal(
      (await contentsOfImage(await repository.image(result.snapshot))).get(path),
      digestOf(readFileSync(file)),
    );
  });
}

test("an index log that grew is read again", async () => {
  using site = await capturedSite();
  const file = join(site.store, "dovecot.index.log");
  appendFileSync(file, "and more");
  assert.equal((await site.capture()).bytesRead, statSync(file).size);
});

test("a message in the place of an expunged one, with its inode, size and mtime, is read", async (t) => {
  using site = await capturedSite();
  let reused = 0;
  for (let attempt = 0; attempt < 8; attempt++) {
    const gone = join(site.store, "cur", `18000000${attempt}0.M1P2.mx1:2,`);
    const came = join(site.store, "cur", `18000000${attempt}1.M2P2.mx1:2,`);
    writeFileSync(gone, `old message ${attempt}`);
    utimesSync(gone, 1000, 1000);
    await sleep(pastTheTickMs);
    await site.capture();
    const { ino } = statSync(gone);
    unlinkSync(gone);
    writeFileSync(came, `new message ${attempt}`);
    utimesSync(came, 1000, 1000);
    if (statSync(came).ino === ino) reused++;
    const result = await site.capture();
    assert.equal(result.bytesRead, 13);
    await using repository = await site.open();
    const captured = await contentsOfImage(await repository.image(result.snapshot));
    assert.deepEqual(captured, contentsOfFolder(site.store));
  }
  t.diagnostic(`the inode was used again ${reused} times of 8`);
});

test("a file that takes over the name, inode, size and mtime of another is read", async () => {
  using site = await capturedSite();
  const file = join(site.store, "u.1");
  const { size } = statSync(file);
  utimesSync(file, 1000, 1000);
  await sleep(pastTheTickMs);
  await site.capture();
  unlinkSync(file);
  writeFileSync(file, Buffer.alloc(size, "another "));
  utimesSync(file, 1000, 1000);
  const result = await site.capture();
  assert.equal(result.bytesRead, size);
});

test("a change in the very tick of a capture is not overlooked by the next", async () => {
  using site = await capturedSite();
  const file = join(site.store, "dovecot.index.log");
  for (let round = 0; round < 10; round++) {
    writeFileSync(file, `round ${round}, before`);
    await site.capture({ atRest: true });
    writeFileSync(file, `round ${round}, later!`);
    const { snapshot } = await site.capture({ atRest: true });
    await using repository = await site.open();
    const captured = await contentsOfImage(await repository.image(snapshot));
    assert.equal(captured.get("dovecot.index.log"), digestOf(readFileSync(file)));
  }
});

test("without its cache a capture reads everything and stores nothing twice", async () => {
  using site = await capturedSite();
  const { bytesTotal } = await site.capture();
  const again = await site.capture({ full: true });
  assert.equal(again.bytesRead, bytesTotal);
  // The manifest and the folders above the store tell of another moment.
  assert.ok(again.bytesAdded < 4096, `${again.bytesAdded} bytes were added`);
});

test(
  "after `restic forget --prune` the next capture stores again what is missing",
  { skip: withoutRestic },
  async () => {
    using site = await capturedSite();
    const earlier = await site.capture();
    deliver(site.store, 600);
    const latest = await site.capture();
    // Everything but an empty store's moment goes, and the prune takes all the mail.
    mkdirSync(join(site.folder, "empty"));
    await site.capture({ store: join(site.folder, "empty") });
    const ids = filesIn(site, "snapshots").filter((id) => id !== earlier.snapshot.id);
    for (const gone of [[earlier.snapshot.id], ids]) {
      const forgotten = site.restic("forget", "--prune", "--max-unused", "0", ...gone);
      assert.equal(forgotten.status, 0, forgotten.output);
      const result = await site.capture();
      await using repository = await site.open();
      assert.deepEqual(
        await contentsOfImage(await repository.image(result.snapshot)),
        contentsOfFolder(site.store),
      );
      const { status, output } = site.restic("check", "--read-data");
      assert.equal(status, 0, output);
    }
    assert.ok(latest.sequence > 0);
  },
);

test(
  "a prune that takes what only the scan cache remembers is noticed",
  { skip: withoutRestic },
  async () => {
    using site = await capturedSite();
    const first = await site.capture();
    // The moment is replaced by one under another ID, as `restic tag` does, then its mail is pruned away.
    const tagged = site.restic("tag", "--add", "kept", first.snapshot.id);
    assert.equal(tagged.status, 0, tagged.output);
    const [extra] = filesIn(site, "snapshots").filter((id) => id !== first.snapshot.id);
    assert.ok(extra !== undefined);
    const same = await site.capture();
    assert.equal(same.bytesRead, 0);
    const everything = filesIn(site, "snapshots");
    assert.equal(site.restic("forget", "--prune", ...everything).status, 0);
    const result = await site.capture();
    assert.equal(result.bytesRead, result.bytesTotal);
    assert.equal(site.restic("check", "--read-data").status, 0);
  },
);

test("a clock that was set back an hour between captures breaks nothing and makes nothing be read again", async () => {
  using site = await capturedSite();
  const clock = systemClock();
  const hourNs = 3_600_000_000_000n;
  const hours = [0n, 2n, 1n, 1n, 3n];
  const sequences: number[] = [];
  for (const [round, hour] of hours.entries()) {
    const path = deliver(site.store, 700 + round);
    await sleep(pastTheTickMs);
    const result = await site.capture({ now: () => clock() + hour * hourNs });
    sequences.push(result.sequence);
    assert.equal(result.bytesRead, statSync(join(site.store, path)).size, `round ${round}`);
    await using repository = await site.open();
    assert.deepEqual(
      await contentsOfImage(await repository.image(result.snapshot)),
      contentsOfFolder(site.store),
    );
  }
  assert.deepEqual(sequences, [2, 3, 4, 5, 6]);
});
