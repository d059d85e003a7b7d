import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, type SmallDisk, withoutSmallDisk } from "../files/small-disk.fixture.ts";
import { PartialFile, type Transfer, transferFolder } from "./partial-file.ts";

const bytes = Buffer.from("all of the file");
const transfer: Transfer = {
  file: { type: "data", name: "ab".repeat(32) },
  sizeBytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
};

type Place = Disposable & { readonly path: string; parts(): string[] };

function place(): Place {
  const path = mkdtempSync(join(tmpdir(), "restante-partial-"));
  return {
    path,
    parts: () => readdirSync(join(path, transferFolder)),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

test("what has arrived is there for whoever sends the same again", async () => {
  using there = place();
  {
    await using first = await PartialFile.open(there.path, transfer);
    assert.equal(first.endBytes, 0);
    await first.append(bytes.subarray(0, 6));
    assert.equal(first.isWhole, false);
  }
  await using second = await PartialFile.open(there.path, transfer);
  assert.equal(second.endBytes, 6);
  await second.append(bytes.subarray(6));
  assert.equal(second.isWhole, true);
  assert.deepEqual(Buffer.from(await second.read()), bytes);
  await second.remove();
  await second.remove();
  assert.deepEqual(there.parts(), []);
});

test("a file of the same name with other bytes or another size is another transfer", async () => {
  using there = place();
  await using first = await PartialFile.open(there.path, transfer);
  await first.append(bytes.subarray(0, 6));
  const others = [
    { ...transfer, sizeBytes: 99 },
    { ...transfer, sha256: "0".repeat(64) },
    { ...transfer, file: { type: "index", name: transfer.file.name } as const },
  ];
  for (const other of others) {
    await using file = await PartialFile.open(there.path, other);
    assert.equal(file.endBytes, 0);
  }
  assert.equal(there.parts().length, 4);
});

test("two who send the same at once both have it whole", async () => {
  using there = place();
  await using one = await PartialFile.open(there.path, transfer);
  await one.append(bytes.subarray(0, 4));
  await using other = await PartialFile.open(there.path, transfer);
  await other.append(bytes.subarray(4, 9));
  await one.append(bytes.subarray(4));
  assert.deepEqual(Buffer.from(await one.read()), bytes);
  await one.remove();
  await other.append(bytes.subarray(9));
  assert.deepEqual(Buffer.from(await other.read()), bytes);
  await other.remove();
});

test("what arrived and is not what was sent is removed, so that it begins anew", async () => {
  using there = place();
  {
    await using file = await PartialFile.open(there.path, transfer);
    await file.append(Buffer.alloc(bytes.length, "x"));
    await assert.rejects(file.read(), { code: "storage.failed", retryable: true });
  }
  await using again = await PartialFile.open(there.path, transfer);
  assert.equal(again.endBytes, 0);
});

test("a part that is longer than the whole is begun anew", async () => {
  using there = place();
  {
    await using file = await PartialFile.open(there.path, transfer);
    await file.append(bytes);
    await assert.rejects(file.append(Buffer.from("x")), { code: "storage.failed" });
  }
  const [name] = there.parts();
  writeFileSync(join(there.path, transferFolder, name!), "far more bytes than were announced");
  await using again = await PartialFile.open(there.path, transfer);
  assert.equal(again.endBytes, 0);
});

test("parts that nobody went on with for a day are removed, younger ones and other files never", async () => {
  using there = place();
  const nowMs = Date.now();
  for (const sha256 of ["1".repeat(64), "2".repeat(64)]) {
    await using file = await PartialFile.open(there.path, { ...transfer, sha256 });
    await file.append(bytes.subarray(0, 1));
  }
  writeFileSync(join(there.path, transferFolder, "notes"), "");
  const folder = join(there.path, transferFolder);
  const ageSeconds = (name: string): number => (name.endsWith("2") ? 23 : 25) * 3600;
  for (const name of readdirSync(folder)) {
    const seconds = nowMs / 1000 - ageSeconds(name);
    utimesSync(join(folder, name), seconds, seconds);
  }
  await using _file = await PartialFile.open(there.path, transfer, () => nowMs);
  assert.deepEqual(
    there
      .parts()
      .map((name) => name.slice(-1))
      .toSorted(),
    ["2", transfer.sha256.slice(-1), "s"].toSorted(),
  );
});

test("a name that is none, and a link in the place of the folder or file, are refused", async () => {
  using there = place();
  for (const name of ["", "../x", "AB".repeat(32)]) {
    const odd = { ...transfer, file: { type: "data", name } as const };
    await assert.rejects(PartialFile.open(there.path, odd), { code: "storage.invalid-name" });
  }
  await assert.rejects(PartialFile.open(there.path, { ...transfer, sha256: "/../../x" }), {
    code: "storage.invalid-name",
  });
  const elsewhere = join(there.path, "elsewhere");
  mkdirSync(elsewhere);
  const inLink = join(there.path, "linked");
  mkdirSync(inLink);
  symlinkSync(elsewhere, join(inLink, transferFolder));
  await assert.rejects(PartialFile.open(inLink, transfer), { code: "storage.failed" });
  await using _made = await PartialFile.open(there.path, transfer);
  const [name] = there.parts();
  rmSync(join(there.path, transferFolder, name!));
  symlinkSync(join(elsewhere, "file"), join(there.path, transferFolder, name!));
  await assert.rejects(PartialFile.open(there.path, transfer), { code: "storage.failed" });
  assert.deepEqual(readdirSync(elsewhere), []);
});

test("a place that is not there is not made", async () => {
  using there = place();
  await assert.rejects(PartialFile.open(join(there.path, "absent"), transfer), {
    code: "storage.not-found",
  });
});

const smallDisk = mountSmallDisk();

test(
  "a full disk is storage.full and leaves no part behind",
  { skip: smallDisk === undefined ? withoutSmallDisk : false },
  async () => {
    using disk = smallDisk as SmallDisk;
    const path = disk.folder;
    const large = { ...transfer, sizeBytes: 8 << 20 };
    await using file = await PartialFile.open(path, large);
    const fill = async (): Promise<void> => {
      for (let count = 0; count < 8; count++) await file.append(new Uint8Array(1 << 20));
    };
    await assert.rejects(fill, { code: "storage.full" });
    assert.deepEqual(readdirSync(join(path, transferFolder)), []);
  },
);
