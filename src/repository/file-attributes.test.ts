import assert from "node:assert/strict";
import { closeSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { extendedAttributeSupport, type FileAttributes } from "#image";
import { withoutRootRights } from "../files/unprivileged.fixture.ts";
import { extractAll, file, openBench, temporaryFolder } from "./extract.fixture.ts";
import type { FoundFile } from "./extract.ts";
import { attributeColumns, setFileAttributes } from "./file-attributes.ts";
import { pseudoRandom } from "./repository.fixture.ts";

const isRoot = process.geteuid?.() === 0;
const skip = extendedAttributeSupport() === "none" ? "this Node cannot call the C library" : false;
const asked: FileAttributes = {
  ...(isRoot ? { owner: { uid: 4711, gid: 4712 } } : {}),
  mode: 0o2640,
  mtimeNs: 1_700_000_000_123_456_789n,
};
const attributesOf = (path: string) => {
  const { mode, uid, gid, mtimeNs, atimeNs } = statSync(path, { bigint: true });
  assert.equal(atimeNs, mtimeNs);
  const owner = { uid: Number(uid), gid: Number(gid) };
  return { ...(isRoot ? { owner } : {}), mode: Number(mode) & 0o7777, mtimeNs };
};

for (const workers of [0, 1]) {
  test(
    `extractFiles() with ${workers} threads gives a file what was asked for, and says so`,
    { skip },
    async (context) => {
      const folder = temporaryFolder(context);
      const bench = await openBench();
      const [small, large] = [pseudoRandom(1000, 1), pseudoRandom(5 * 1024 * 1024, 2)];
      await bench.addPack([small, large]);
      await bench.addIndex();
      const dressed = (name: string, blobs: readonly Uint8Array[]): FoundFile => {
        const found = file(folder, name, blobs);
        return { ...found, request: { ...found.request, attributes: asked } };
      };
      const files = [
        dressed("one", [small]),
        dressed("none", []),
        // In several parts: its attributes are the caller's.
        dressed("large", [large, large, small]),
        file(folder, "plain", [small]),
      ];
      const results = await extractAll(bench, { files, workers });
      for (const name of ["one", "none"]) {
        assert.equal(results.get(name)?.hasAttributes, true, name);
        assert.deepEqual(attributesOf(join(folder, name)), asked, name);
      }
      for (const name of ["large", "plain"]) {
        assert.equal(results.get(name)?.error, undefined);
        assert.equal(results.get(name)?.hasAttributes, undefined, name);
        assert.equal(statSync(join(folder, name)).mode & 0o7777, 0o600, name);
      }
    },
  );
}

test("times before 1970 keep their nanoseconds", { skip }, (context) => {
  const path = join(temporaryFolder(context), "old");
  const columns = attributeColumns([undefined, { mode: 0o600, mtimeNs: -1_500_000_000n }]);
  const descriptor = openSync(path, "wx");
  assert.equal(setFileAttributes(descriptor, columns, 0), false);
  assert.equal(setFileAttributes(descriptor, columns, 1), true);
  closeSync(descriptor);
  assert.equal(statSync(path, { bigint: true }).mtimeNs, -1_500_000_000n);
});

test("what the system refuses is left to the caller", { skip }, async (context) => {
  const folder = temporaryFolder(context);
  await withoutRootRights([folder], async () => {
    const columns = attributeColumns([{ owner: { uid: 0, gid: 0 }, mode: 0o600, mtimeNs: 0n }]);
    const descriptor = openSync(join(folder, "mine"), "wx");
    assert.equal(setFileAttributes(descriptor, columns, 0), false);
    closeSync(descriptor);
  });
});
