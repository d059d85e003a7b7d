import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { contentsOfFolder, deliver, makeMaildir } from "../test/support/mail-store.ts";
import { captureStore, filesIn, Site } from "../test/support/recovery-site.ts";
import { type Contents, Promises } from "./soak-promises.ts";

test("a soak sees a moment that is lost, one that differs by a byte, and one that was never taken", async () => {
  using site = new Site();
  makeMaildir(site.store, 8);
  await site.init();
  await using repository = await site.open();
  const known = new Map<string, Contents>();
  const promises = new Promises(known);

  const first = await captureStore(repository, site.store);
  promises.expect(first.snapshot.id);
  await promises.look(repository, contentsOfFolder(site.store));
  await promises.verify(repository);
  const tagged = await repository.replaceTags(first.snapshot, [...first.snapshot.tags, "held"]);
  await promises.look(repository);
  assert.deepEqual(promises.snapshotsOf(promises.moments), [tagged.id], "the same moment");

  // A capture that was killed behind its last write: nobody told of it.
  const changed = deliver(site.store, 100);
  const second = await captureStore(repository, site.store);
  await assert.rejects(promises.look(repository), /comes from nowhere/);
  await promises.look(repository, contentsOfFolder(site.store));
  await promises.verify(repository);
  known.set(second.snapshot.id, new Map([...contentsOfFolder(site.store), [changed, "1 byte"]]));
  await assert.rejects(promises.verify(repository), /is \d+ [0-9a-f]+ instead of 1 byte/);

  promises.expect("ffff");
  await assert.rejects(promises.look(repository), /ffff was said to be made/);
  const expected = new Promises(known);
  await expected.look(repository);
  expected.beginRemoval([first.snapshot.id]);
  await repository.removeSnapshots([tagged.id]);
  await expected.look(repository);
  assert.deepEqual(expected.moments, [second.snapshot.id]);
  for (const name of filesIn(site, "snapshots")) rmSync(join(site.repository, "snapshots", name));
  await assert.rejects(expected.look(repository), /is lost/);
});
