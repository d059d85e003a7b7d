import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isRecoveryError, systemErrorCode } from "#errors";
import {
  type Bench,
  extractAll,
  file,
  inTurn,
  namesIn,
  openBench,
  temporaryFolder,
} from "./extract.fixture.ts";
import { openBlobReader } from "./blob-reader.ts";
import { sha256 } from "./crypto.ts";
import { extractFiles } from "./extract.ts";
import { pseudoRandom, idOf } from "./repository.fixture.ts";
import { RepositoryError } from "./repository-error.ts";
import type { ExtractResult, RawPath } from "#image";

const mebibyte = 1024 * 1024;

/** The same pack with one byte of one blob flipped, under the same name. */
async function damage({ core }: Bench, packId: string, at: number): Promise<void> {
  const { storage } = core.context;
  const bytes = await storage.load({ type: "data", name: packId });
  bytes[at] = (bytes[at] as number) ^ 1;
  await storage.remove({ type: "data", name: packId });
  await storage.save({ type: "data", name: packId }, [bytes]);
}

function errorOf(result: ExtractResult | undefined): RepositoryError {
  assert.ok(result?.error instanceof RepositoryError, `${result?.path} has an error`);
  assert.equal(result.sizeBytes, 0);
  return result.error;
}

for (const workers of [0, 2]) {
  describe(`extractFiles() with ${workers} threads`, () => {
    test("writes files of one blob, several, shared, repeated and no blobs", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const [a, b, c, d] = [
        pseudoRandom(5000, 1),
        Buffer.alloc(9000, "text "),
        pseudoRandom(1, 3),
        pseudoRandom(70_000, 4),
      ];
      await bench.addPack([a, b]);
      await bench.addPack([c, d]);
      await bench.addIndex();
      const contents = {
        one: [a],
        several: [d, a, b],
        again: [d, a, b],
        twice: [c, c, a, c],
        none: [],
      };
      const files = Object.entries(contents).map(([name, blobs]) => file(folder, name, blobs));
      const results = await extractAll(bench, { files, workers });
      for (const [name, blobs] of Object.entries(contents)) {
        const expected = Buffer.concat(blobs);
        assert.equal(results.get(name)?.error, undefined);
        assert.equal(results.get(name)?.sizeBytes, expected.length);
        assert.ok(readFileSync(join(folder, name)).equals(expected), name);
      }
      assert.equal(statSync(join(folder, "one")).mode & 0o777, 0o600);
    });

    test("writes a file of more than 8 MiB piece by piece", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const blobs = Array.from({ length: 11 }, (_, n) => pseudoRandom(mebibyte + n * 1000, n));
      // Not in the order of the file, and in two packs.
      await bench.addPack(blobs.filter((_, n) => n % 2 === 1).toReversed());
      await bench.addPack(blobs.filter((_, n) => n % 2 === 0));
      await bench.addIndex();
      const files = [
        file(folder, "large", [...blobs, ...blobs]),
        file(folder, "small", [blobs[3] as Buffer]),
      ];
      const results = await extractAll(bench, { files, workers });
      assert.equal(results.get("large")?.error, undefined);
      assert.ok(readFileSync(join(folder, "large")).equals(Buffer.concat([...blobs, ...blobs])));
      assert.ok(readFileSync(join(folder, "small")).equals(blobs[3] as Buffer));
    });

    test("a damaged blob takes only the files that need it", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const blobs = Array.from({ length: 12 }, (_, n) => pseudoRandom(mebibyte, n));
      const [bad, good] = [blobs[4] as Buffer, blobs[5] as Buffer];
      const packId = await bench.addPack(blobs);
      await bench.addIndex();
      const index = await (await openBlobReader(bench.core)).wholeIndex();
      const place = index.lookup(sha256(bad), "data");
      await damage(bench, packId, (place?.offset as number) + 100);
      const files = [
        file(folder, "bad", [bad]),
        file(folder, "good", [good]),
        file(folder, "both", [good, bad]),
        file(folder, "large", blobs),
      ];
      const results = await extractAll(bench, { files, workers });
      for (const name of ["bad", "both", "large"]) {
        assert.equal(errorOf(results.get(name)).code, "repository.damaged");
      }
      assert.match(
        errorOf(results.get("bad")).message,
        new RegExp(`of pack ${packId.slice(0, 8)}`),
      );
      assert.equal(results.get("good")?.sizeBytes, good.length);
      assert.deepEqual(namesIn(folder), ["good"]);
    });

    test("a pack that was cut short takes only the files beyond the cut", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const [first, last] = [pseudoRandom(4000, 1), pseudoRandom(4000, 2)];
      const packId = await bench.addPack([first, last]);
      await bench.addIndex();
      const { storage } = bench.core.context;
      const bytes = await storage.load({ type: "data", name: packId });
      await storage.remove({ type: "data", name: packId });
      await storage.save({ type: "data", name: packId }, [bytes.subarray(0, bytes.length - 10)]);
      const files = [file(folder, "first", [first]), file(folder, "last", [last])];
      const results = await extractAll(bench, { files, workers });
      assert.equal(results.get("first")?.error, undefined);
      const error = results.get("last")?.error;
      assert.ok(isRecoveryError(error));
      assert.equal(error.code, "storage.truncated");
      assert.deepEqual(namesIn(folder), ["first"]);
    });

    test("a target that exists is an error and is not touched, small or large", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const blobs = Array.from({ length: 6 }, (_, n) => pseudoRandom(mebibyte, n));
      await bench.addPack(blobs);
      await bench.addIndex();
      writeFileSync(join(folder, "small"), "kept");
      writeFileSync(join(folder, "large"), "kept, too");
      mkdirSync(join(folder, "folder"));
      const files = [
        file(folder, "small", blobs.slice(0, 1)),
        file(folder, "large", blobs),
        file(folder, "folder", blobs.slice(1, 2)),
        file(folder, "other", blobs.slice(2, 3)),
        file(join(folder, "missing"), "lost", blobs.slice(2, 3)),
        file(folder, "nul\0", blobs.slice(2, 3)),
      ];
      const results = await extractAll(bench, { files, workers });
      for (const name of ["small", "large", "folder"]) {
        assert.equal(errorOf(results.get(name)).code, "repository.target-exists");
      }
      assert.equal(errorOf(results.get("nul\0")).code, "repository.write-failed");
      const lost = errorOf(results.get("lost"));
      assert.equal(lost.code, "repository.write-failed");
      assert.equal(systemErrorCode(lost.cause), "ENOENT");
      assert.equal(readFileSync(join(folder, "small"), "utf8"), "kept");
      assert.equal(readFileSync(join(folder, "large"), "utf8"), "kept, too");
      assert.deepEqual(namesIn(folder), ["folder", "large", "other", "small"]);
    });

    test("an abort removes what was not reported", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const blobs = Array.from({ length: 20 }, (_, n) => pseudoRandom(mebibyte / 2, n));
      await bench.addPack(blobs);
      await bench.addIndex();
      const reader = await openBlobReader(bench.core);
      const abort = new AbortController();
      const files = blobs.map((blob, n) => file(folder, `small-${n}`, [blob]));
      files.push(file(folder, "large", blobs));
      const reported: string[] = [];
      const { core } = bench;
      await assert.rejects(
        async () => {
          for await (const { path } of extractFiles({
            core,
            reader,
            files: inTurn(files),
            workers,
            signal: abort.signal,
          })) {
            reported.push(path);
            if (reported.length === 3) abort.abort(new Error("enough"));
          }
        },
        { message: "enough" },
      );
      assert.deepEqual(namesIn(folder), reported.toSorted());
    });

    test("a caller who stops early leaves nothing behind that was not reported", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const blobs = Array.from({ length: 20 }, (_, n) => pseudoRandom(mebibyte / 2, n));
      await bench.addPack(blobs);
      await bench.addIndex();
      const reader = await openBlobReader(bench.core);
      const files = blobs.map((blob, n) => file(folder, `small-${n}`, [blob]));
      const { core } = bench;
      for await (const { path } of extractFiles({ core, reader, files: inTurn(files), workers })) {
        assert.deepEqual(path.startsWith("small-"), true);
        break;
      }
      assert.equal(namesIn(folder).length, 1);
    });

    test("a pack that was pruned is found again through the newer index, once", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const large = Array.from({ length: 6 }, (_, n) => pseudoRandom(mebibyte, 10 + n));
      const [kept, moved, lost] = [
        pseudoRandom(3000, 1),
        pseudoRandom(3000, 2),
        pseudoRandom(3000, 3),
      ];
      const keptPack = await bench.addPack([kept, ...large.slice(0, 5)]);
      const oldPack = await bench.addPack([moved, lost, ...large.slice(5)]);
      const oldIndex = await bench.addIndex();
      const files = [
        file(folder, "kept", [kept]),
        file(folder, "moved", [kept, moved]),
        file(folder, "lost", [kept, lost]),
        file(folder, "large", large),
      ];
      const { storage } = bench.core.context;
      const afterOpen = async (): Promise<void> => {
        const newPack = await bench.addPack([...large.slice(5), moved]);
        await bench.addIndex([keptPack, newPack]);
        await storage.remove({ type: "index", name: oldIndex });
        await storage.remove({ type: "data", name: oldPack });
      };
      const results = await extractAll(bench, { files, workers, afterOpen });
      assert.equal(errorOf(results.get("lost")).code, "repository.blob-missing");
      assert.ok(readFileSync(join(folder, "moved")).equals(Buffer.concat([kept, moved])));
      assert.ok(readFileSync(join(folder, "large")).equals(Buffer.concat(large)));
      assert.deepEqual(namesIn(folder), ["kept", "large", "moved"]);
    });

    test("a blob that no index knows is an error of its file, and a file that was not found stays one", async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const blob = pseudoRandom(3000, 1);
      await bench.addPack([blob]);
      await bench.addIndex();
      const unknown = {
        request: { path: "unknown" as RawPath, to: join(folder, "unknown") as RawPath },
        ids: idOf(1),
      };
      const refused = {
        request: { path: "refused" as RawPath, to: join(folder, "refused") as RawPath },
        error: new Error("no"),
      };
      const results = await extractAll(bench, {
        files: [unknown, refused, file(folder, "good", [blob])],
        workers,
      });
      assert.equal(errorOf(results.get("unknown")).code, "repository.blob-missing");
      assert.equal(results.get("refused")?.error, refused.error);
      assert.deepEqual(namesIn(folder), ["good"]);
    });
  });
}

