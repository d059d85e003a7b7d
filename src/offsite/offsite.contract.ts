import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Copy, RecoveryPoint } from "#copies";
import { type Image, type MemoryNodes, readAll, rootPath, walkImage } from "#image";
import type { OffsiteOption, SendResult } from "./offsite-option.ts";

export type MadeOffsite = AsyncDisposable & {
  readonly option: OffsiteOption;
  /** The copy that is sent from. */
  readonly here: Copy;
  /** A moment of the copy here; `second` orders it. */
  readonly addMoment: (
    nodes: MemoryNodes,
    options: { readonly second: number; readonly group?: string },
  ) => Promise<RecoveryPoint>;
  readonly removeMoment: (point: RecoveryPoint) => Promise<void>;
  /** From here on nothing of the first site can be used. Gives what is elsewhere, opened anew. */
  readonly loseFirstSite: () => Promise<Copy>;
};

const store: MemoryNodes = {
  "cur/1:2,S": "one",
  "cur/2:2,": "two",
  "new/3": "three",
  "\xff\xfe": "a name that is no text",
  tmp: { type: "directory" },
};
const later: MemoryNodes = { ...store, "new/4": "four" };

const counts = ({ sent, skipped, refused }: SendResult): number[] => [
  sent.length,
  skipped.length,
  refused.length,
];

/** What every OffsiteOption does. */
export function offsiteContract(name: string, make: () => Promise<MadeOffsite>): void {
  describe(`${name} keeps the OffsiteOption contract`, () => {
    test("each moment that was sent opens there as an Image with every file, after the first site is lost", async () => {
      await using made = await make();
      const { option, addMoment } = made;
      const first = await addMoment(store, { second: 1 });
      const second = await addMoment(later, { second: 2 });
      const result = await option.send([first, second]);
      assert.deepEqual(counts(result), [2, 0, 0]);
      const copy = await made.loseFirstSite();
      const points = await copy.moments();
      assert.equal(points.length, 2);
      for (const [at, nodes] of [store, later].entries()) {
        await using image = await copy.open(points[at] as RecoveryPoint);
        assert.deepEqual(await contentOf(image), filesOf(nodes));
        assert.deepEqual(image.problems, []);
      }
      assert.deepEqual([copy.name, copy.method], [option.copy.name, option.copy.method]);
    });

    test("a moment is the same moment there: group, order, time, consistency, place", async () => {
      await using made = await make();
      const point = await made.addMoment(store, { second: 1, group: "mx1/sales" });
      const [sent] = (await made.option.send([point])).sent;
      assert.ok(sent !== undefined);
      assert.deepEqual(sent.here, point);
      assert.deepEqual(factsOf(sent.there), factsOf(point));
      assert.deepEqual((await made.option.copy.moments("mx1/sales")).map(factsOf), [
        factsOf(point),
      ]);
      assert.deepEqual(await made.option.copy.moments("mx1/other"), []);
    });

    test("what is there is not sent again, and nothing to send is no mistake", async () => {
      await using made = await make();
      const first = await made.addMoment(store, { second: 1 });
      await made.option.send([first]);
      const second = await made.addMoment(later, { second: 2 });
      const result = await made.option.send([first, second]);
      assert.deepEqual(counts(result), [1, 1, 0]);
      assert.equal((await made.option.copy.moments()).length, 2);
      assert.deepEqual(counts(await made.option.send([])), [0, 0, 0]);
    });

    test("it says what is there, up to when, and what waits", async () => {
      await using made = await make();
      const { option } = made;
      const first = await made.addMoment(store, { second: 1 });
      const second = await made.addMoment(later, { second: 61 });
      const [before] = (await option.state()).groups;
      assert.equal(before?.newestThere, undefined);
      assert.equal(before?.lagMs, undefined);
      assert.deepEqual(
        before?.waiting.map(({ id }) => id),
        [first.id, second.id],
      );
      await option.send([first]);
      const [behind] = (await option.state()).groups;
      assert.equal(behind?.lagMs, 60_000);
      assert.deepEqual(
        behind.waiting.map(({ id }) => id),
        [second.id],
      );
      await option.send([second]);
      const [even] = (await option.state()).groups;
      assert.deepEqual([even?.lagMs, even?.waiting, even?.onTheirWay], [0, [], []]);
      assert.equal(even?.newestHere?.id, second.id);
    });

    test("what is being sent is on its way, until it has arrived", async () => {
      await using made = await make();
      const point = await made.addMoment(store, { second: 1 });
      const sending = made.option.send([point]);
      const [during] = (await made.option.state()).groups;
      assert.deepEqual(
        during?.onTheirWay.map(({ id }) => id),
        [point.id],
      );
      await sending;
      assert.deepEqual((await made.option.state()).groups[0]?.onTheirWay, []);
    });

    test("a moment that is gone here is refused, and keeps no other back", async () => {
      await using made = await make();
      const first = await made.addMoment(store, { second: 1 });
      const second = await made.addMoment(later, { second: 2 });
      await made.removeMoment(first);
      const result = await made.option.send([first, second]);
      assert.deepEqual(counts(result), [1, 0, 1]);
      assert.equal(result.refused[0]?.point.id, first.id);
      assert.match(String(result.refused[0]?.error.message), /removed meanwhile/);
    });

    test("a moment that is gone there is told, not opened as an empty one", async () => {
      await using made = await make();
      const point = await made.addMoment(store, { second: 1 });
      await assert.rejects(made.option.copy.open(point), { code: "offsite.moment-gone" });
    });

    test("it sends nothing when it was told to stop before it began", async () => {
      await using made = await make();
      const point = await made.addMoment(store, { second: 1 });
      const signal = AbortSignal.abort();
      await assert.rejects(made.option.send([point], { signal }), { name: "AbortError" });
      assert.deepEqual(await made.option.copy.moments(), []);
    });

    test("it measures itself: phases, bytes, and how it verified", async () => {
      await using made = await make();
      const point = await made.addMoment(store, { second: 1 });
      const seen: number[] = [];
      const result = await made.option.send([point], {
        onProgress: ({ momentsTotal }) => seen.push(momentsTotal),
      });
      assert.ok(seen.includes(1));
      assert.ok(result.phases.length > 0);
      assert.ok(result.phases.every(({ elapsedMs }) => elapsedMs >= 0));
      assert.ok(result.bytes.read > 0 && result.bytes.added > 0 && result.bytes.stored > 0);
      assert.ok(result.verified.length > 0);
    });
  });
}

function factsOf(point: RecoveryPoint): object {
  const { group, sequence, generation, atNs, consistency, paths, hostname } = point;
  return { group, sequence, generation, atNs, consistency, paths, hostname };
}

function filesOf(nodes: MemoryNodes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(nodes).filter(([, node]) => typeof node === "string"));
}

async function contentOf(image: Image): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type === "file") content[path] = Buffer.from(await readAll(image, path)).toString();
  }
  return content;
}
