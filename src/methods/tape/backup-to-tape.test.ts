import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Image,
  ImageError,
  memoryImage,
  openDirectoryImage,
  type RawPath,
  rawPathFromText,
  readAll,
  rootPath,
  writeMemoryNodes,
} from "#image";
import { imageContract } from "../../image/image.contract.ts";
import { backupToTape } from "./backup-to-tape.ts";
import { parseBarcode } from "./drive/index.ts";
import { rejects } from "./drive/tape-drive.contract.ts";
import { tapeCopy } from "./tape-copy.ts";
import { contentsOf, mail, newest, startNs, take, tapes } from "./tape.fixture.ts";

imageContract(
  "a moment on tape",
  async (nodes) => {
    const place = await tapes({ capacityBytes: 20_000_000 });
    await take(place, nodes);
    const copy = tapeCopy(place.library);
    const image = await copy.open(newest(await copy.moments()));
    const dispose = image[Symbol.asyncDispose].bind(image);
    image[Symbol.asyncDispose] = async () => {
      await dispose();
      if (existsSync(place.folder)) await place[Symbol.asyncDispose]();
    };
    return image;
  },
  { extendedAttributes: true },
);

test("a nasty folder comes back from tape as it was, hard links and empty folders too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "restante-source-"));
  try {
    const root = rawPathFromText(folder);
    await writeMemoryNodes(root, {
      "cur/1:2,S": { bytes: "From: a\r\n\r\n", mtimeNs: 1_500_000_000_000_000_000n, mode: 0o640 },
      "\xff\xfe not text": "x",
      "line\nbreak/\x01": "y",
      [`${"long".repeat(60)}/${"name".repeat(60)}`]: "z",
      empty: { type: "directory", mode: 0o711 },
      "nothing at all": "",
      big: Buffer.alloc(300_000, "0123456789"),
      "to/link": { linkTarget: "../cur/\xff" },
    });
    linkSync(join(folder, "big"), join(folder, "to", "big too"));
    await using image = await openDirectoryImage(root, { consistency: "offline" });
    await using place = await tapes();
    const result = await take(place, image);
    assert.deepEqual([result.problems, result.partial, result.filesTotal], [[], false, 7]);
    assert.equal(result.consistency, "offline");
    const copy = tapeCopy(place.library);
    await using found = await copy.open(newest(await copy.moments()));
    assert.deepEqual(await contentsOf(found), await contentsOf(image));
    const big = (await found.list(rootPath)).entry(0);
    const other = (await found.list("to" as RawPath)).entry(0);
    assert.equal(big.name, "big");
    assert.deepEqual([other.inode, other.links], [big.inode, 2]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const corpora = join(import.meta.dirname, "../../../../shared/corpora/corpora.tar.xz");

test(
  "real mail comes back from tape",
  { skip: !existsSync(corpora) && "the corpora are not there" },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "restante-corpora-"));
    try {
      execFileSync("tar", ["-xJf", corpora, "-C", folder, "./stores"]);
      await using image = await openDirectoryImage(rawPathFromText(join(folder, "stores")));
      await using place = await tapes({ capacityBytes: 2e9, count: 1 });
      const sizes = { blockBytes: 256 * 1024, dataFileBytes: 16 * 1024 * 1024 };
      const result = await take(place, image, sizes);
      assert.deepEqual(result.problems, []);
      assert.ok(result.filesTotal > 100, `${result.filesTotal} files`);
      const copy = tapeCopy(place.library);
      await using found = await copy.open(result.point);
      assert.deepEqual(await contentsOf(found), await contentsOf(image));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("moments of a group have sequences, and each opens as what it was", async () => {
  await using place = await tapes();
  for (const count of [3, 5, 4]) {
    place.nowNs += 1_000_000_000n;
    await take(place, mail(count));
  }
  await take(place, mail(1), { group: "other" });
  const method = backupToTape(place.library, {
    path: "/var/mail" as RawPath,
    hostname: "mx1",
    name: "tapes",
  });
  assert.deepEqual(
    [method.name, method.section, method.copy.name],
    ["backup to tape", "3.1", "tapes"],
  );
  const points = await method.copy.moments("mx1/all");
  assert.deepEqual(
    points.map(({ sequence, files, atNs }) => [sequence, files, atNs - startNs]),
    [
      [1, 3, 1_000_000_000n],
      [2, 5, 2_000_000_000n],
      [3, 4, 3_000_000_000n],
    ],
  );
  assert.equal(new Set(points.map(({ generation }) => generation)).size, 1);
  for (const point of points) {
    await using image = await method.copy.open(point);
    assert.equal(Object.keys(await contentsOf(image)).length, (point.files ?? 0) + 1);
    assert.deepEqual([image.at.sequence, image.at.toNs], [point.sequence, point.atNs]);
  }
  assert.equal((await method.copy.moments()).length, 4);
  assert.deepEqual(await method.copy.moments("none"), []);
});

test("an empty store is an empty moment, and a listing that fails is none", async () => {
  await using place = await tapes();
  const { point } = await take(place, {});
  await using image = await tapeCopy(place.library).open(point);
  assert.equal((await image.list(rootPath)).length, 0);
  const broken = memoryImage({ "": { type: "directory", failure: new Error("EIO") } });
  await assert.rejects(take(place, broken), { code: "image.unlistable" });
  assert.equal((await tapeCopy(place.library).moments()).length, 1);
});

test("what cannot be read is a problem of the moment, and the rest is there", async () => {
  await using place = await tapes();
  const result = await take(place, {
    good: "x",
    bad: { bytes: "y", failure: new Error("EIO: i/o error") },
    "closed/x": "z",
    closed: { type: "directory", failure: new Error("EACCES: permission denied") },
    socket: { type: "socket" },
  });
  assert.equal(result.partial, true);
  assert.deepEqual(
    result.problems.map(({ path, code }) => [path, code]),
    [
      ["bad", "unreadable"],
      ["closed", "unlistable"],
    ],
  );
  await using image = await tapeCopy(place.library).open(result.point);
  assert.deepEqual([...(await image.list(rootPath)).names], ["closed", "good", "socket"]);
  assert.deepEqual(
    image.problems.map(({ path }) => path),
    ["bad", "closed"],
  );
});

/** An Image whose file fails or gets shorter so many times when it is read. */
function restless(failures: number, sizeBytes: number): Image {
  const image = memoryImage({ file: Buffer.alloc(sizeBytes, "n") });
  const read = image.read.bind(image);
  let left = failures;
  image.read = async function* (path, options) {
    if (left-- > 0) {
      yield Buffer.alloc(sizeBytes / 2, "o");
      throw new ImageError("image.changed", "it changed");
    }
    yield* read(path, options);
  };
  return image;
}

for (const [size, sizeBytes] of [
  ["small", 100_000],
  ["large", 9_000_000],
] as const) {
  test(`a ${size} file that changes while it is read is read again, and given up after three times`, async () => {
    await using place = await tapes({ capacityBytes: 100_000_000 });
    const sizes = { blockBytes: 256 * 1024 };
    const once = await take(place, restless(1, sizeBytes), sizes);
    assert.deepEqual([once.problems, once.filesTotal], [[], 1]);
    const copy = tapeCopy(place.library);
    {
      await using image = await copy.open(once.point);
      const bytes = Buffer.from(await readAll(image, "file" as RawPath));
      assert.ok(bytes.equals(Buffer.alloc(sizeBytes, "n")));
    }
    const never = await take(place, restless(9, sizeBytes), sizes);
    assert.deepEqual(
      never.problems.map(({ code }) => code),
      ["still-changing"],
    );
    await using image = await copy.open(never.point);
    assert.equal((await image.list(rootPath)).length, 0);
  });
}

test("a run that is told to stop leaves no moment, and the next one is whole", async () => {
  await using place = await tapes();
  const controller = new AbortController();
  const image = memoryImage(mail(20));
  const read = image.read.bind(image);
  let reads = 0;
  image.read = (path, options) => {
    if (++reads === 10) controller.abort();
    return read(path, options);
  };
  await assert.rejects(take(place, image, { signal: controller.signal }), { name: "AbortError" });
  const copy = tapeCopy(place.library);
  assert.deepEqual(await copy.moments(), []);
  const { point } = await take(place, mail(20));
  await using found = await copy.open(point);
  assert.deepEqual(await contentsOf(found), await contentsOf(memoryImage(mail(20))));
  assert.equal(point.sequence, 1);
});

test("extract() writes files in the order of the tape, each compared with its digest", async () => {
  await using place = await tapes({ count: 3, capacityBytes: 200_000 });
  const nodes = mail(40);
  const { point } = await take(place, nodes);
  await using image = await tapeCopy(place.library).open(point);
  const target = mkdtempSync(join(tmpdir(), "restante-extract-"));
  try {
    const requests = Object.keys(nodes)
      .toReversed()
      .map((path, index) => ({
        path: path as RawPath,
        to: rawPathFromText(join(target, String(index))),
      }));
    const none = { path: "absent" as RawPath, to: rawPathFromText(join(target, "absent")) };
    const seen: string[] = [];
    const failed: string[] = [];
    for await (const { path, to, sizeBytes, error } of image.extract!([...requests, none])) {
      if (error !== undefined) failed.push(path);
      else {
        seen.push(path);
        assert.equal(readFileSync(to, "utf8"), nodes[path]);
        assert.equal(sizeBytes, Buffer.byteLength(nodes[path] as string));
      }
    }
    assert.deepEqual(failed, ["absent"]);
    assert.deepEqual(seen, Object.keys(nodes));
    assert.equal(existsSync(none.to), false);
  } finally {
    rmSync(target, { recursive: true });
  }
});

test("sizes that are none for tape are refused before anything is touched", async () => {
  await using place = await tapes();
  for (const blockBytes of [0, 100, 513, 16 * 1024 * 1024])
    await rejects("methods.tape-option", () => take(place, {}, { blockBytes }));
  assert.equal(readFileSync(join(place.folder, "RST001.tap")).length, 0);
  assert.equal(parseBarcode("RST001"), "RST001");
});
