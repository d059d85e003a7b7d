import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRfc3339 } from "#time";
import { heldLock, holderText, isOver, lockAdvice, lockStateText } from "./held-lock.ts";
import type { LockFile } from "./lock-file.ts";
import { processIdentity } from "./process-identity.ts";

const minuteNs = 60_000_000_000n;
const startNs = parseRfc3339("2026-11-23T10:00:00Z");
const own = processIdentity();
/** No kernel gives this number out. */
const freePid = 4_194_305;

/** As restic writes one, on another machine. */
const foreign: LockFile = {
  name: "ab".repeat(32),
  timeNs: startNs,
  exclusive: true,
  hostname: "mx2",
  username: "root",
  pid: 77,
  uid: 0,
  gid: 0,
  bootId: "",
  processNamespace: "",
  processStart: "",
};

const ours: LockFile = { ...foreign, ...own, sinceNs: startNs - 20n * minuteNs };

test("a lock of a process that lives here says so, and that it will be refreshed", () => {
  const held = heldLock(ours, startNs + minuteNs);
  assert.deepEqual([held.holder, held.program, isOver(held)], ["alive", "restante", false]);
  assert.equal(
    holderText(held),
    `host ${own.hostname} (process ${process.pid}, user ${own.username}) has held an exclusive lock since 2026-11-23T09:40:00Z, and refreshed it at 2026-11-23T10:00:00Z`,
  );
  assert.equal(
    lockStateText(held),
    `Process ${process.pid} is at work on this machine. It counts as stale from 2026-11-23T10:30:00Z on, unless it is refreshed.`,
  );
  assert.doesNotMatch(lockAdvice(held), /unlock/);
});

test("a lock whose holder is dead, or which is stale, is over", () => {
  const dead = heldLock({ ...ours, pid: freePid, processStart: "1" }, startNs);
  assert.deepEqual([dead.holder, isOver(dead)], ["dead", true]);
  assert.match(lockStateText(dead), /is dead/);
  assert.equal(isOver(heldLock(foreign, startNs + 30n * minuteNs)), false);
  const stale = heldLock(foreign, startNs + 30n * minuteNs + 1_000_000n);
  assert.equal(isOver(stale), true);
  assert.match(lockStateText(stale), /stale: it was not refreshed for more than 30 minutes/);
});

test("of another program's lock nobody knows whether its holder lives, whatever runs here under its name", () => {
  const cases: readonly (readonly [Partial<LockFile>, RegExp])[] = [
    [{}, /^It is another program's, such as restic's: .* for sure\. It counts as stale from/],
    [{ hostname: own.hostname, pid: process.pid }, /is called .* too, and there is a process \d+/],
    [{ hostname: own.hostname, pid: freePid }, /too, and there is no process 4194305 here; but/],
    [{ bootId: "other", sinceNs: startNs }, /^It is Restante's, of another machine, container/],
  ];
  for (const [fields, text] of cases) {
    const held = heldLock({ ...foreign, ...fields }, startNs);
    assert.deepEqual([held.holder, isOver(held)], ["unknown", false]);
    assert.match(lockStateText(held), text);
    assert.match(lockAdvice(held), /gone for good, `restante unlock` removes it then/);
  }
});

test("a time in the future is told as a wrong clock, and makes nothing stale", () => {
  const held = heldLock(foreign, startNs - 60n * minuteNs);
  assert.deepEqual([held.isFromFuture, held.isStale], [true, false]);
  assert.match(
    lockStateText(held),
    /lies in the future, so a clock is wrong; it does not count as stale before 2026-11-23T10:30:00Z/,
  );
});
