/** The wall clock is set while a store is followed, or while nobody follows it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClockNs } from "#image";
import { ContinuousSite, ManualHints } from "./continuous-site.fixture.ts";

const hour = 3_600_000_000_000n;

class SetClock {
  aheadNs = 0n;
  reads = 0;
  readonly now = (): bigint => {
    this.reads++;
    return systemClockNs() + this.aheadNs;
  };
}

async function deliver(site: ContinuousSite, hints: ManualHints, name: string): Promise<void> {
  writeFileSync(join(site.store, "new", name), "a message");
  hints.tell({ folder: "new" as never, name: name as never });
  await site.capture.settle();
}

for (const [title, byNs] of [
  ["back", -hour],
  ["ahead", hour],
] as const)
  test(`a clock that is set ${title} is told before what is labelled by it, and nothing is missed`, async () => {
    const [clock, hints] = [new SetClock(), new ManualHints()];
    await using site = await ContinuousSite.open({ clock: clock.now, hints: hints.opened });
    await deliver(site, hints, "1.M1.host");
    const { lastSequence } = site.journal;
    const { gaps } = site.capture.status;
    clock.aheadNs = byNs;
    await deliver(site, hints, "2.M1.host");
    const records = site.journal.records.filter(
      ({ sequence, event }) => sequence > lastSequence && event.type !== "data",
    );
    const [jump, ...others] = records;
    assert.equal(jump?.event.type, "gap");
    const { why, fromNs, toNs, message = "" } = jump.event;
    assert.equal(why, "clock-jump");
    const isBack = byNs < 0n;
    assert.equal(jump.atNs, isBack ? fromNs : toNs, "its label is that of the new clock");
    const bySeconds = Number(toNs - fromNs) / 1e9;
    assert.ok(Math.abs(bySeconds - 3600) < 1, String(bySeconds));
    assert.match(message, isBack ? /set back by 1 h/ : /leapt ahead by 1 h/);
    assert.match(message, /No change was missed/);
    assert.deepEqual(
      others.map(({ event }) => event.type),
      ["put"],
    );
    assert.equal(site.capture.status.gaps, gaps, "nothing was missed");
    assert.ok(site.events.some((event) => event.type === "gap" && event.why === "clock-jump"));
    await deliver(site, hints, "3.M1.host");
    const jumps = site.recorded("gap").filter((gap) => gap.why === "clock-jump");
    assert.equal(jumps.length, 1, "told once");
    await site.capture.reconcile();
    assert.equal(site.capture.status.gaps, gaps);
  });

test("a clock that was set back while nobody followed is told at the start", async () => {
  const clock = new SetClock();
  const hints = new ManualHints();
  await using site = await ContinuousSite.open({ clock: clock.now, hints: hints.opened });
  await deliver(site, hints, "1.M1.host");
  await site.capture.close();
  const { lastSequence } = site.journal;
  clock.aheadNs = -hour;
  await site.follow({ clock: clock.now, hints: hints.opened });
  await site.capture.ready;
  const told = site.recorded("gap", lastSequence).filter(({ why }) => why === "clock-jump");
  assert.equal(told.length, 1);
  assert.match(told[0]?.message ?? "", /set back/);
});

test("a file from the future is looked at once more, and not for ever", async () => {
  const [clock, hints] = [new SetClock(), new ManualHints()];
  await using site = await ContinuousSite.open({ clock: clock.now, hints: hints.opened });
  clock.aheadNs = -hour;
  writeFileSync(join(site.store, "dovecot.index.log"), "of an hour ahead");
  hints.tell({ folder: "" as never, name: "dovecot.index.log" as never });
  clock.reads = 0;
  await site.capture.settle();
  assert.ok(clock.reads < 60, `each look reads it: ${clock.reads}`);
  assert.equal(site.recorded("put").at(-1)?.path, "dovecot.index.log");
});
