import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDirectoryImage } from "./directory-image.ts";
import type { Image } from "./image.ts";
import { imageContract } from "./image.contract.ts";
import { joinImages } from "./joined-image.ts";
import { openLiveImage } from "./live-image.ts";
import { memoryImage } from "./memory-image.ts";
import { joinRawPath, type RawPath, rootPath } from "./raw-path.ts";
import { readAll } from "./read-all.ts";

const path = (text: string): RawPath => text as RawPath;

/** One part of a joined Image, looked at through the whole. */
function below(image: Image, folder: RawPath): Image {
  const within = (at: RawPath): RawPath => (at === rootPath ? folder : joinRawPath(folder, at));
  return {
    get at() {
      return image.at;
    },
    get problems() {
      return image.problems;
    },
    consistency: image.consistency,
    volumes: image.volumes,
    fingerprintScope: image.fingerprintScope,
    list: (at, signal) => image.list(within(at), signal),
    extendedAttributes: (at) => image.extendedAttributes(within(at)),
    read: (at, options) => image.read(within(at), options),
    fingerprint: (at, signal) => image.fingerprint(within(at), signal),
    [Symbol.asyncDispose]: async () => await image[Symbol.asyncDispose](),
  };
}

imageContract(
  "a part of a joined image",
  async (nodes) =>
    below(
      joinImages([
        { folder: path("/var/other"), image: memoryImage({ "x/y": "1" }) },
        { folder: path("/var/vmail"), image: memoryImage(nodes) },
      ]),
      path("var/vmail"),
    ),
  { extendedAttributes: true },
);

test("of what stands above the folders it has the way to them and nothing else", async () => {
  await using image = joinImages([
    { folder: path("/var/vmail"), image: memoryImage({ "a/cur": { type: "directory" } }) },
    { folder: path("/srv/index"), image: memoryImage({ "a/log": "x" }) },
  ]);
  const namesIn = async (folder: string): Promise<readonly string[]> => [
    ...(await image.list(path(folder))).names,
  ];
  assert.deepEqual(await namesIn(""), ["srv", "var"]);
  assert.deepEqual(await namesIn("var"), ["vmail"]);
  assert.deepEqual(await namesIn("var/vmail"), ["a"]);
  assert.equal((await readAll(image, path("srv/index/a/log"))).length, 1);
  await assert.rejects(image.list(path("etc")), { code: "image.not-found" });
  await assert.rejects(image.list(path("var/log")), { code: "image.not-found" });
  await assert.rejects(readAll(image, path("var")), { code: "image.not-a-file" });
  assert.deepEqual(
    image.volumes.map(({ root }) => root),
    ["var/vmail", "srv/index"],
  );
});

test("it is as good as its worst part, and its problems say where they are", async () => {
  await using image = joinImages([
    { folder: path("/a"), image: memoryImage({ x: "1" }, { consistency: "offline" }) },
    {
      folder: path("/b"),
      image: memoryImage(
        { bad: { type: "directory", failure: new Error("EIO: i/o error, scandir") } },
        { consistency: "fuzzy" },
      ),
    },
  ]);
  assert.equal(image.consistency, "fuzzy");
  await assert.rejects(image.list(path("b/bad")), { code: "image.unlistable" });
});

test("no part may lie in another", () => {
  const part = (folder: string) => ({ folder: path(folder), image: memoryImage({}) });
  assert.throws(() => joinImages([part("/var"), part("/var/index")]), RangeError);
  assert.throws(() => joinImages([part("/")]), RangeError);
});

test("folders of this machine are found again where they moved, with their own modes", async () => {
  const folder = mkdtempSync("/tmp/restante-joined-");
  const [mail, index] = [join(folder, "mail"), join(folder, "index")];
  for (const made of [join(mail, "cur"), join(mail, "new"), index])
    mkdirSync(made, { recursive: true });
  writeFileSync(join(mail, "cur", "1:2,"), "hello");
  writeFileSync(join(index, "log"), "log");
  chmodSync(mail, 0o750);
  await using image = joinImages([
    { folder: path(mail), image: await openLiveImage(path(mail)) },
    { folder: path(index), image: await openDirectoryImage(path(index)) },
  ]);
  renameSync(join(mail, "cur", "1:2,"), join(mail, "cur", "1:2,S"));
  const before = path(join(mail, "cur", "1:2,").slice(1));
  const moved = await image.local?.relocate([before]);
  assert.equal(moved?.get(before), join(mail, "cur", "1:2,S").slice(1));
  assert.equal(image.local?.root, "/");
  const listing = await image.list(path(folder.slice(1)));
  assert.equal(listing.entry(listing.indexOf("mail" as never)).mode, 0o750);
  rmSync(folder, { recursive: true });
});
