import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryImage, type RawPath, walkImage } from "#image";
import { withoutFolders } from "./part-image.ts";

const nodes = { "org/a/cur/1": "one", "org/b/cur/2": "two", "org/common": "both" };
const pathsOf = async (image: Parameters<typeof walkImage>[0]): Promise<string[]> => {
  const paths: string[] = [];
  for await (const { path, entry } of walkImage(image, "" as RawPath)) {
    if (entry.type === "file") paths.push(path);
  }
  return paths;
};

test("withoutFolders() hides the mailboxes of others and keeps what is beside them", async () => {
  await using whole = memoryImage(nodes);
  assert.deepEqual(await pathsOf(withoutFolders(whole, new Set(["org/a"] as RawPath[]))), [
    "org/b/cur/2",
    "org/common",
  ]);
  assert.deepEqual((await pathsOf(withoutFolders(whole, new Set()))).length, 3);
});

test("withoutFolders() gives no fingerprint to a folder that lacks something", async () => {
  await using whole = memoryImage(nodes);
  const part = withoutFolders(whole, new Set(["org/a"] as RawPath[]));
  assert.equal(await part.fingerprint("org" as RawPath), undefined);
  assert.equal(await part.fingerprint("" as RawPath), undefined);
  const other = "org/b" as RawPath;
  assert.equal(await part.fingerprint(other), await whole.fingerprint(other));
  assert.notEqual(await whole.fingerprint(other), undefined);
});

test("closing a part leaves the whole open", async () => {
  await using whole = memoryImage(nodes);
  await withoutFolders(whole, new Set())[Symbol.asyncDispose]();
  assert.equal((await pathsOf(whole)).length, 3);
});
