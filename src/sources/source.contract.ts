import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Image, type MemoryNodes, type RawPath, readAll, rootPath, walkImage } from "#image";
import type { Source } from "./source.ts";

export type MadeSource = { readonly source: Source; readonly folder: RawPath };

/** A source, and a folder in which it finds the nodes. */
export type MakeSource = (
  nodes: MemoryNodes,
  options: { readonly clock: () => bigint },
) => Promise<MadeSource>;

const nodes: MemoryNodes = { "cur/1:2,S": "one", "cur/2:2,": "two", "new/3": "three", tmp: {} };

/** What every Source does. */
export function sourceContract(name: string, make: MakeSource): void {
  describe(`${name} keeps the Source contract`, () => {
    test("its Image has every file of the store, and the source's consistency", async () => {
      const { source, folder } = await make(nodes, { clock: () => 5n });
      await using image = await source.stableImage({ folder });
      assert.deepEqual(await contentOf(image), {
        "cur/1:2,S": "one",
        "cur/2:2,": "two",
        "new/3": "three",
      });
      assert.equal(image.consistency, source.consistency);
      assert.deepEqual(image.problems, []);
    });
    test("its Image says when it was taken and to which lineage it belongs", async () => {
      let now = 1000n;
      const { source, folder } = await make(nodes, { clock: () => now++ });
      await using image = await source.stableImage({
        folder,
        group: "mx1/all",
        sequence: 3,
        generation: "g2",
      });
      const { fromNs, toNs, ...lineage } = image.at;
      assert.deepEqual(lineage, { group: "mx1/all", sequence: 3, generation: "g2" });
      assert.ok(fromNs >= 1000n && toNs >= fromNs && toNs < now);
    });
    test("it gives another Image after the first was closed, and a closed one is of no use", async () => {
      const { source, folder } = await make(nodes, { clock: () => 5n });
      const first = await source.stableImage({ folder });
      await first[Symbol.asyncDispose]();
      await assert.rejects(first.list(rootPath), { code: "image.closed" });
      await using second = await source.stableImage({ folder });
      assert.equal((await second.list(rootPath)).length, 3);
    });
    test("it does nothing when it was told to stop before it began", async () => {
      const { source, folder } = await make(nodes, { clock: () => 5n });
      await assert.rejects(source.stableImage({ folder, signal: AbortSignal.abort() }), {
        name: "AbortError",
      });
    });
  });
}

async function contentOf(image: Image): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type === "file") content[path] = Buffer.from(await readAll(image, path)).toString();
  }
  return content;
}
