import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Alarm, alarmsIn, type Hold, holdsIn } from "./holds.ts";

function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "restante-holds-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const hold: Hold = {
  group: "mx1/everyone",
  untilNs: 1_764_160_000_123_456_789n,
  reason: "an alarm",
  alarm: "alarm-1",
  by: "daemon",
  sinceNs: 1_764_160_100_000_000_000n,
};
const alarm: Alarm = {
  group: "mx1/everyone",
  kind: "mass-removal",
  paths: ["support\u00e4"],
  journal: "j1",
  before: { sequence: 7, atNs: 3n },
  atNs: 9n,
  count: 200,
  of: 201,
  unit: "messages",
  message: "200 of 201 messages disappeared",
  hold: "hold-1",
};

test("holds and alarms come back as they were written, by number, for their owner alone", async () => {
  using place = folder();
  const holds = holdsIn(place.path);
  assert.deepEqual(await holds.list(), []);
  assert.equal(await holds.add(hold), "hold-1");
  const open: Hold = { reason: "a case", by: "ada", sinceNs: 1n };
  assert.equal(await holds.add(open), "hold-2");
  assert.equal(await alarmsIn(place.path).add(alarm), "alarm-1");
  const released = { ...hold, released: { atNs: 5n, by: "ada", reason: "looked at it" } };
  await holds.replace("hold-1", { ...(await holds.get("hold-1")), released: released.released });
  assert.deepEqual(await holdsIn(place.path).list(), [
    { ...released, id: "hold-1" },
    { ...open, id: "hold-2" },
  ]);
  assert.deepEqual(await alarmsIn(place.path).list(), [{ ...alarm, id: "alarm-1" }]);
  const { mode } = statSync(join(place.path, "holds", "hold-1.json"));
  assert.equal(mode & 0o777, 0o600);
  await assert.rejects(holds.get("hold-3"), { code: "records.not-found" });
  await assert.rejects(holds.get("alarm-1"), { code: "records.not-found" });
});

test("two that write at once get a number each", async () => {
  using place = folder();
  const ids = await Promise.all(Array.from({ length: 8 }, () => holdsIn(place.path).add(hold)));
  assert.equal(new Set(ids).size, 8);
});

test("a record that nobody understands stops whoever asks what is held", async () => {
  using place = folder();
  await holdsIn(place.path).add(hold);
  const path = join(place.path, "holds", "hold-1.json");
  const whole = readFileSync(path, "utf8");
  const damages = [whole.slice(0, 40), "", "null", "[]", whole.replace('"format":1', '"format":9')];
  for (const damage of [...damages, whole.replace('"untilNs":"', '"untilNs":"x')]) {
    writeFileSync(path, damage);
    await assert.rejects(holdsIn(place.path).list(), { code: "records.damaged" }, damage);
  }
  writeFileSync(path, whole);
  assert.equal((await holdsIn(place.path).list()).length, 1);
});
