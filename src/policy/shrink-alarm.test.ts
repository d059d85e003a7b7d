import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { momentsToRelease, releasedTag, shrinkAlarm, type ShrinkPoint } from "./shrink-alarm.ts";

function points(...list: readonly Partial<ShrinkPoint>[]): ShrinkPoint[] {
  return list.map((point, index) => ({
    id: `${index}`,
    atNs: BigInt(index),
    sequence: index + 1,
    tags: [],
    ...point,
  }));
}

test("shrinkAlarm() lets expiry go on while the store grows or shrinks a little", () => {
  assert.deepEqual(shrinkAlarm([]), { stopped: false, reasons: [], hint: "" });
  assert.equal(shrinkAlarm(points({ files: 0 })).stopped, false);
  assert.equal(shrinkAlarm(points({ files: 100 }, { files: 1000 })).stopped, false);
  assert.equal(shrinkAlarm(points({ files: 1000 }, { files: 800 })).stopped, false);
});

test("shrinkAlarm() stops expiry when more than the threshold is gone since the largest moment", () => {
  const alarm = shrinkAlarm(points({ files: 1000 }, { files: 900 }, { files: 799 }));
  assert.equal(alarm.stopped, true);
  assert.deepEqual(alarm.reasons, [
    "the newest moment has 20% fewer files than the largest (799 of 1,000)",
  ]);
  assert.match(alarm.hint, /mounted/);
  assert.equal(
    shrinkAlarm(points({ files: 1000 }, { files: 799 }), { thresholdPercent: 50 }).stopped,
    false,
  );
});

test("shrinkAlarm() looks at messages and bytes too", () => {
  assert.match(
    shrinkAlarm(points({ messages: 500 }, { messages: 300 })).reasons.join(),
    /40% fewer messages/,
  );
  const truncated = shrinkAlarm(
    points({ files: 500, sizeBytes: 9e9 }, { files: 500, sizeBytes: 3e9 }),
  );
  assert.deepEqual(truncated.reasons, [
    "the newest moment has 66% fewer bytes than the largest (3 GB of 9 GB)",
  ]);
});

test("shrinkAlarm() ignores a small loss in a small mailbox, unless nothing is left", () => {
  assert.equal(
    shrinkAlarm(points({ files: 25, sizeBytes: 1e6 }, { files: 6, sizeBytes: 2e5 })).stopped,
    false,
  );
  assert.equal(shrinkAlarm(points({ files: 26 }, { files: 6 })).stopped, true);
  assert.deepEqual(shrinkAlarm(points({ files: 3 }, { files: 0 })).reasons, [
    "the newest moment is empty, where there were 3 files",
  ]);
  assert.equal(shrinkAlarm(points({ sizeBytes: 10 }, { sizeBytes: 0 })).stopped, true);
});

test("shrinkAlarm() stays stopped however often an empty store is captured", () => {
  const empty = { files: 0, sizeBytes: 0, volumeIds: ["root"] };
  const full = { files: 1000, sizeBytes: 1e9, volumeIds: ["mail"] };
  for (let times = 1; times <= 200; times += 50) {
    const captured = points(full, ...Array.from({ length: times }, () => empty));
    assert.equal(shrinkAlarm(captured).stopped, true);
  }
  assert.equal(shrinkAlarm(points(full, empty, empty, full)).stopped, false);
});

test("shrinkAlarm() stops when the volume is another one, until it is back or released", () => {
  const mail = { files: 100, volumeIds: ["a", "b"] };
  const other = { files: 100, volumeIds: ["a", "c"] };
  assert.match(shrinkAlarm(points(mail, other)).reasons.join(), /another volume/);
  assert.equal(shrinkAlarm(points(mail, other, other)).stopped, true);
  assert.equal(shrinkAlarm(points(mail, other, { ...mail, volumeIds: ["b", "a"] })).stopped, false);
  assert.equal(shrinkAlarm(points(mail, { ...other, tags: [releasedTag] }, other)).stopped, false);
  // A wrong clock put a moment of the wrong volume first.
  assert.equal(
    shrinkAlarm(points({ ...other, files: 0 }, mail, { ...other, files: 90 })).stopped,
    true,
  );
});

test("shrinkAlarm() counts only from the last released moment on", () => {
  const released = { files: 500, tags: ["x", releasedTag] };
  assert.equal(shrinkAlarm(points({ files: 1000 }, released)).stopped, false);
  assert.equal(shrinkAlarm(points({ files: 1000 }, released, { files: 450 })).stopped, false);
  assert.equal(shrinkAlarm(points({ files: 1000 }, released, { files: 100 })).stopped, true);
  assert.equal(
    shrinkAlarm(
      points({ files: 1000 }, released, { files: 100 }, { files: 100, tags: [releasedTag] }),
    ).stopped,
    false,
  );
});

