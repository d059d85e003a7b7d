import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { mountSmallDisk, type SmallDisk, withoutSmallDisk } from "../files/small-disk.fixture.ts";
import { requireAbsent, writeNamedFile, writeNewFile } from "./new-file.ts";

const folder = mkdtempSync(join(tmpdir(), "restante-new-file-"));
after(() => rmSync(folder, { recursive: true }));

test("a new file is written whole, and none that is there is touched", async () => {
  const path = join(folder, "new.yaml");
  await requireAbsent(path);
  await writeNewFile(path, "by us");
  assert.equal(readFileSync(path, "utf8"), "by us");
  assert.equal(statSync(path).mode & 0o777, 0o640 & ~process.umask());
  const there = { code: "cli.not-written", message: /it is there already/ };
  await assert.rejects(writeNewFile(path, "again"), there);
  await assert.rejects(requireAbsent(path), there);
  assert.equal(readFileSync(path, "utf8"), "by us");
  assert.deepEqual(readdirSync(folder), ["new.yaml"]);
});

test("a named file takes the place of the one that is there", async () => {
  const path = join(folder, "new.yaml");
  writeFileSync(path, "the first");
  await writeNamedFile(path, "the second");
  assert.equal(readFileSync(path, "utf8"), "the second");
});

test("a folder that is not there is named", async () => {
  const path = join(folder, "none", "new.yaml");
  for (const write of [writeNewFile, writeNamedFile])
    await assert.rejects(write(path, "text"), {
      code: "cli.not-written",
      message: /none\/new\.yaml": ENOENT/,
    });
});

const smallDisk = mountSmallDisk("4k");

test(
  "a full disk leaves no empty file behind, which would be in the way of the next try",
  { skip: smallDisk === undefined ? withoutSmallDisk : false },
  async () => {
    using disk = smallDisk as SmallDisk;
    const [ballast, path] = [join(disk.folder, "ballast"), join(disk.folder, "new.yaml")];
    writeFileSync(ballast, Buffer.alloc(4096));
    await assert.rejects(writeNewFile(path, "text"), {
      code: "cli.not-written",
      message: /ENOSPC/,
    });
    assert.deepEqual(readdirSync(disk.folder), ["ballast"]);
    rmSync(ballast);
    await writeNewFile(path, "text");
    assert.equal(readFileSync(path, "utf8"), "text");
  },
);
