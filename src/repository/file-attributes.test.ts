import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { extendedAttributeSupport, type FileAttributes } from "#image";
import { withoutRootRights } from "../files/unprivileged.fixture.ts";
import { extractAll, file, openBench, temporaryFolder } from "./extract.fixture.ts";
import type { FoundFile } from "./extract.ts";
import { attributeColumns } from "./file-attributes.ts";
import { FileMaker } from "./file-maker.ts";
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
  using maker = new FileMaker();
  const descriptor = maker.make(path, columns.modes[1] as number);
  assert.equal(maker.dress(descriptor, columns, 0), false);
  assert.equal(maker.dress(descriptor, columns, 1), true);
  maker.close(descriptor);
  assert.equal(statSync(path, { bigint: true }).mtimeNs, -1_500_000_000n);
});

test("what the system refuses is left to the caller", { skip }, async (context) => {
  const folder = temporaryFolder(context);
  await withoutRootRights([folder], async () => {
    const columns = attributeColumns([{ owner: { uid: 0, gid: 0 }, mode: 0o600, mtimeNs: 0n }]);
    using maker = new FileMaker();
    const descriptor = maker.make(join(folder, "mine"), columns.modes[0] as number);
    assert.equal(maker.dress(descriptor, columns, 0), false);
    maker.close(descriptor);
  });
});

test(
  "files made one after another have each its own mode and owner, whatever the folders give",
  {
    skip,
  },
  (context) => {
    const plain = temporaryFolder(context);
    const inherits = join(plain, "inherits");
    mkdirSync(inherits);
    // What is made in it belongs to the folder's group.
    if (isRoot) chownSync(inherits, 0, 4712);
    chmodSync(inherits, 0o2700);
    const mine = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    const owners = isRoot ? [mine, { uid: 4711, gid: 4712 }, { uid: 0, gid: 4712 }] : [mine];
    const modes = [0o600, 0o666, 0o640, 0o2640, 0o4755, 0o400, 0];
    const wanted = [plain, inherits, plain, inherits].flatMap((folder, round) =>
      modes.flatMap((mode) =>
        owners.map((owner, number) => ({
          path: join(folder, `${round}-${mode}-${number}-\u00e4`),
          owner,
          mode,
          mtimeNs: 1_700_000_000_000_000_007n,
        })),
      ),
    );
    const columns = attributeColumns(wanted);
    using maker = new FileMaker();
    for (const [file, { path }] of wanted.entries()) {
      const target = Buffer.from(path).toString("latin1");
      const descriptor = maker.make(target, columns.modes[file] as number);
      assert.equal(maker.dress(descriptor, columns, file), true);
      maker.close(descriptor);
      assert.throws(() => maker.make(target, columns.modes[file] as number), { code: "EEXIST" });
    }
    for (const { path, owner, mode, mtimeNs } of wanted) {
      const found = statSync(path, { bigint: true });
      assert.equal(Number(found.mode) & 0o7777, mode, path);
      assert.deepEqual({ uid: Number(found.uid), gid: Number(found.gid) }, owner, path);
      assert.equal(found.mtimeNs, mtimeNs);
    }
  },
);
