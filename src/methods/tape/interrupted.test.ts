/** The power goes off at every write to a tape: nothing that was promised is lost, and the next run works. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { memoryImage } from "#image";
import { rebuildCatalogue } from "./rebuild-catalogue.ts";
import { tapeCopy } from "./tape-copy.ts";
import {
  contentsOf,
  libraryWithPowerCut,
  mail,
  type PowerCut,
  PowerCutError,
  take,
  type Tapes,
  tapes,
} from "./tape.fixture.ts";
import type { TapeRotation } from "./media/index.ts";

const first = mail(3, "first");
const second = mail(4, "second");
const third = mail(5, "third");

async function expectMoments(
  place: Tapes,
  expected: readonly ReturnType<typeof mail>[],
): Promise<void> {
  const copy = tapeCopy(place.library);
  const points = await copy.moments();
  assert.equal(points.length, expected.length);
  for (const [index, point] of points.entries()) {
    await using image = await copy.open(point);
    await using wanted = memoryImage(expected[index]!);
    assert.deepEqual(await contentsOf(image), await contentsOf(wanted));
    assert.deepEqual(image.problems, []);
  }
}

type Story = {
  readonly title: string;
  readonly count: number;
  readonly capacityBytes: number;
  readonly rotation?: TapeRotation;
  /** Moments that must be there after the cut, whatever it left of the second. */
  readonly kept: boolean;
};

const stories: readonly Story[] = [
  { title: "behind another set", count: 1, capacityBytes: 10_000_000, kept: true },
  { title: "over two tapes", count: 4, capacityBytes: 110_000, kept: true },
];

/** Writes the second moment with the power cut there. False: the run ended before. */
async function isCut(
  place: Tapes,
  story: Story,
  how: { at: number; cut: PowerCut },
): Promise<boolean> {
  const library = libraryWithPowerCut(place, how);
  place.nowNs += 1_000_000_000n;
  try {
    await take(place, second, { library, rotation: story.rotation ?? {} });
    return false;
  } catch (error) {
    assert.ok(error instanceof PowerCutError, String(error));
    // The process is gone with the power; here it lives on, and its lock with it.
    rmSync(join(place.library.stateFolder, "writer.lock"), { force: true });
    return true;
  }
}

for (const story of stories) {
  for (const cut of ["before", "after", "torn"] as const) {
    test(`${story.title}: cut ${cut} any write, the first moment stands and the next run works`, async () => {
      let at = 1;
      for (; ; at++) {
        await using place = await tapes(story);
        await take(place, first);
        if (!(await isCut(place, story, { at, cut }))) break;
        await expectMoments(place, [first]);
        place.nowNs += 1_000_000_000n;
        await take(place, third);
        const listed = await tapeCopy(place.library).moments();
        // A set that was whole and only was not listed is listed by the next run.
        const isAdopted = listed.length === 3;
        await expectMoments(place, isAdopted ? [first, second, third] : [first, third]);
      }
      assert.ok(at > 20, `only ${at} writes`);
    });
  }
}

test("cut while an expired tape is labelled anew, what is kept on other tapes stands", async () => {
  const rotation: TapeRotation = { keepLast: 1, append: false };
  for (const cut of ["before", "after", "torn"] as const) {
    // The label's own writes, and the first of the set behind it.
    for (let at = 1; at <= 16; at++) {
      await using place = await tapes({ count: 2 });
      await take(place, first, { rotation });
      place.nowNs += 1_000_000_000n;
      await take(place, second, { rotation });
      const library = libraryWithPowerCut(place, { at, cut });
      place.nowNs += 1_000_000_000n;
      await assert.rejects(take(place, third, { library, rotation }), PowerCutError);
      rmSync(join(place.library.stateFolder, "writer.lock"), { force: true });
      const copy = tapeCopy(place.library);
      const points = await copy.moments();
      assert.ok(points.some(({ sequence }) => sequence === 2));
      for (const point of points) await (await copy.open(point))[Symbol.asyncDispose]();
      await take(place, third, { rotation });
      assert.equal((await copy.moments()).at(-1)?.files, 5);
    }
  }
});

test("cut anywhere and the catalogue lost as well, a rebuild finds what was promised and the next run works", async () => {
  for (const story of stories) {
    for (let at = 1; ; at += 3) {
      await using place = await tapes(story);
      await take(place, first);
      if (!(await isCut(place, story, { at, cut: "torn" }))) break;
      rmSync(join(place.library.stateFolder, "catalogue.json"));
      await rebuildCatalogue(place.library);
      const points = await tapeCopy(place.library).moments();
      assert.ok(points.some(({ files, tags }) => files === 3 && tags.length === 0));
      place.nowNs += 1_000_000_000n;
      const { point } = await take(place, third);
      await using image = await tapeCopy(place.library).open(point);
      assert.deepEqual(await contentsOf(image), await contentsOf(memoryImage(third)));
    }
  }
});
