import assert from "node:assert/strict";
import { test } from "node:test";
import { type Image, memoryImage, type MemoryNodes, type RawPath } from "#image";
import { findLostAccounts, type FindLostAccountsOptions } from "./lost-accounts.ts";

const message = "From: a@example.test\n\nhello\n";
const maildir = (folder: string): MemoryNodes => ({
  [`${folder}/cur/1:2,S`]: message,
  [`${folder}/new`]: { type: "directory" },
  [`${folder}/.Sent/cur/1:2,S`]: message,
  [`${folder}/.Sent/new`]: { type: "directory" },
});
const store: MemoryNodes = {
  ...maildir("example.org/ann"),
  ...maildir("example.org/bob"),
  ...maildir("example.com/cat"),
  "example.com/notes.txt": "x",
};

function without(nodes: MemoryNodes, folder: string): MemoryNodes {
  return Object.fromEntries(
    Object.entries(nodes).filter(([path]) => path !== folder && !path.startsWith(`${folder}/`)),
  );
}

async function lostIn(
  before: MemoryNodes,
  now: MemoryNodes,
  options: FindLostAccountsOptions = {},
): Promise<readonly string[]> {
  const { lost, isComplete } = await findLostAccounts(
    memoryImage(before),
    memoryImage(now),
    options,
  );
  assert.equal(isComplete, true);
  return lost.map(({ root }) => root as string).toSorted();
}

test("an account whose folder is gone is lost, by its place", async () => {
  assert.deepEqual(await lostIn(store, without(store, "example.org/ann")), ["example.org/ann"]);
});

test("a folder with all its accounts, and a store that is empty, lose them all", async () => {
  assert.deepEqual(await lostIn(store, without(store, "example.org")), [
    "example.org/ann",
    "example.org/bob",
  ]);
  assert.deepEqual(await lostIn(store, {}), [
    "example.com/cat",
    "example.org/ann",
    "example.org/bob",
  ]);
});

test("mail, folders and other files that are gone from an account lose nobody", async () => {
  const less = without(without(store, "example.org/ann/.Sent"), "example.com/notes.txt");
  assert.deepEqual(await lostIn(store, { ...less, "example.org/bob/cur/2:2,": message }), []);
  assert.deepEqual(await lostIn(store, { ...store, ...maildir("example.org/dan") }), []);
});

test("an account that is none any more is lost, although its folder is there", async () => {
  const less = without(without(store, "example.org/ann"), "x");
  assert.deepEqual(await lostIn(store, { ...less, "example.org/ann/dovecot-uidlist": "3" }), [
    "example.org/ann",
  ]);
});

test("what could not be listed or read in the later moment is not lost", async () => {
  const less = without(store, "example.org");
  const unread = ["example.org" as RawPath];
  assert.deepEqual(await lostIn(store, less, { unread }), []);
  assert.deepEqual(await lostIn(store, {}, { unread: ["" as RawPath] }), []);
  const failure = new Error("EIO: i/o error, scandir");
  const now = memoryImage({ ...less, "example.org": { type: "directory", failure } });
  const found = await findLostAccounts(memoryImage(store), now);
  assert.deepEqual(found, { lost: [], isComplete: false });
});

test("what did not change is not looked into", async () => {
  const listed: string[] = [];
  const watched = (nodes: MemoryNodes): Image => {
    const image = memoryImage(nodes);
    const list = image.list.bind(image);
    return Object.assign(image, {
      list: async (path: RawPath, signal?: AbortSignal) => {
        listed.push(path);
        return await list(path, signal);
      },
    });
  };
  const now = { ...store, "example.com/cat/cur/2:2,": message };
  const { lost } = await findLostAccounts(watched(store), watched(now));
  assert.deepEqual(lost, []);
  assert.deepEqual([...new Set(listed)], ["", "example.com", "example.com/cat"]);
});
