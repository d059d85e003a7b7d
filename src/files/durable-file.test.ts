import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { syncFolder, writeDurably } from "./durable-file.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "restante-files-"));
});
after(() => rmSync(folder, { recursive: true }));

const fresh = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
};

test("writeDurably() writes the bytes with the mode asked for and leaves nothing else", async () => {
  const place = fresh("plain");
  await writeDurably(join(place, "a"), Buffer.from("alpha"));
  await writeDurably(join(place, "b"), [Buffer.from("be"), Buffer.from(""), Buffer.from("ta")], {
    mode: 0o440,
  });
  assert.deepEqual(readdirSync(place).toSorted(), ["a", "b"]);
  assert.equal(readFileSync(join(place, "a"), "utf8"), "alpha");
  assert.equal(readFileSync(join(place, "b"), "utf8"), "beta");
  assert.equal(statSync(join(place, "a")).mode & 0o777, 0o600);
  assert.equal(statSync(join(place, "b")).mode & 0o777, 0o440);
});

test("writeDurably() replaces a file, a read-only one too", async () => {
  const place = fresh("replace");
  writeFileSync(join(place, "a"), "old");
  chmodSync(join(place, "a"), 0o400);
  await writeDurably(join(place, "a"), Buffer.from("new"));
  assert.equal(readFileSync(join(place, "a"), "utf8"), "new");
});

test("writeDurably() that is exclusive keeps the file that is there", async () => {
  const place = fresh("exclusive");
  await writeDurably(join(place, "a"), Buffer.from("first"), { exclusive: true });
  await assert.rejects(writeDurably(join(place, "a"), Buffer.from("second"), { exclusive: true }), {
    code: "EEXIST",
  });
  assert.deepEqual(readdirSync(place), ["a"]);
  assert.equal(readFileSync(join(place, "a"), "utf8"), "first");
});

test("writeDurably() takes more parts than the system takes at once", async () => {
  const place = fresh("many");
  const parts = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index} `));
  await writeDurably(join(place, "a"), parts);
  assert.deepEqual(readFileSync(join(place, "a")), Buffer.concat(parts));
});

test("writeDurably() that cannot take its final name removes the temporary file and throws the system's error", async () => {
  const place = fresh("fails");
  mkdirSync(join(place, "a"));
  writeFileSync(join(place, "a", "inside"), "");
  await assert.rejects(writeDurably(join(place, "a"), Buffer.from("x")), { code: "EISDIR" });
  assert.deepEqual(readdirSync(place), ["a"]);
});

test("writeDurably() and syncFolder() say that the folder is missing", async () => {
  await assert.rejects(writeDurably(join(folder, "none", "a"), Buffer.from("x")), {
    code: "ENOENT",
  });
  await assert.rejects(syncFolder(join(folder, "none")), { code: "ENOENT" });
});
