import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecoveryPoint } from "#copies";
import { type Image, memoryImage, type MemoryNodes, type RawPath, readAll, rootPath } from "#image";
import { type JournalEvent, memoryJournal } from "#journal";
import { type BaseCandidate, type ContinuousCopy, continuousCopy } from "./continuous-copy.ts";

const startNs = 1_700_000_000_000_000_000n;

function ns(seconds: number): bigint {
  return startNs + BigInt(seconds) * 1_000_000_000n;
}

function pointAt(seconds: number, some: Partial<RecoveryPoint> = {}): RecoveryPoint {
  return {
    id: `point-${seconds}`,
    group: "g",
    sequence: seconds,
    generation: "1",
    atNs: ns(seconds),
    consistency: "crash",
    paths: ["/mail"],
    hostname: "mx1",
    tags: [],
    ...some,
  };
}

type Base = { readonly at: number; readonly nodes: MemoryNodes; readonly failure?: Error };

function candidate(
  bases: readonly Base[],
  {
    method = "backup to disk",
    reach = "at-hand",
    ...some
  }: Partial<RecoveryPoint> & Partial<BaseCandidate["copy"]> = {},
): BaseCandidate & { readonly opened: string[] } {
  const opened: string[] = [];
  const moments = bases.map(({ at }) => pointAt(at, some));
  const open = async ({ id }: RecoveryPoint): Promise<Image> => {
    opened.push(id);
    const base = bases.find(({ at }) => id === `point-${at}`);
    if (base === undefined || base.failure !== undefined) throw base?.failure ?? new Error(id);
    return memoryImage(base.nodes, {
      at: { fromNs: ns(base.at) - 1n, toNs: ns(base.at) },
      consistency: "crash",
    });
  };
  return { copy: { name: method, method, reach, open }, moments, opened };
}

/** One file that says which second it was written in, every 10 seconds from 0 to 90. */
function journalOfSeconds(extra: readonly (readonly [number, JournalEvent])[] = []) {
  const journal = memoryJournal({ group: "g" });
  journal.append({ type: "mark", name: "start" }, ns(-5));
  for (let second = 0; second < 100; second += 10) {
    const bytes = Buffer.from(String(second));
    const content = journal.store(bytes, ns(second));
    const state = {
      type: "file",
      mode: 0o600,
      uid: 8,
      gid: 8,
      mtimeNs: ns(second),
      ctimeNs: ns(second),
      inode: BigInt(second + 10),
      links: 1,
    } as const;
    const path = "clock" as RawPath;
    journal.append({ type: "put", path, state, sizeBytes: bytes.length, content }, ns(second));
    for (const [at, event] of extra) if (at === second) journal.append(event, ns(second + 1));
  }
  return journal;
}

async function shown(copy: ContinuousCopy, seconds: number): Promise<string> {
  const moment = await copy.momentAt(ns(seconds));
  if (!("point" in moment)) return moment.reason;
  await using image = await copy.open(moment.point);
  assert.equal(image.at.toNs, moment.point.atNs);
  assert.equal(image.consistency, moment.point.consistency);
  return Buffer.from(await readAll(image, "clock" as RawPath)).toString();
}

test("any moment opens on the newest base before it, whatever method took that", async () => {
  for (const method of ["backup to disk", "backup to tape", "rotation of clones"]) {
    const base = candidate(
      [
        { at: 1, nodes: { clock: "0" } },
        { at: 45, nodes: { clock: "40" } },
      ],
      { method },
    );
    const copy = continuousCopy({ name: "journal", journal: journalOfSeconds(), bases: [base] });
    assert.deepEqual(
      await Promise.all([1, 9, 10, 44, 45, 59, 90].map(async (at) => await shown(copy, at))),
      ["0", "0", "10", "40", "40", "50", "90"],
    );
    assert.deepEqual([...new Set(base.opened)], ["point-1", "point-45"]);
  }
});

test("a base that does not open makes room for the one before it, and none is an error that says what to do", async () => {
  const broken = new Error("broken");
  const failure = Object.assign(broken, { name: "x" });
  const copy = continuousCopy({
    name: "journal",
    journal: journalOfSeconds(),
    bases: [candidate([{ at: 45, nodes: {}, failure }])],
  });
  await assert.rejects(shown(copy, 60), /broken/, "what is no error of ours is not passed over");
  const { RecoveryError } = await import("#errors");
  const gone = new RecoveryError("methods.moment-gone", "Cannot open it: gone");
  const bases = [
    candidate([
      { at: 5, nodes: {} },
      { at: 45, nodes: {}, failure: gone },
    ]),
  ];
  const other = continuousCopy({ name: "journal", journal: journalOfSeconds(), bases });
  assert.equal(await shown(other, 60), "60");
  const none = continuousCopy({
    name: "journal",
    journal: journalOfSeconds(),
    bases: [candidate([{ at: 45, nodes: {}, failure: gone }])],
  });
  await assert.rejects(shown(none, 60), (error: { code?: string; hint?: string }) => {
    assert.equal(error.code, "methods.no-base");
    assert.match(error.hint ?? "", /restante capture/);
    return true;
  });
});

