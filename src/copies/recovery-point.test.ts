import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SnapshotSummary } from "#repository";
import { inOrder, recoveryPointOf } from "./recovery-point.ts";
import { snapshotForTest } from "./snapshot.fixture.ts";

test("recoveryPointOf() reads what a capture wrote into the tags", () => {
  const point = recoveryPointOf(
    snapshotForTest({
      tags: [
        "restante",
        "group:mx1/sales",
        "sequence:7",
        "generation:g1",
        "consistency:fuzzy",
        "volume:uuid:1",
        "volume:uuid:2",
        "files:12",
        "bytes:3456",
        "mine",
      ],
    }),
  );
  assert.equal(point.group, "mx1/sales");
  assert.equal(point.sequence, 7);
  assert.equal(point.generation, "g1");
  assert.equal(point.consistency, "fuzzy");
  assert.deepEqual(point.volumeIds, ["uuid:1", "uuid:2"]);
  assert.equal(point.files, 12);
  assert.equal(point.sizeBytes, 3456);
});

test("recoveryPointOf() of a snapshot by another program is its path's, of unknown order and consistency", () => {
  const { id, group, sequence, generation, consistency, files } = recoveryPointOf(
    snapshotForTest({ id: "ab".repeat(32), paths: ["/var/mail"], tags: ["nightly"] }),
  );
  assert.deepEqual(
    { id, group, sequence, generation, consistency, files },
    {
      id: "ab".repeat(32),
      group: "/var/mail",
      sequence: 0,
      generation: "",
      consistency: "unknown",
      files: undefined,
    },
  );
});

test("recoveryPointOf() believes no tag that makes no sense", () => {
  const point = recoveryPointOf(
    snapshotForTest({
      tags: ["sequence:-1", "files:1e9", "bytes:", "consistency:perfect", "generation:"],
    }),
  );
  assert.equal(point.sequence, 0);
  assert.equal(point.files, undefined);
  assert.equal(point.sizeBytes, undefined);
  assert.equal(point.consistency, "unknown");
});

test("inOrder() lets the sequence decide within a lineage when the clock was set back", () => {
  const points = [
    { id: "a", sequence: 1, timeNs: 100n },
    { id: "c", sequence: 3, timeNs: 50n },
    { id: "b", sequence: 2, timeNs: 200n },
  ].map(({ id, sequence, timeNs }) =>
    recoveryPointOf(
      snapshotForTest({ id, timeNs, tags: ["group:g", `sequence:${sequence}`, "generation:1"] }),
    ),
  );
  assert.deepEqual(
    inOrder(points).map(({ id }) => id),
    ["a", "b", "c"],
  );
});

test("inOrder() keeps every moment once and each lineage in sequence", () => {
  const snapshot = fc.record({
    timeNs: fc.bigInt(0n, 9n),
    sequence: fc.nat(5),
    group: fc.constantFrom("a", "b"),
    generation: fc.constantFrom("1", "2"),
  });
  fc.assert(
    fc.property(fc.array(snapshot), (made) => {
      const points = made.map(({ timeNs, sequence, group, generation }, index) =>
        recoveryPointOf(
          snapshotForTest({
            id: String(index),
            timeNs,
            tags: [`group:${group}`, `sequence:${sequence}`, `generation:${generation}`],
          }),
        ),
      );
      const ordered = inOrder(points);
      assert.deepEqual(
        ordered.map(({ id }) => id).toSorted(),
        points.map(({ id }) => id).toSorted(),
      );
      for (const lineage of Map.groupBy(
        ordered.filter(({ sequence }) => sequence > 0),
        ({ group, generation }) => group + generation,
      ).values()) {
        const sequences = lineage.map(({ sequence }) => sequence);
        assert.deepEqual(
          sequences,
          sequences.toSorted((a, b) => a - b),
        );
      }
    }),
  );
});

test("recoveryPointOf() takes counts from restic's own summary where no tag has them", () => {
  const summary = { totalFilesProcessed: 5, totalBytesProcessed: 6 } as SnapshotSummary;
  const point = recoveryPointOf(snapshotForTest({ summary }));
  assert.deepEqual([point.files, point.sizeBytes], [5, 6]);
});