test("extractFiles() writes what the blobs say, whatever packs they lie in", async (context) => {
  const folder = temporaryFolder(context);
  let round = 0;
  const blobSizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 12 });
  const scenario = blobSizes.chain((sizes) =>
    fc.record({
      sizes: fc.constant(sizes),
      packOf: fc.array(fc.integer({ min: 0, max: 2 }), {
        minLength: sizes.length,
        maxLength: sizes.length,
      }),
      files: fc.array(fc.array(fc.nat({ max: sizes.length - 1 }), { maxLength: 40 }), {
        maxLength: 30,
      }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(scenario, async ({ sizes, packOf, files }) => {
      const bench = await openBench();
      const blobs = sizes.map((size, n) => pseudoRandom(size, n));
      for (const pack of [0, 1, 2]) {
        const ofPack = blobs.filter((_, n) => packOf[n] === pack);
        if (ofPack.length > 0) await bench.addPack(ofPack);
      }
      await bench.addIndex();
      const into = join(folder, String(round++));
      mkdirSync(into);
      const contents = files.map((wanted) => wanted.map((n) => blobs[n] as Buffer));
      const requests = contents.map((wanted, n) => file(into, String(n), wanted));
      const results = await extractAll(bench, { files: requests, workers: 0 });
      assert.equal(results.size, files.length);
      for (const [n, wanted] of contents.entries()) {
        assert.equal(results.get(String(n))?.error, undefined);
        assert.ok(readFileSync(join(into, String(n))).equals(Buffer.concat(wanted)));
      }
    }),
    { numRuns: 25 },
  );
});
