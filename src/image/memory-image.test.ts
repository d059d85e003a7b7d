import assert from "node:assert/strict";
import { test } from "node:test";
import { imageContract } from "./image.contract.ts";
import { memoryImage } from "./memory-image.ts";
import { type RawPath, rootPath } from "./raw-path.ts";
import { readAll } from "./read-all.ts";
import { walkImage } from "./walk.ts";

imageContract("a memory image", async (nodes) => memoryImage(nodes), { extendedAttributes: true });

test("a folder's fingerprint changes with anything below it and only then", async () => {
  const nodes = { "a/b/c": "1", "a/d": "2", "e/f": "3" };
  await using before = memoryImage(nodes);
  await using after = memoryImage({ ...nodes, "a/b/c": "other" });
  assert.equal(before.fingerprintScope, after.fingerprintScope);
  for (const [path, same] of [
    ["", false],
    ["a", false],
    ["a/b", false],
    ["e", true],
    ["a/d", true],
  ] as const) {
    const equal =
      (await before.fingerprint(path as RawPath)) === (await after.fingerprint(path as RawPath));
    assert.equal(equal, same, path);
  }
});

test("failures that a test asks for come as the errors of a real image", async () => {
  await using image = memoryImage({
    "bad/file": "x",
    bad: { type: "directory", failure: new Error("EIO: i/o error, scandir") },
    broken: { bytes: "x", failure: new Error("EIO: i/o error, read") },
  });
  await assert.rejects(image.list("bad" as RawPath), {
    code: "image.unlistable",
    message: 'Cannot list "bad": EIO: i/o error',
  });
  await assert.rejects(readAll(image, "broken" as RawPath), { code: "image.unreadable" });
});

test("walkImage() goes on past a folder that cannot be listed when somebody listens, and fails otherwise", async () => {
  await using image = memoryImage({
    "a/file": "x",
    b: { type: "directory", failure: new Error("EACCES: permission denied, scandir") },
    "c/file": "x",
  });
  const problems: string[] = [];
  const seen: string[] = [];
  const walk = walkImage(image, rootPath, {
    onProblem: ({ path, code }) => problems.push(`${path} ${code}`),
  });
  for await (const { path } of walk) seen.push(path);
  assert.deepEqual(seen, ["a", "a/file", "b", "c", "c/file"]);
  assert.deepEqual(problems, ["b unlistable"]);
  await assert.rejects(
    async () => {
      for await (const _ of walkImage(image, rootPath));
    },
    { code: "image.unlistable" },
  );
});
