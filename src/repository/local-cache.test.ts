import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { noCache, openLocalCache } from "./local-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "restante-cache-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("what was put is there until it is removed", async () => {
  const cache = openLocalCache(join(folder, "a", "b"));
  assert.equal(await cache.get("index", "one"), undefined);
  assert.deepEqual(await cache.names("index"), []);
  assert.equal(
    await cache.put({ kind: "index", name: "one", parts: [Buffer.from("ab"), Buffer.from("c")] }),
    true,
  );
  assert.equal((await cache.get("index", "one"))?.toString(), "abc");
  assert.deepEqual(await cache.names("index"), ["one"]);
  assert.equal(await cache.get("scan", "one"), undefined);
  await cache.remove("index", "one");
  await cache.remove("index", "one");
  assert.equal(await cache.get("index", "one"), undefined);
});

test("putting again replaces, and leaves nothing else behind", async () => {
  const cache = openLocalCache(join(folder, "again"));
  for (const text of ["first", "second"])
    await cache.put({ kind: "scan", name: "s", parts: [Buffer.from(text)] });
  assert.equal((await cache.get("scan", "s"))?.toString(), "second");
  assert.deepEqual(readdirSync(join(folder, "again/scan")), ["s"]);
});

test("only the owner may read a cache", async () => {
  const cache = openLocalCache(join(folder, "private"));
  await cache.put({ kind: "scan", name: "s", parts: [Buffer.from("x")] });
  assert.equal(statSync(join(folder, "private/scan")).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, "private/scan/s")).mode & 0o777, 0o600);
});

test("more parts than one system call takes are written whole", async () => {
  const cache = openLocalCache(join(folder, "parts"));
  const parts = Array.from({ length: 5000 }, (_, n) => Buffer.from(`${n};`));
  await cache.put({ kind: "scan", name: "s", parts });
  assert.ok(Buffer.concat(parts).equals((await cache.get("scan", "s"))!));
});

test("parts that are made as they are wanted are written whole, or not at all", async () => {
  const cache = openLocalCache(join(folder, "made"));
  function* made(count: number): Generator<Buffer> {
    for (let n = 0; n < count; n++) yield Buffer.alloc(1024 * 1024, n);
  }
  assert.equal(await cache.put({ kind: "scan", name: "s", parts: made(10) }), true);
  assert.equal((await cache.get("scan", "s"))?.length, 10 * 1024 * 1024);
  function* failing(): Generator<Buffer> {
    yield* made(9);
    throw new RangeError("cannot be read any more");
  }
  assert.equal(await cache.put({ kind: "scan", name: "s", parts: failing() }), false);
  assert.equal((await cache.get("scan", "s"))?.length, 10 * 1024 * 1024);
  assert.deepEqual(readdirSync(join(folder, "made/scan")), ["s"]);
});

test("a file is read in parts, also after another took its place", async () => {
  const cache = openLocalCache(join(folder, "parts-of"));
  await cache.put({ kind: "scan", name: "s", parts: [Buffer.from("0123456789")] });
  using file = cache.openFile("scan", "s")!;
  await cache.put({ kind: "scan", name: "s", parts: [Buffer.from("other")] });
  assert.equal(file.lengthBytes, 10);
  assert.equal(file.readAt(3, 4).toString(), "3456");
  assert.equal(file.readAt(10, 0).length, 0);
  assert.throws(() => file.readAt(8, 3), RangeError);
  assert.equal(cache.openFile("scan", "absent"), undefined);
  assert.equal(noCache.openFile("scan", "s"), undefined);
});

test("a cache that cannot be written is no error", async () => {
  writeFileSync(join(folder, "file"), "in the way");
  const cache = openLocalCache(join(folder, "file", "below"));
  assert.equal(await cache.put({ kind: "scan", name: "s", parts: [Buffer.from("x")] }), false);
  assert.equal(await cache.get("scan", "s"), undefined);
  // A folder in the file's place.
  mkdirSync(join(folder, "odd/scan/s/inner"), { recursive: true });
  const odd = openLocalCache(join(folder, "odd"));
  assert.equal(await odd.put({ kind: "scan", name: "s", parts: [Buffer.from("x")] }), false);
  assert.deepEqual(readdirSync(join(folder, "odd/scan")), ["s"]);
});

test("no cache keeps nothing", async () => {
  assert.equal(await noCache.put({ kind: "a", name: "b", parts: [] }), false);
  assert.equal(await noCache.get("a", "b"), undefined);
  assert.deepEqual(await noCache.names("a"), []);
  await noCache.remove("a", "b");
});
