/** Hints that are lost, stalls, stops, volumes that go away: nothing is lost in silence or removed by mistake. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDirectoryImage } from "#image";
import { JournalError, memoryJournal } from "#journal";
import { withoutRootRights } from "../../files/unprivileged.fixture.ts";
import { churn, seededRandom } from "../../image/maildir-churn.fixture.ts";
import type { CaptureEvent } from "./capture-port.ts";
import { ContinuousSite, ManualHints } from "./continuous-site.fixture.ts";
import { ObservedState } from "./state/observed-state.ts";
import { replayed, storeNow } from "./replayed.fixture.ts";

function assertFollowed({ journal, store }: ContinuousSite): void {
  assert.deepEqual(replayed(journal.records), storeNow(store));
}

test("hints that are lost at random: a gap is recorded, and the scan finds every change", async () => {
  const hints = new ManualHints();
  await using site = await ContinuousSite.open({ hints: hints.opened });
  const before = site.journal.lastSequence;
  const random = seededRandom(3);
  const changes = churn(site.store, random);
  for (let step = 0; step < 120; step++) {
    changes.next();
    if (random() < 0.3) hints.tell({ folder: "cur" as never });
    if (step % 40 === 20) hints.lose({ why: "overflow", message: "Too much at once." });
  }
  await site.capture.settle();
  await site.capture.reconcile();
  assertFollowed(site);
  const gaps = site.recorded("gap", before);
  assert.ok(gaps.length >= 2, "the gap, and what it was narrowed to");
  assert.ok(gaps.every(({ why }) => why === "overflow"));
  assert.match(gaps.at(-1)?.message ?? "", /^Narrowed: /);
  assert.equal(site.recorded("mark", before).at(-1)?.name, "reconciled");
});

test("what was missed in one account narrows the gap to that account", async () => {
  const hints = new ManualHints();
  await using site = await ContinuousSite.open({ hints: hints.opened });
  writeFileSync(join(site.store, ".Sent", "new", "77.M1.host"), "missed");
  hints.lose({ why: "overflow", message: "Too much at once." });
  await site.capture.reconcile();
  const narrowed = site.recorded("gap").at(-1);
  assert.equal(narrowed?.path, ".Sent/new");
  assert.ok(narrowed.toNs >= narrowed.fromNs);
  assertFollowed(site);
});

test("a scan that finds nothing closes the gap", async () => {
  const hints = new ManualHints();
  await using site = await ContinuousSite.open({ hints: hints.opened });
  hints.lose({ why: "stalled", message: "Busy." });
  await site.capture.reconcile();
  const last = site.recorded("gap").at(-1);
  assert.equal(last?.why, "stalled");
  assert.equal(last.fromNs, last.toNs);
});

test("a change that nothing told of is found by the next scan, and is a gap", async () => {
  const hints = new ManualHints();
  let aheadNs = 0n;
  const clock = (): bigint => BigInt(Date.now()) * 1_000_000n + aheadNs;
  await using site = await ContinuousSite.open({ hints: hints.opened, clock });
  const [name = ""] = readdirSync(join(site.store, ".Sent", "cur"));
  unlinkSync(join(site.store, ".Sent", "cur", name));
  aheadNs = 3_000_000_000n;
  await site.capture.reconcile();
  assertFollowed(site);
  assert.equal(site.recorded("remove").length, 1);
  assert.deepEqual(
    site.recorded("gap").map(({ why }) => why),
    // The clock of this test leaps so that the change is old.
    ["clock-jump", "missed-event", "missed-event"],
  );
});

test("the program stands still for seconds: a watch on each folder says so, and nothing is missing", async () => {
  await using site = await ContinuousSite.open({ hints: "folder-watch" });
  const changes = churn(site.store, seededRandom(5));
  for (let step = 0; step < 300; step++) changes.next();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2300);
  while (!site.events.some(({ type }) => type === "gap"))
    await new Promise((resolve) => setImmediate(resolve));
  await site.capture.reconcile();
  await site.capture.settle();
  assertFollowed(site);
  assert.ok(site.recorded("gap").some(({ why }) => why === "stalled"));
});

test("while nobody followed: a gap from then to now, and the scan writes the difference", async () => {
  await using site = await ContinuousSite.open();
  await site.capture.close();
  const stopped = site.journal.lastSequence;
  const changes = churn(site.store, seededRandom(9));
  for (let step = 0; step < 60; step++) changes.next();
  await site.follow();
  await site.capture.ready;
  assertFollowed(site);
  const gaps = site.recorded("gap", stopped);
  assert.deepEqual(new Set(gaps.map(({ why }) => why)), new Set(["not-running"]));
  const flagged = site.recorded("rename", stopped);
  assert.ok(flagged.length > 5, "a message that got a flag is not stored again");
});

test("an observed state that was deleted is made again from the journal alone", async () => {
  await using site = await ContinuousSite.open();
  await site.capture.close();
  const stopped = site.journal.lastSequence;
  rmSync(site.stateFolder, { recursive: true });
  await site.follow();
  await site.capture.ready;
  assert.deepEqual(site.recorded("put", stopped), []);
  assertFollowed(site);
});

test("an observed state that is behind the journal is brought forward", async () => {
  await using site = await ContinuousSite.open();
  await site.capture.close();
  const { records } = site.journal;
  const puts = site.recorded("put").length;
  // As a crash leaves it: events are durable, and what is observed is not committed.
  site.journal = memoryJournal({ records: records.slice(0, Math.floor(records.length / 2)) });
  rmSync(site.stateFolder, { recursive: true });
  await site.follow({ hints: "none" });
  await site.capture.close();
  site.journal = memoryJournal({ records });
  await site.follow();
  await site.capture.ready;
  assert.equal(site.recorded("put").length, puts);
  assertFollowed(site);
});

test("what others write to the journal is not taken for observed: it may not be durable", async () => {
  await using site = await ContinuousSite.open();
  await site.capture.settle();
  const own = site.journal.lastSequence;
  site.journal.append({ type: "mark", name: "base", id: "1" }, 5n);
  await site.capture.close();
  using state = new ObservedState(join(site.stateFolder, "observed.db"));
  assert.ok((state.journal?.sequence ?? Infinity) <= own);
});

test("an observed state that is damaged is made again", async () => {
  await using site = await ContinuousSite.open();
  await site.capture.close();
  writeFileSync(
    join(site.stateFolder, "observed.db"),
    "no database, as a bad disk leaves it".repeat(99),
  );
  await site.follow();
  await site.capture.ready;
  assertFollowed(site);
});

test("what a copy has is not stored in the journal once more", async () => {
  await using site = await ContinuousSite.open();
  await site.capture.close();
  site.journal = memoryJournal();
  rmSync(site.stateFolder, { recursive: true });
  const image = await openDirectoryImage(site.store as never);
  const openBase = async (): Promise<{ image: typeof image; fromNs: bigint }> => ({
    image,
    fromNs: 0n,
  });
  await site.follow({ openBase });
  await site.capture.ready;
  assert.deepEqual(site.recorded("data"), []);
  assert.equal(site.capture.status.entries, storeNow(site.store).size);
});

test("a copy of a clone has other inodes, and what it has is not stored once more either", async () => {
  await using site = await ContinuousSite.open();
  await site.capture.close();
  site.journal = memoryJournal();
  rmSync(site.stateFolder, { recursive: true });
  const clone = `${site.store}-clone`;
  assert.equal(spawnSync("cp", ["-a", site.store, clone]).status, 0);
  writeFileSync(join(site.store, "new", "7.M1.host"), "since then");
  const image = await openDirectoryImage(clone as never);
  await site.follow({ openBase: async () => ({ image, fromNs: 0n }) });
  await site.capture.ready;
  await site.capture.settle();
  assert.deepEqual(
    site.recorded("put").map(({ path }) => path),
    ["new/7.M1.host"],
  );
  const after = site.journal.lastSequence;
  const [name = ""] = readdirSync(join(site.store, "cur"));
  renameSync(join(site.store, "cur", name), join(site.store, "cur", `${name}F`));
  await site.capture.settle();
  assert.equal(site.recorded("rename", after).length, 1, "its inode is known by now");
  rmSync(clone, { recursive: true });
});

test("a store that is empty all at once is held, and nothing is removed until a person says so", async () => {
  await using site = await ContinuousSite.open({ hints: "none" });
  const aside = `${site.store}-aside`;
  mkdirSync(aside);
  for (const name of readdirSync(site.store)) renameSync(join(site.store, name), join(aside, name));
  await site.capture.reconcile();
  assert.equal(site.capture.status.state, "held");
  assert.deepEqual([...site.recorded("remove"), ...site.recorded("rmdir")], []);
  assert.ok(site.recorded("gap").some(({ why }) => why === "unreadable"));
  assert.ok(site.recorded("mark").some(({ name }) => name === "alarm"));
  await site.capture.accept();
  await site.capture.settle();
  assert.equal(site.capture.status.state, "following");
  assertFollowed(site);
  rmSync(aside, { recursive: true });
});

test("a store that was renamed away is held though nothing tells of it, and followed again when it is back", async () => {
  const told = new EventEmitter();
  const onEvent = (event: CaptureEvent): unknown => told.emit(event.type);
  await using site = await ContinuousSite.open({ onEvent, checkEveryMs: 10 });
  const aside = `${site.store}-aside`;
  const held = once(told, "held");
  renameSync(site.store, aside);
  await held;
  assert.match(site.capture.status.held[0]?.message ?? "", /it is not there/);
  assert.deepEqual([...site.recorded("remove"), ...site.recorded("rmdir")], []);
  const released = once(told, "released");
  renameSync(aside, site.store);
  writeFileSync(join(site.store, "new", "8.M1.host"), "while it was away");
  await released;
  await site.capture.reconcile();
  await site.capture.settle();
  assert.equal(site.capture.status.state, "following");
  assertFollowed(site);
});

test("a volume mounted below the store is held, and followed when a person says that it is right", async (t) => {
  const howToAccept = (path: string): string => `Say that "${path}" is right.`;
  await using site = await ContinuousSite.open({ hints: "none" });
  await site.capture.close();
  const folder = join(site.store, ".Sent");
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "other", folder]);
  if (mounted.status !== 0) return t.skip("cannot mount");
  try {
    await site.follow({ hints: "none", howToAccept });
    await site.capture.ready;
    const [held] = site.capture.status.held;
    assert.equal(held?.path, ".Sent");
    assert.match(
      held.message,
      /another volume was mounted there: .*\. Say that "\.Sent" is right\.$/,
    );
    assert.deepEqual([...site.recorded("remove"), ...site.recorded("rmdir")], []);
    await site.capture.accept(held.path);
    await site.capture.settle();
    assert.deepEqual(site.capture.status.held, []);
    assertFollowed(site);
    await site.capture.close();
  } finally {
    spawnSync("umount", [folder]);
  }
});

test("a volume that is not mounted at start is held, and followed again when it is back", async (t) => {
  await using site = await ContinuousSite.open({ hints: "none" });
  await site.capture.close();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "other", site.store]);
  if (mounted.status !== 0) return t.skip("cannot mount");
  try {
    mkdirSync(join(site.store, "cur"));
    await site.follow({ hints: "none" });
    await site.capture.ready;
    assert.equal(site.capture.status.state, "held");
    assert.match(site.capture.status.held[0]?.message ?? "", /another volume/);
    await site.capture.close();
  } finally {
    spawnSync("umount", [site.store]);
  }
  await site.follow({ hints: "none" });
  await site.capture.ready;
  assertFollowed(site);
  assert.deepEqual([...site.recorded("remove"), ...site.recorded("rmdir")], []);
});

test("a folder that cannot be listed loses nothing, and has a gap until it can", async () => {
  await using site = await ContinuousSite.open({ hints: "none" });
  const folder = join(site.store, ".Sent");
  chmodSync(folder, 0o000);
  await withoutRootRights([], () => site.capture.reconcile());
  assert.deepEqual([...site.recorded("remove"), ...site.recorded("rmdir")], []);
  assert.equal(site.recorded("gap").at(-1)?.path, ".Sent");
  assert.ok(site.events.some(({ type }) => type === "problem"));
  chmodSync(folder, 0o755);
  await site.capture.reconcile();
  assert.match(site.recorded("gap").at(-1)?.message ?? "", /^Narrowed/);
  assertFollowed(site);
});

test("a journal that cannot be written ends it with its error, and the state stays behind", async () => {
  const hints = new ManualHints();
  await using site = await ContinuousSite.open({ hints: hints.opened });
  const durable = site.journal.records;
  site.journal.fail(new JournalError("journal.full", "Cannot write: the disk is full"));
  writeFileSync(join(site.store, "new", "9.M1.host"), "one more");
  hints.tell({ folder: "new" as never, name: "9.M1.host" as never });
  await assert.rejects(site.capture.ended, { code: "journal.full" });
  assert.equal(site.capture.status.state, "failed");
  assert.equal(site.events.at(-1)?.type, "failed");
  site.journal = memoryJournal({ records: durable });
  await site.follow();
  await site.capture.ready;
  assertFollowed(site);
});
