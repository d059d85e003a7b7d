/** Rotation over simulated weeks, with a clock that tests move. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RawPath } from "#image";
import { parseBarcode } from "./drive/index.ts";
import type { TapeRotation } from "./media/index.ts";
import { rebuildCatalogue } from "./rebuild-catalogue.ts";
import { tapeCopy } from "./tape-copy.ts";
import { confirmTapeClock, releaseTapeExpiry, tapePoolsOf } from "./tape-pools.ts";
import { dayNs, mail, newest, startNs, take, tapes } from "./tape.fixture.ts";

test("ten weeks of nightly backups stay within the policy, and every promised night opens", async () => {
  await using place = await tapes({ count: 9 });
  const rotation: TapeRotation = { keepDays: 6, keepLast: 3, append: false };
  const copy = tapeCopy(place.library);
  for (let night = 0; night < 70; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    await take(place, mail(3 + (night % 3)), { rotation });
    const points = await copy.moments();
    const ages = points.map(({ atNs }) => Number((place.nowNs - atNs) / dayNs));
    // All that the policy keeps is there: tonight and six days back, as far as there was a backup.
    for (let age = 0; age <= Math.min(6, night); age++)
      assert.ok(ages.includes(age), `${night}: ${age}`);
    assert.ok(points.length <= 9);
    if (night % 10 === 9) {
      for (const point of points) {
        await using image = await copy.open(point);
        assert.equal((await image.list("cur" as RawPath)).length, point.files);
      }
    }
  }
  const { tapes: pooled } = await tapePoolsOf(place.library, { rotation, nowNs: place.nowNs });
  const passes = pooled.map(({ use }) => use.passes);
  assert.equal(
    passes.reduce((sum, each) => sum + each, 0),
    70,
  );
  // No tape wears faster than the others.
  assert.ok(Math.max(...passes) - Math.min(...passes) <= 1, passes.join());
  assert.deepEqual(newest(await copy.moments()).sequence, 70);
});

test("several nights on one tape expire together, with the last of them", async () => {
  await using place = await tapes({ count: 3, capacityBytes: 190_000 });
  const rotation: TapeRotation = { keepDays: 2 };
  for (let night = 0; night < 21; night++) {
    place.nowNs = startNs + BigInt(night) * dayNs;
    await take(place, mail(3), { rotation });
    const points = await tapeCopy(place.library).moments();
    for (let age = 0; age <= Math.min(2, night); age++)
      assert.ok(points.some(({ atNs }) => atNs === place.nowNs - BigInt(age) * dayNs));
  }
  const { tapes: pooled } = await tapePoolsOf(place.library, { rotation, nowNs: place.nowNs });
  assert.ok(pooled.some(({ sets }) => sets.length > 1));
  assert.ok(pooled.some(({ use }) => use.passes > 1));
});

test("pools follow the life of a tape: scratch, filling, full, expired", async () => {
  await using place = await tapes({ count: 2 });
  const rotation: TapeRotation = { keepDays: 1 };
  const pools = async () =>
    (await tapePoolsOf(place.library, { rotation, nowNs: place.nowNs })).tapes.map(
      ({ pool }) => pool,
    );
  await take(place, mail(2), { rotation });
  assert.deepEqual(await pools(), ["filling"]);
  place.nowNs += dayNs;
  await take(place, mail(2), { rotation: { ...rotation, append: false } });
  assert.deepEqual(await pools(), ["filling", "filling"]);
  place.nowNs += dayNs;
  assert.deepEqual(await pools(), ["expired", "filling"]);
});

test("without a rule nothing ever expires", async () => {
  await using place = await tapes({ count: 1 });
  await take(place, mail(2));
  place.nowNs += 50n * dayNs;
  await take(place, mail(2));
  const { expired, stopped } = await tapePoolsOf(place.library, {
    rotation: {},
    nowNs: place.nowNs,
  });
  assert.deepEqual([[...expired], stopped], [[], []]);
});

test("a store that shrank stops expiry until a person releases it", async () => {
  await using place = await tapes({ count: 2 });
  const rotation: TapeRotation = { keepLast: 1, append: false };
  await take(place, mail(60), { rotation });
  place.nowNs += dayNs;
  const { point } = await take(place, mail(1), { rotation });
  await assert.rejects(
    take(place, mail(1), { rotation }),
    /Nothing of group "mx1\/all" expires: the newest moment has 98% fewer files/,
  );
  assert.equal((await tapeCopy(place.library).moments())[0]?.files, 60);
  await releaseTapeExpiry(place.library, { set: point.id, nowNs: place.nowNs });
  await take(place, mail(1), { rotation });
  assert.deepEqual(
    (await tapeCopy(place.library).moments()).map(({ files }) => files),
    [1, 1],
  );
});

test("a clock that jumps ahead takes nothing with it before a person confirms it", async () => {
  await using place = await tapes({ count: 2 });
  const rotation: TapeRotation = { keepDays: 7, append: false };
  await take(place, mail(2), { rotation });
  place.nowNs += 3650n * dayNs;
  await take(place, mail(2), { rotation });
  await assert.rejects(take(place, mail(2), { rotation }), /The clock is 3650 days ahead/);
  assert.equal((await tapeCopy(place.library).moments()).length, 2);
  await confirmTapeClock(place.library, { nowNs: place.nowNs });
  await take(place, mail(2), { rotation });
  // Set back again, sequences still order the moments and nothing expires.
  place.nowNs -= 3650n * dayNs;
  const { expired } = await tapePoolsOf(place.library, { rotation, nowNs: place.nowNs });
  assert.equal(expired.size, 0);
  assert.deepEqual(
    (await tapeCopy(place.library).moments()).map(({ sequence }) => sequence),
    [2, 3],
  );
});

test("a rebuilt catalogue knows all moments, and how often each tape was written", async () => {
  await using place = await tapes({ count: 7, capacityBytes: 120_000 });
  const rotation: TapeRotation = { keepLast: 2 };
  for (let night = 0; night < 8; night++) {
    place.nowNs += dayNs;
    await take(place, mail(20), { rotation });
  }
  const copy = tapeCopy(place.library);
  const before = await copy.moments();
  const options = { rotation, nowNs: place.nowNs };
  const passes = (await tapePoolsOf(place.library, options)).tapes.map(({ use }) => use.passes);
  assert.ok(passes.some((each) => each > 1));
  for (const name of ["catalogue.json", "media.json"])
    rmSync(join(place.library.stateFolder, name));
  const report = await rebuildCatalogue(place.library);
  assert.deepEqual(
    report.problems.filter((problem) => !/never finished|written over since/.test(problem)),
    [],
  );
  const after = await copy.moments();
  for (const point of before)
    assert.deepEqual(
      after.find(({ id }) => id === point.id),
      point,
    );
  assert.deepEqual(
    (await tapePoolsOf(place.library, options)).tapes.map(({ use }) => use.passes),
    passes,
  );
  for (const point of after) {
    await using image = await copy.open(point);
    assert.equal((await image.list("cur" as RawPath)).length, 20);
  }
  // A new lineage: nobody knows whether a tape that is away has later sequences of the old one.
  const next = await take(place, mail(20), { rotation });
  assert.notEqual(next.point.generation, newest(before).generation);
  assert.equal(next.point.sequence, 1);
});

test("a rebuild keeps what the old catalogue knows of tapes that are away, and the old one itself", async () => {
  await using place = await tapes({ count: 2 });
  await take(place, mail(2));
  place.nowNs += dayNs;
  await take(place, mail(3), { rotation: { append: false } });
  const before = await tapeCopy(place.library).moments();
  const path = join(place.library.stateFolder, "catalogue.json");
  const old = readFileSync(path);
  await place.library.exportVolume(parseBarcode("RST001"));
  const report = await rebuildCatalogue(place.library);
  assert.deepEqual([report.sets, report.kept], [2, 1]);
  assert.match(report.problems.join(), /needs RST001, not in the library/);
  assert.deepEqual(await tapeCopy(place.library).moments(), before);
  assert.deepEqual(readFileSync(`${path}.before-rebuild`), old);
});