test("shrinkAlarm() ignores counts and volumes that are unknown", () => {
  assert.equal(shrinkAlarm(points({ files: 1000 }, {})).stopped, false);
  assert.equal(shrinkAlarm(points({}, { files: 1000 })).stopped, false);
  assert.equal(shrinkAlarm(points({ volumeIds: ["a"] }, { volumeIds: [] })).stopped, false);
  assert.equal(shrinkAlarm(points({ files: 1000 }, {}, { files: 10 })).stopped, true);
});

test("shrinkAlarm() goes by the order of capture where the clock was set back", () => {
  const captured = points({ files: 1000, atNs: 100n }, { files: 5, atNs: 50n });
  assert.equal(shrinkAlarm(captured).stopped, true);
  const released = points(
    { files: 1000, atNs: 100n },
    { files: 5, atNs: 50n, tags: [releasedTag] },
  );
  assert.equal(shrinkAlarm(released).stopped, false);
});

test("shrinkAlarm() does not depend on the order in which moments are listed", () => {
  const point = fc.record({
    files: fc.integer({ min: 0, max: 100 }),
    released: fc.boolean(),
    volume: fc.constantFrom("a", "b"),
  });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 12 }), (list) => {
      const captured = points(
        ...list.map(({ files, released, volume }) => ({
          files,
          volumeIds: [volume],
          tags: released ? [releasedTag] : [],
        })),
      );
      assert.deepEqual(shrinkAlarm(captured.toReversed()), shrinkAlarm(captured));
    }),
  );
});

test("shrinkAlarm() is not silenced by another program's moment, of the future or of now, released or not", () => {
  const emptied = points({ files: 1000 }, { files: 990 }, { files: 0 });
  const full = { files: 1000, sequence: 0 } as const;
  for (const foreign of [
    { ...full, atNs: 10n ** 20n },
    { ...full, atNs: 3n, files: 5000 },
    { sequence: 0, atNs: 3n },
    { ...full, atNs: 10n ** 20n, tags: [releasedTag] },
  ]) {
    const mixed = [...emptied, ...points(foreign)];
    const { stopped, reasons } = shrinkAlarm(mixed);
    assert.deepEqual([stopped, reasons.length], [true, 1], String(foreign.atNs));
    assert.match(reasons.join(), /empty, where there were 1,000 files/);
  }
});

test("momentsToRelease() names what is stopped: ours, another program's, or both", () => {
  const ours = points({ id: "a", files: 1000 }, { id: "b", files: 0 });
  const foreign = points(
    { id: "x", files: 1000, sequence: 0 },
    { id: "y", files: 10, sequence: 0, atNs: 10n ** 20n },
  );
  const [whole, foreignWhole] = [ours.slice(0, 1), foreign.slice(0, 1)];
  const named = (...list: ShrinkPoint[]): string =>
    momentsToRelease(list)
      .map(({ id }) => id)
      .join();
  assert.equal(named(...ours, ...foreignWhole), "b");
  assert.equal(named(...whole, ...foreign), "y");
  assert.equal(named(...foreign, ...ours), "b,y");
  assert.equal(named(...whole, ...foreignWhole), "a");
  assert.equal(named(...foreignWhole), "x");
  assert.equal(named(), "");
  const mixed = [...ours, ...foreign];
  const meant = momentsToRelease(mixed);
  const after = mixed.map((point) =>
    meant.includes(point) ? { ...point, tags: [releasedTag] } : point,
  );
  assert.equal(shrinkAlarm(after).stopped, false, "a release lets expiry go on");
});

test("shrinkAlarm() is not silenced by a moment of the future that claims to be ours", () => {
  const emptied = points({ files: 1000, generation: "g" }, { files: 0, generation: "g" });
  const future = { files: 1000, atNs: 10n ** 20n } as const;
  for (const forged of [
    { ...future, generation: "another" },
    { ...future, generation: "another", tags: [releasedTag] },
    { ...future, generation: "g", sequence: 99 },
  ]) {
    const mixed = [...emptied, ...points(forged)];
    assert.equal(shrinkAlarm(mixed, { now: 5n }).stopped, true, JSON.stringify(forged.generation));
  }
  // A clock that was ahead for one capture: the order of captures says which is the newest.
  const ahead = points({ files: 1000 }, { files: 1000, atNs: 10n ** 20n }, { files: 10 });
  assert.equal(shrinkAlarm(ahead, { now: 5n }).stopped, true);
  assert.equal(shrinkAlarm(ahead.slice(0, 2), { now: 5n }).stopped, false);
  // All of them are of the future: whose clock is wrong cannot be known, and the alarm still works.
  assert.equal(shrinkAlarm(points({ files: 1000 }, { files: 0 }), { now: -1n }).stopped, true);
});