test("before the journal, before its first base, and without a base there is no moment, and a reason", async () => {
  const journal = journalOfSeconds();
  const copy = continuousCopy({
    name: "journal",
    journal,
    bases: [candidate([{ at: 45, nodes: {} }])],
  });
  assert.match(await shown(copy, -10), /before the journal began/);
  assert.match(await shown(copy, 44), /not complete yet/);
  const none = continuousCopy({ name: "journal", journal, bases: [] });
  assert.match(await shown(none, 44), /no copy was taken/);
  const old = continuousCopy({ name: "j", journal, bases: [candidate([{ at: -100, nodes: {} }])] });
  assert.match(
    await shown(old, 44),
    /no copy was taken/,
    "what happened before the journal is in no event",
  );
  const empty = continuousCopy({ name: "journal", journal: memoryJournal(), bases: [] });
  assert.match(await shown(empty, 44), /nothing was recorded/);
  assert.deepEqual(await empty.moments(), []);
});

test("a copy at hand is a better base than a newer one on the shelf", async () => {
  const shelf = candidate([{ at: 45, nodes: {} }], { method: "backup to tape", reach: "shelf" });
  const hand = candidate([{ at: 5, nodes: {} }]);
  const copy = continuousCopy({ name: "j", journal: journalOfSeconds(), bases: [shelf, hand] });
  assert.equal(await shown(copy, 60), "60");
  assert.deepEqual([shelf.opened, hand.opened], [[], ["point-5"]]);
});

test("what was not seen is said of each moment that it may be missing from", async () => {
  const gap: JournalEvent = { type: "gap", fromNs: ns(30), toNs: ns(41), why: "overflow" };
  const journal = journalOfSeconds([
    [40, gap],
    [60, { type: "mark", name: "reconciled" }],
  ]);
  const copy = continuousCopy({
    name: "j",
    journal,
    bases: [
      candidate([
        { at: 5, nodes: {} },
        { at: 50, nodes: {} },
      ]),
    ],
  });
  const unknown = async (at: number): Promise<unknown> => {
    const moment = await copy.momentAt(ns(at));
    return "point" in moment ? [moment.unknown.length, moment.point.consistency] : moment;
  };
  assert.deepEqual(await unknown(29), [0, "crash"]);
  assert.deepEqual(await unknown(35), [1, "fuzzy"], "before the record that tells of it");
  assert.deepEqual(await unknown(49), [1, "fuzzy"]);
  assert.deepEqual(await unknown(50), [0, "crash"], "the base is newer");
  assert.deepEqual(await unknown(61), [0, "crash"]);
});

test("the newest moment is the last event, or as long as somebody watched; alarms have one just before them", async () => {
  const alarm: JournalEvent = {
    type: "mark",
    name: "alarm",
    id: "alarm-1",
    message: "half is gone",
  };
  const journal = journalOfSeconds([[60, alarm]]);
  const bases = [candidate([{ at: 5, nodes: {} }])];
  const copy = continuousCopy({ name: "j", journal, bases });
  const times = (await copy.moments("g")).map(({ atNs }) => atNs - startNs);
  assert.deepEqual(times, [61_000_000_000n - 1n, 90_000_000_000n]);
  const later = await copy.momentAt(ns(500));
  assert.equal("point" in later && later.point.atNs, ns(90));
  const watched = continuousCopy({ name: "j", journal, bases, watchedUntilNs: ns(400) });
  const exact = await watched.momentAt(ns(300));
  assert.equal("point" in exact && exact.point.atNs, ns(300));
  assert.deepEqual(await copy.moments("other"), []);
  await assert.rejects(copy.open(pointAt(3)), { code: "methods.moment-gone" });
});

test("an image of it closes the base and not the journal", async () => {
  const journal = journalOfSeconds();
  const copy = continuousCopy({ name: "j", journal, bases: [candidate([{ at: 5, nodes: {} }])] });
  const moment = await copy.momentAt(ns(60));
  assert.ok("point" in moment);
  const image = await copy.open(moment.point);
  await image[Symbol.asyncDispose]();
  await assert.rejects(image.list(rootPath), { code: "image.closed" });
  assert.equal(await shown(copy, 60), "60");
});
