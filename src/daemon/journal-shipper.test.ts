import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { memoryJournal } from "#journal";
import { FakeClock } from "./daemon.fixture.ts";
import type { DaemonGroup } from "./daemon-group.ts";
import { JournalShipper } from "./journal-shipper.ts";

const minuteMs = 60_000;
const dayNs = 86_400_000_000_000n;
const signal = new AbortController().signal;

function scene(holds: readonly unknown[] = []) {
  const clock = new FakeClock();
  const asked: (bigint | undefined)[] = [];
  const told: string[] = [];
  const what: { error?: Error; takesNone?: boolean } = {};
  const ship: NonNullable<DaemonGroup["ship"]> = async (_journal, { keepSinceNs }) => {
    asked.push(keepSinceNs);
    if (what.error !== undefined) throw what.error;
    return what.takesNone === true ? undefined : { segments: 2, bytesStored: 30 };
  };
  const shipper = new JournalShipper(
    { ship, keepChangesSince: (nowNs) => nowNs - 2n * dayNs, baseEveryMs: 86_400_000 },
    { clock, records: { holds: async () => holds } as never },
  );
  const journal = memoryJournal();
  const look = async (): Promise<void> => {
    shipper.begin(journal, { signal, onTold: (text) => told.push(text) });
    await shipper.idle();
    await turn();
  };
  return { clock, asked, told, what, shipper, look };
}

test("what is finished is shipped every minute, and the status says as of when", async () => {
  const { clock, asked, shipper, look } = scene();
  await look();
  await look();
  assert.equal(asked.length, 1);
  assert.equal(asked[0], clock.now() - 4n * dayNs);
  await clock.pass(minuteMs);
  await look();
  assert.deepEqual(shipper.status, { atNs: clock.now(), segments: 4, storedBytes: 60 });
});

test("a failure is told once, stands in the status, and is tried again", async () => {
  const { clock, asked, told, what, shipper, look } = scene();
  what.error = new Error("the copy is away");
  await look();
  assert.match(shipper.status?.failure ?? "", /the copy is away/);
  for (let tries = 0; tries < 6; tries++) {
    await clock.pass(5 * minuteMs);
    await look();
  }
  assert.ok(asked.length > 4);
  assert.equal(told.length, 1);
  delete what.error;
  await clock.pass(8 * minuteMs);
  await look();
  assert.equal(shipper.status?.failure, undefined);
});

test("while something is held, nothing is dropped; a clock that was set back puts nothing off", async () => {
  const { clock, asked, look } = scene([{}]);
  await look();
  assert.deepEqual(asked, [undefined]);
  clock.nowNs -= 30n * dayNs;
  await look();
  await clock.pass(8 * minuteMs);
  await look();
  assert.equal(asked.length, 2);
});

test("the status says nothing of a copy that takes no journal", async () => {
  const { shipper, what, look } = scene();
  what.takesNone = true;
  await look();
  assert.equal(shipper.status, undefined);
});
