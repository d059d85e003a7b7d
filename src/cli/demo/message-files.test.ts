import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import {
  compareMessageFiles,
  isWhole,
  type MessageFiles,
  readMessageFiles,
} from "./message-files.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-files-"));
  for (const name of ["a/cur", "a/new"]) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, "a/cur/1"), "Subject: one\n\none\n");
  await writeFile(join(folder, "a/new/2"), "Subject: two\n\ntwo\n");
  await writeFile(join(folder, "a/dovecot-uidlist"), "3 V1 N3\n");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});
const read = (): Promise<MessageFiles> => readMessageFiles(folder, new AbortController().signal);

test("readMessageFiles() takes messages and nothing beside them", async () => {
  const { hashes, identities } = await read();
  assert.deepEqual([...hashes.keys()], ["a/cur/1", "a/new/2"]);
  assert.deepEqual([...identities.values()], [1, 1]);
});

test("compareMessageFiles() finds nothing where nothing happened, and takes new mail for new", async () => {
  const before = await read();
  assert.ok(isWhole(compareMessageFiles(before, await read(), { arrived: 0 })));
  await writeFile(join(folder, "a/new/3"), "Subject: three\n\nthree\n");
  const comparison = compareMessageFiles(before, await read(), { arrived: 1 });
  assert.equal(comparison.added, 1);
  assert.ok(isWhole(comparison));
});

test("compareMessageFiles() finds a lost, a changed and a doubled message", async () => {
  const before = await read();
  await rm(join(folder, "a/cur/1"));
  const lost = compareMessageFiles(before, await read(), { arrived: 0 });
  assert.deepEqual([lost.missing, lost.lostMessages, isWhole(lost)], [1, 1, false]);
  await writeFile(join(folder, "a/cur/1"), "Subject: one\n\nonE\n");
  const changed = compareMessageFiles(before, await read(), { arrived: 0 });
  assert.deepEqual([changed.different, changed.lostMessages, isWhole(changed)], [1, 1, false]);
  await writeFile(join(folder, "a/cur/1"), "Subject: one\n\none\n");
  await writeFile(join(folder, "a/cur/1b"), "Subject: one\n\none\n");
  const doubled = compareMessageFiles(before, await read(), { arrived: 0 });
  assert.deepEqual([doubled.doubledMessages, isWhole(doubled)], [1, false]);
});

test("compareMessageFiles() wants a message under its own name", async () => {
  const before = await read();
  await rename(join(folder, "a/cur/1"), join(folder, "a/cur/1:2,S"));
  assert.equal(isWhole(compareMessageFiles(before, await read(), { arrived: 0 })), false);
});
